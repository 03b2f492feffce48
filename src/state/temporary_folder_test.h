#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "state/database.h"

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

/// A test with a new state database.
class StateTest : public testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    database_.reset();
    auto opened = Database::open(folder_ / "state/tarn.db", OpenMode::kReadWrite);
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
  std::unique_ptr<Database> database_;
};

}  // namespace tarn::state
