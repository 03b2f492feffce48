#include <gtest/gtest.h>

#include <filesystem>

#include "state/faulty_vfs_test.h"
#include "state/tables/table_pointers.h"
#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

class DiskFaultTest : public testing::Test {
 protected:
  void SetUp() override { database_ = Database::open(folder_ / "tarn.db", OpenMode::kReadWrite).value(); }
  std::string insert(const std::string& name) {
    auto transaction = database_->begin();
    if (!transaction.ok()) return std::string(transaction.error().name());
    Status status = insert_namespace(*transaction, name, {{"key", std::string(20'000, 'v')}});
    if (status.ok()) status = transaction->commit();
    return status.ok() ? "ok" : std::string(status.error().name());
  }
  bool has(const std::string& name) { return find_namespace(*database_, name)->has_value(); }
  // The files as a killed process would leave them, opened as after its restart.
  bool has_after_a_kill(const std::string& name) {
    const std::string copy = folder_ / ("copy-" + std::to_string(++copies_) + ".db");
    for (const char* suffix : {"", "-wal"})
      std::filesystem::copy_file(folder_ / "tarn.db" + suffix, copy + suffix);
    const auto opened = Database::open(copy, OpenMode::kReadWrite).value();
    EXPECT_TRUE(opened->check_integrity().ok());
    return find_namespace(*opened, name)->has_value();
  }

  TemporaryFolder folder_;
  FaultyVfs vfs_;
  std::unique_ptr<Database> database_;
  int copies_ = 0;
};

TEST_F(DiskFaultTest, AFullDiskUndoesTheTransactionWherever) {
  EXPECT_EQ(insert("before"), "ok");
  bool full = true;
  for (int writes = 0; full; ++writes) {
    const std::string name = "n" + std::to_string(writes);
    vfs_.writes_until_full = writes;
    const std::string outcome = insert(name);
    vfs_.writes_until_full = -1;
    full = outcome != "ok";
    EXPECT_EQ(outcome, full ? "state.disk_full" : "ok");
    EXPECT_EQ(has(name), !full);
    EXPECT_EQ(has_after_a_kill(name), !full) << writes;
    ASSERT_LT(writes, 100);
  }
  EXPECT_EQ(insert("after"), "ok");
  EXPECT_TRUE(has("before") && has("after"));
}

// What makes an unknown outcome unknown: the log holds the commit, and only a failing fsync is in between.
TEST_F(DiskFaultTest, AFailingSyncIsUnknownUntilTheFence) {
  EXPECT_EQ(insert("before"), "ok");
  vfs_.failing_syncs = 1;
  EXPECT_EQ(insert("doubtful"), "state.commit_unknown");
  EXPECT_FALSE(has("doubtful"));
  EXPECT_TRUE(has_after_a_kill("doubtful"));
  ASSERT_TRUE(database_->fence().ok());
  EXPECT_FALSE(has("doubtful"));
  EXPECT_FALSE(has_after_a_kill("doubtful"));
  EXPECT_TRUE(has_after_a_kill("before"));
  EXPECT_EQ(insert("doubtful"), "ok");

  vfs_.failing_syncs = 2;
  EXPECT_EQ(insert("again"), "state.commit_unknown");
  EXPECT_EQ(database_->fence().error().name(), "state.commit_unknown");
  EXPECT_TRUE(database_->fence().ok());
  EXPECT_FALSE(has_after_a_kill("again"));
}

}  // namespace
}  // namespace tarn::state
