#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "state/database.h"
#include "state/testing/state_location.h"

namespace tarn::state {

/// A folder that lives as long as a test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarn-state-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

/// A test with a new state database: a file, or a schema of the tests' server where there is one.
class StateTest : public testing::Test {
 protected:
  StateTest() : location_(test_server().empty() ? folder_ / "state/tarn.db" : new_schema()) {}
  void SetUp() override { reopen(); }
  void reopen() {
    database_.reset();
    auto opened = Database::open(location_, OpenMode::kReadWrite);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    database_ = std::move(opened).value();
  }
  /// Runs `body(Transaction&)` in a transaction, committed when it gives ok.
  template <typename Body>
  Status write(Body body) {
    auto transaction = database_->begin();
    if (!transaction.ok()) return std::move(transaction).error();
    if (Status done = body(*transaction); !done.ok()) return done;
    return transaction->commit();
  }
  static std::string name_of(const Status& status) {
    return status.ok() ? "ok" : std::string(status.error().name());
  }
  template <typename T>
  static std::string name_of(const Result<T>& result) {
    return result.ok() ? "ok" : std::string(result.error().name());
  }

  TemporaryFolder folder_;
  std::string location_;
  std::unique_ptr<Database> database_;
};

/// Of what only a file has.
class StateFileTest : public StateTest {
 protected:
  StateFileTest() { location_ = folder_ / "state/tarn.db"; }
};

}  // namespace tarn::state
