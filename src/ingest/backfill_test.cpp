// All that ever came, read again beside the present tables, and their exchange.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "ingest/backfill/beside.h"
#include "ingest/errors.h"
#include "ingest/testing/lake.h"
#include "state/errors.h"

namespace tarn::ingest {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Lake;

constexpr const char* kStays = R"yaml(
feed: stays
owner: o@example.org
description: Stays.
source: {folder: in, files: "stays*"}
table: curated.stay
mode: append
format: {type: csv}
columns:
  - {name: stay, type: int}
  - {name: ward, type: string, length: {max: 1}}
)yaml";

const TableName kTable{"curated", "stay"};
const TableName kSecond{"curated", "stay__backfill"};
const std::vector<std::string> kRow = {"stay", "ward", "_source_file"};
constexpr const char* kSmallBatches = "project: test\nbatch:\n  max_files: 1\n";

std::string mended() {
  std::string text = kStays;
  const std::string rule = ", length: {max: 1}";
  text.replace(text.find(rule), rule.size(), "");
  return text;
}

/// A lake whose contract can be changed, and what `tarn backfill` does to it.
class Backfills {
 public:
  explicit Backfills(Lake& lake) : lake_(lake) {}

  void set_contract(const std::string& feed) {
    feed_ = feed;
    lake_.set_feeds({feed}, kSmallBatches);
    auto outcome = project::load(
        std::vector<project::ProjectFile>{{"tarn.yaml", kSmallBatches}, {"feeds/f0.yaml", feed}},
        [](std::string_view) { return std::nullopt; });
    ASSERT_TRUE(outcome.project.has_value());
    project_ = *std::move(outcome.project);
    beside_ = project_beside(project_, 0);
  }
  Status begin() {
    state::Backfill backfill;
    backfill.feed = "stays";
    backfill.beside = "stays__backfill";
    TARN_ASSIGN_OR_RETURN(state::Transaction transaction, lake_.database->begin());
    TARN_RETURN_IF_ERROR(state::insert_backfill(transaction, backfill));
    return transaction.commit();
  }
  Status catch_up() {
    TARN_ASSIGN_OR_RETURN(const auto pipeline,
                          Pipeline::open({.services = {*lake_.database, *lake_.catalog, lake_.store,
                                                       lake_.clock, lake_.random, *lake_.manifests},
                                          .project = beside_,
                                          .sources = {},
                                          .landing = "/landing",
                                          .index_folder = lake_.index_folder() + "-beside",
                                          .command = "tarn backfill stays",
                                          .beside = 0,
                                          .log = &lake_.log}));
    Progress progress;
    return pipeline->backfill(progress, {});
  }
  Status exchange() {
    TARN_ASSIGN_OR_RETURN(const auto found, state::find_backfill(*lake_.database, "stays"));
    return ingest::exchange(*lake_.database, project_.feeds[0], *found, 0);
  }

 private:
  Lake& lake_;
  std::string feed_;
  project::Project project_;
  project::Project beside_;
};

TEST(Backfill, MakesTheTablesThatTheContractWouldHaveMadeAndExchangesThem) {
  Lake lake({kStays}, kSmallBatches);
  Backfills backfills(lake);
  backfills.set_contract(kStays);
  lake.files["stays1.csv"] = "stay,ward\n1,A\n2,BB\n";
  lake.files["stays2.csv"] = "stay,ward\n3,CC\n";
  ASSERT_TRUE(lake.ingest().ok());
  backfills.set_contract(mended());
  ASSERT_TRUE(backfills.begin().ok());
  EXPECT_EQ(backfills.begin().error().name(), state::kConflict.name);
  const Status done = backfills.catch_up();
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_THAT(lake.rows(kTable, kRow), ElementsAre("1|A|stays1.csv"));
  EXPECT_THAT(lake.rows(kSecond, kRow), ElementsAre("1|A|stays1.csv", "2|BB|stays1.csv", "3|CC|stays2.csv"));
  lake.files["stays3.csv"] = "stay,ward\n4,DD\n";
  ASSERT_TRUE(lake.ingest().ok());
  ASSERT_TRUE(backfills.catch_up().ok());
  ASSERT_TRUE(backfills.exchange().ok());
  EXPECT_THAT(lake.rows(kTable, {"stay", "ward"}), ElementsAre("1|A", "2|BB", "3|CC", "4|DD"));
  EXPECT_THAT(lake.rows(kSecond, {"stay", "ward"}), ElementsAre("1|A", "4|DD"));
  const auto of_feed = [&](const std::string& feed) {
    state::QuarantineFilter filter;
    filter.feed = feed;
    return *state::count_quarantine(*lake.database, filter);
  };
  EXPECT_EQ(of_feed("stays"), 0);
  EXPECT_EQ(of_feed("stays__backfill"), 2);
  const auto summary = state::summary(*lake.database);
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->records_committed(), 4);
  EXPECT_EQ(summary->records_quarantined(), 0);
  EXPECT_TRUE(state::check_totals(*lake.database).ok());
  // And back, with what came since.
  lake.files["stays4.csv"] = "stay,ward\n5,E\n";
  ASSERT_TRUE(lake.ingest().ok());
  backfills.set_contract(kStays);
  ASSERT_TRUE(backfills.catch_up().ok());
  ASSERT_TRUE(backfills.exchange().ok());
  EXPECT_THAT(lake.rows(kTable, {"stay", "ward"}), ElementsAre("1|A", "4|DD", "5|E"));
  EXPECT_EQ(of_feed("stays"), 2);
  EXPECT_TRUE(state::check_totals(*lake.database).ok());
}

