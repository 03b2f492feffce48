#include "ingest/batch_commit.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <utility>

#include "ingest/testing/contracts.h"
#include "ingest/testing/lake.h"
#include "io/errors.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kPeople;
using testing::Lake;

// One file a batch.
const char* const kSmallBatches = "project: test\nbatch:\n  max_files: 1\nlimits:\n  threads: 2\n";

// The disk below the write-ahead logs of the key indices is full from now on: what is open there becomes
// /dev/full. Gives how many logs there were.
int fill_disk_below(const std::string& index_folder) {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string target = std::filesystem::read_symlink(entry.path(), gone).string();
    if (gone || !target.starts_with(index_folder) || !target.ends_with(".log")) continue;
    if (::dup2(full, std::stoi(entry.path().filename())) >= 0) ++found;
  }
  ::close(full);
  return found;
}

TEST(BatchCommitter, AKeyIndexThatCannotBeWrittenAfterTheCommitCostsAWarning) {
  Lake lake({kPeople}, kSmallBatches);
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,5\n2,1,Bob,5\n";
  const auto first = lake.ingest();
  ASSERT_TRUE(first.ok()) << first.error().to_string();
  lake.files["people2.csv"] = "id,version,name,score\n1,2,Ann2,5\n";
  lake.files["people3.csv"] = "id,version,name,score\n1,3,Ann3,5\n2,2,Bob2,5\n3,1,Cyd,5\n";
  std::atomic<bool> metadata_written = false;
  int filled = 0;
  lake.store.set_fault([&](std::uint64_t, std::string_view, const std::string& location) -> Status {
    metadata_written = metadata_written || location.ends_with(".metadata.json");
    return ok_status();
  });
  // Between the plan and the note: the state's commit that follows the table's new metadata.
  lake.database->set_commit_fault([&] {
    if (metadata_written && filled == 0) filled = fill_disk_below(lake.index_folder());
    return state::CommitFault::kNone;
  });
  const auto report = lake.ingest();
  EXPECT_EQ(filled, 1);
  ASSERT_TRUE(report.ok()) << report.error().to_string();
  EXPECT_EQ(report->totals.records_arrived, 4);
  EXPECT_EQ(report->totals.records_committed, 4);
  EXPECT_EQ(report->totals.files_committed, 2);
  EXPECT_EQ(report->totals.batches, 2);
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "version", "name"}),
              ElementsAre("1|3|Ann3", "2|2|Bob2", "3|1|Cyd"));
  EXPECT_THAT(lake.logged.str(), HasSubstr(R"("level":"warning","event":"ingest.index_dropped")"));
  EXPECT_THAT(lake.logged.str(), HasSubstr(R"("table":"curated.person")"));
  EXPECT_THAT(lake.logged.str(), HasSubstr(R"("code":"table.index_failed")"));
}

TEST(BatchCommitter, FilesThatAFailedCommitCannotRemoveAreToldAndRemovedAtTheNextStart) {
  Lake lake({kPeople});
  ASSERT_TRUE(lake.ingest().ok());
  lake.files["people1.csv"] = "id,version,name,score\n1,1,Ann,5\n";
  std::atomic<bool> metadata_written = false;
  bool failed = false;
  lake.store.set_fault([&](std::uint64_t, std::string_view operation, const std::string& location) -> Status {
    metadata_written = metadata_written || (operation == "write" && location.ends_with(".metadata.json"));
    if (operation == "remove") return Error(io::kFailed, "the disk is read-only");
    return ok_status();
  });
  lake.database->set_commit_fault([&] {
    return metadata_written && !std::exchange(failed, true) ? state::CommitFault::kFail
                                                            : state::CommitFault::kNone;
  });
  const auto refused = lake.ingest();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), "state.failed");
  EXPECT_TRUE(failed);
  EXPECT_THAT(lake.logged.str(), HasSubstr(R"("level":"warning","event":"ingest.files_left")"));
  EXPECT_THAT(lake.logged.str(), HasSubstr(R"("files":)"));
  EXPECT_THAT(lake.logged.str(), HasSubstr(R"("first":"file:///lake/curated/person)"));
  const auto data_files = [&] {
    const auto objects = lake.store.list("file:///lake").value();
    return std::ranges::count_if(objects, [](const auto& one) { return one.location.ends_with(".parquet"); });
  };
  EXPECT_EQ(data_files(), 1);
  lake.store.set_fault({});
  lake.stop();
  lake.start();
  ASSERT_TRUE(lake.open().ok());
  EXPECT_EQ(data_files(), 0);
  ASSERT_TRUE(lake.ingest().ok());
  EXPECT_THAT(lake.rows({"curated", "person"}, {"id", "name"}), ElementsAre("1|Ann"));
}

}  // namespace
}  // namespace tarn::ingest
