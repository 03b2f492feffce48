#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <string>

/// Where tests keep their state: in a file, or, when TARN_TEST_POSTGRES names a server, in a schema of it.
namespace tarn::state {

/// The server of tests/postgres/with_server.py; empty: there is none.
inline std::string test_server() {
  const char* server = std::getenv("TARN_TEST_POSTGRES");
  return server == nullptr ? "" : server;
}

/// A new schema in that server.
inline std::string new_schema() {
  static std::atomic<int> last = 0;
  return test_server() + "?schema=t" + std::to_string(::getpid()) + "_" + std::to_string(++last);
}

/// The same for as long as the file's folder lives: `file`, or a schema that is noted beside it.
inline std::string state_location(const std::string& file) {
  if (test_server().empty()) return file;
  std::string location;
  if (std::ifstream note(file + ".location"); std::getline(note, location)) return location;
  location = new_schema();
  std::ofstream(file + ".location") << location << '\n';
  return location;
}

}  // namespace tarn::state