TEST(Backfill, ACrashAtAnyStoreOperationAndARerunGiveTheSameTables) {
  int crashes = 0;
  for (std::uint64_t at = 1; at < 400; ++at) {
    Lake lake({kStays}, kSmallBatches);
    Backfills backfills(lake);
    backfills.set_contract(kStays);
    lake.files["stays1.csv"] = "stay,ward\n1,A\n2,BB\n";
    lake.files["stays2.csv"] = "stay,ward\n3,CC\n";
    ASSERT_TRUE(lake.ingest().ok());
    backfills.set_contract(mended());
    ASSERT_TRUE(backfills.begin().ok());
    lake.lose_power_at(at);
    static_cast<void>(backfills.catch_up());
    lake.come_back();
    lake.files["stays3.csv"] = "stay,ward\n4,DD\n";
    ASSERT_TRUE(lake.ingest().ok()) << at;
    const Status second = backfills.catch_up();
    ASSERT_TRUE(second.ok()) << at << ": " << second.error().to_string();
    ASSERT_THAT(lake.rows(kSecond, {"stay", "ward"}), ElementsAre("1|A", "2|BB", "3|CC", "4|DD")) << at;
    if (!lake.power_was_lost()) break;
    ++crashes;
    ASSERT_LT(at, 399U) << "the operations did not end";
  }
  EXPECT_GT(crashes, 10);
}

TEST(Backfill, WaitsForWhatWasNotSettledWhenItPassed) {
  Lake lake({kStays}, kSmallBatches);
  ASSERT_TRUE(lake.ingest().ok());
  const auto step = [&](std::int64_t after, std::int64_t through, std::vector<ArrivalId> done,
                        std::vector<ArrivalId> pending) -> Status {
    state::BackfillStep change;
    change.feed = "stays";
    change.after = ArrivalId(after);
    change.through = ArrivalId(through);
    change.done = std::move(done);
    change.pending = std::move(pending);
    TARN_ASSIGN_OR_RETURN(state::Transaction transaction, lake.database->begin());
    TARN_RETURN_IF_ERROR(state::advance_backfill(transaction, change));
    return transaction.commit();
  };
  EXPECT_EQ(step(0, 5, {}, {}).error().name(), state::kNotFound.name);
  Backfills backfills(lake);
  ASSERT_TRUE(backfills.begin().ok());
  const auto waiting = [&] { return (*state::find_backfill(*lake.database, "stays"))->waiting; };
  ASSERT_TRUE(step(0, 5, {ArrivalId(2), ArrivalId(5)}, {ArrivalId(3), ArrivalId(7)}).ok());
  EXPECT_THAT(waiting(), ElementsAre(ArrivalId(3)));
  EXPECT_EQ(step(0, 5, {}, {}).error().name(), state::kConflict.name) << "another process was there";
  EXPECT_EQ(step(5, 6, {ArrivalId(2)}, {}).error().name(), state::kConflict.name) << "it is in already";
  ASSERT_TRUE(step(5, 8, {ArrivalId(3), ArrivalId(8)}, {ArrivalId(7)}).ok());
  EXPECT_THAT(waiting(), ElementsAre(ArrivalId(7)));
  ASSERT_TRUE(step(8, 8, {ArrivalId(7)}, {}).ok());
  EXPECT_THAT(waiting(), IsEmpty());
}

}  // namespace
}  // namespace tarn::ingest
