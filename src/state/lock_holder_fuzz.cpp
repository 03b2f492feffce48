#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "state/process_lock.h"

// A lock file may hold anything; what is read from it fits one line of a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto holder = tarn::state::parse_lock_holder(text);
  if (holder) TARN_CHECK(holder->pid >= 0 && holder->command.find('\n') == std::string::npos);
  return 0;
}
