#include "table/maintenance/expiry.h"

#include <algorithm>
#include <set>

#include "base/civil_time.h"
#include "table/errors.h"
#include "table/maintenance/reachable.h"
#include "table/reader.h"
#include "table/testing/compact.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using iceberg::SnapshotRef;
using testing::must;
using testing::Rng;
using testing::TestTable;

constexpr std::int64_t kDayMs = 86'400'000;

std::int64_t on(std::int32_t year, std::uint32_t month, std::uint32_t day) {
  return *days_from_civil({year, month, day}) * kDayMs;
}

/// A chain of snapshots 1, 2, 3 … of main at these times; nothing is written.
iceberg::TableMetadata chain(const std::vector<std::int64_t>& times) {
  TestTable table(testing::all_types());
  iceberg::TableMetadata metadata = table.metadata;
  for (std::size_t i = 0; i < times.size(); ++i) {
    iceberg::Snapshot snapshot{.snapshot_id = static_cast<std::int64_t>(i + 1),
                               .sequence_number = static_cast<std::int64_t>(i + 1),
                               .timestamp_ms = times[i],
                               .manifest_list = "list" + std::to_string(i + 1),
                               .operation = "append"};
    if (i > 0) snapshot.parent_snapshot_id = static_cast<std::int64_t>(i);
    metadata.snapshots.push_back(snapshot);
  }
  metadata.last_sequence_number = static_cast<std::int64_t>(times.size());
  metadata.current_snapshot_id = static_cast<std::int64_t>(times.size());
  metadata.refs["main"].snapshot_id = static_cast<std::int64_t>(times.size());
  return metadata;
}

SnapshotRef ref(std::int64_t snapshot_id, SnapshotRef::Kind kind) {
  SnapshotRef made;
  made.snapshot_id = snapshot_id;
  made.kind = kind;
  return made;
}

using Ids = std::vector<std::int64_t>;

TEST(ExpiryTest, KeepsWhatIsYoungOrAmongTheLast) {
  const std::int64_t now = on(2026, 11, 20);
  const auto metadata = chain({now - 9 * kDayMs, now - 8 * kDayMs, now - 3 * kDayMs, now - 1});
  struct Case {
    std::int64_t age_days;
    std::int32_t least;
    Ids expired;
  };
  const std::vector<Case> cases{{5, 1, {1, 2}}, {5, 3, {1}},  {5, 9, {}},     {0, 1, {1, 2, 3}},
                                {0, 2, {1, 2}}, {100, 1, {}}, {3, 1, {1, 2}}, {8, 1, {1}}};
  for (const Case& one : cases) {
    const auto plan = plan_expiry(metadata,
                                  {.max_snapshot_age_ms = one.age_days * kDayMs,
                                   .min_snapshots_to_keep = one.least,
                                   .monthly_tags = false},
                                  now);
    EXPECT_EQ(plan.snapshot_ids, one.expired) << one.age_days << " days, " << one.least;
    const auto next = must(iceberg::apply(metadata, plan.updates, {.now_ms = now}));
    EXPECT_EQ(next.snapshots.size(), 4 - one.expired.size());
    EXPECT_TRUE(plan_expiry(next,
                            {.max_snapshot_age_ms = one.age_days * kDayMs,
                             .min_snapshots_to_keep = one.least,
                             .monthly_tags = false},
                            now)
                    .empty())
        << "done once";
  }
}

TEST(ExpiryTest, TheTableAndItsBranchesDecideFirst) {
  const std::int64_t now = on(2026, 11, 20);
  auto metadata = chain({now - 9 * kDayMs, now - 8 * kDayMs, now - 3 * kDayMs, now - 1});
  const ExpiryPolicy policy{.max_snapshot_age_ms = 5 * kDayMs, .monthly_tags = false};
  metadata.properties["history.expire.min-snapshots-to-keep"] = "4";
  EXPECT_TRUE(plan_expiry(metadata, policy, now).empty());
  metadata.properties = {{"history.expire.max-snapshot-age-ms", "1000"}};
  EXPECT_EQ(plan_expiry(metadata, policy, now).snapshot_ids, (Ids{1, 2, 3}));
  metadata.properties = {{"history.expire.max-snapshot-age-ms", "-1"}};
  EXPECT_EQ(plan_expiry(metadata, policy, now).snapshot_ids, (Ids{1, 2})) << "no number is no setting";
  metadata.properties.clear();
  metadata.refs["kept"] = ref(1, SnapshotRef::Kind::kTag);
  EXPECT_EQ(plan_expiry(metadata, policy, now).snapshot_ids, Ids{2});
  metadata.refs["kept"].max_ref_age_ms = kDayMs;
  const auto plan = plan_expiry(metadata, policy, now);
  EXPECT_EQ(plan.removed_refs, std::vector<std::string>{"kept"});
  EXPECT_EQ(plan.snapshot_ids, (Ids{1, 2}));
  metadata.refs.erase("kept");
  metadata.refs["work"] = ref(2, SnapshotRef::Kind::kBranch);
  EXPECT_EQ(plan_expiry(metadata, policy, now).snapshot_ids, Ids{1}) << "the head of a branch stays";
  metadata.refs["work"].min_snapshots_to_keep = 2;
  EXPECT_TRUE(plan_expiry(metadata, policy, now).empty());
  metadata.properties["history.expire.max-ref-age-ms"] = "1";
  EXPECT_EQ(plan_expiry(metadata, policy, now).removed_refs, std::vector<std::string>{"work"});
  metadata.properties["gc.enabled"] = "false";
  EXPECT_TRUE(plan_expiry(metadata, policy, now).empty());
}

TEST(ExpiryTest, NothingGoesUnlessItIsAskedFor) {
  const std::int64_t now = on(2026, 11, 20);
  auto metadata = chain({on(1990, 1, 1), on(2026, 1, 1), now});
  metadata.snapshots.push_back({.snapshot_id = 77,
                                .sequence_number = 2,
                                .timestamp_ms = on(1990, 1, 2),
                                .manifest_list = "l",
                                .operation = "append"});
  metadata.refs["old"] = ref(1, SnapshotRef::Kind::kTag);
  EXPECT_TRUE(plan_expiry(metadata, {}, now).empty());
  metadata.properties["history.expire.min-snapshots-to-keep"] = "1";
  EXPECT_TRUE(plan_expiry(metadata, {}, now).empty()) << "a least number is no age";
  metadata.properties["history.expire.max-snapshot-age-ms"] = "86400000";
  EXPECT_EQ(plan_expiry(metadata, {}, now).snapshot_ids, (Ids{2, 77}));
  EXPECT_TRUE(plan_expiry(metadata, {}, now).added_tags.empty());
}

TEST(ExpiryTest, SnapshotsWithoutABranchGoByAge) {
  const std::int64_t now = on(2026, 11, 20);
  auto metadata = chain({now - 3 * kDayMs, now - 2 * kDayMs});
  metadata.snapshots.push_back({.snapshot_id = 77,
                                .sequence_number = 2,
                                .timestamp_ms = now - kDayMs,
                                .manifest_list = "l",
                                .operation = "append"});
  metadata.snapshots.push_back({.snapshot_id = 78,
                                .sequence_number = 2,
                                .timestamp_ms = now - 9 * kDayMs,
                                .manifest_list = "l",
                                .operation = "append"});
  EXPECT_EQ(
      plan_expiry(metadata, {.max_snapshot_age_ms = 5 * kDayMs, .monthly_tags = false}, now).snapshot_ids,
      Ids{78});
}

TEST(ExpiryTest, TheLastSnapshotOfEachMonthIsKeptForEver) {
  const std::int64_t now = on(2026, 11, 20);
  auto metadata = chain(
      {on(2025, 12, 30), on(2025, 12, 31) + 1, on(2026, 1, 5), on(2026, 10, 31), on(2026, 11, 1), now - 1});
  const ExpiryPolicy policy{.max_snapshot_age_ms = 5 * kDayMs, .monthly_tags = true};
  const auto plan = plan_expiry(metadata, policy, now);
  EXPECT_EQ(plan.added_tags, (std::vector<std::string>{"month-2026-10", "month-2026-01", "month-2025-12"}));
  EXPECT_EQ(plan.snapshot_ids, (Ids{1, 5}));
  metadata.properties["history.expire.max-ref-age-ms"] = "1";
  const auto next = must(iceberg::apply(metadata, plan.updates, {.now_ms = now}));
  EXPECT_EQ(next.refs.at("month-2025-12").snapshot_id, 2);
  EXPECT_TRUE(plan_expiry(next, policy, now).empty()) << "these tags do not age";
  EXPECT_TRUE(plan_expiry(next, policy, on(2026, 11, 30)).snapshot_ids.empty());
  EXPECT_EQ(plan_expiry(next, policy, on(2026, 12, 1)).added_tags, std::vector<std::string>{"month-2026-11"});
}

/// A table of many commits and what lies in the store for it.
class ReachableTest : public ::testing::Test {
 protected:
  ReachableTest() : table_(testing::all_types()) { table_.memory.set_clock(clock_); }

  void append(const std::string& id) {
    table_.append({testing::random_batch(table_.metadata.current_schema(), 20, rng_)}, id);
  }
  void compact(const std::string& id) {
    must(testing::commit_compaction(table_, must(testing::rewrite(table_, testing::eager(), id)), id));
  }
  std::vector<std::string> rows() {
    return testing::row_texts(must(read_all(table_.store, must(plan_scan(table_.cache, table_.metadata)))));
  }
  std::vector<io::ObjectInfo> listing() { return must(table_.store.list("file:///lake/t")); }
  Result<std::vector<io::ObjectInfo>> orphans(std::int64_t before_us) {
    const auto objects = listing();
    return find_orphans(table_.cache, table_.metadata,
                        {.listing = objects,
                         .listed_at_us = (table_.now_ms + kDayMs) * 1000,
                         .modified_before_us = before_us});
  }

  Rng rng_{3};
  io::ManualClock clock_{testing::kNowMs * 1000};
  TestTable table_;
};

TEST_F(ReachableTest, OnlyWhatNoRemainingSnapshotNamesGoes) {
  for (int i = 0; i < 4; ++i) append("a" + std::to_string(i));
  const std::int64_t tagged = *table_.metadata.current_snapshot_id;
  append("b");
  compact("c");
  append("d");
  table_.metadata.refs["kept"] = ref(tagged, SnapshotRef::Kind::kTag);
  const iceberg::TableMetadata before = table_.metadata;
  const auto now_rows = rows();
  const auto plan =
      plan_expiry(before, {.max_snapshot_age_ms = 0, .monthly_tags = false}, table_.now_ms + kDayMs);
  EXPECT_EQ(plan.snapshot_ids.size(), 5U);
  table_.metadata = must(iceberg::apply(before, plan.updates, {.now_ms = table_.now_ms}));
  const auto gone = must(unreachable_files(table_.cache, before, table_.metadata));
  // Lists of five snapshots; the file of `b` is of no snapshot that remains.
  EXPECT_EQ(
      std::ranges::count_if(gone, [](const auto& path) { return path.find("/snap-") != std::string::npos; }),
      5);
  EXPECT_EQ(std::ranges::count_if(gone, [](const auto& path) { return path.ends_with(".parquet"); }), 1);
  // Until they are removed they are orphans, and exactly they.
  std::vector<std::string> found;
  for (const auto& object : must(orphans(INT64_MAX))) found.push_back(object.location);
  EXPECT_EQ(found, gone);
  for (const std::string& path : gone) must(table_.store.remove(path));
  EXPECT_EQ(rows(), now_rows);
  EXPECT_EQ(
      must(read_all(table_.store, must(plan_scan(table_.cache, table_.metadata, SnapshotByRef{"kept"}))))
          .size(),
      4U);
  EXPECT_TRUE(must(orphans(INT64_MAX)).empty());
  ManifestCache fresh(table_.store);
  EXPECT_TRUE(unreachable_files(fresh, before, table_.metadata).ok()) << "again, after the lists are gone";
}

TEST_F(ReachableTest, OrphansAreFoundByAgeAndNeverWhenInDoubt) {
  append("a");
  must(table_.store.write("file:///lake/t/data/old.parquet", "x", io::IfExists::kFail));
  clock_.advance_us(3'600'000'000);
  must(table_.store.write("file:///lake/t/data/young.parquet", "x", io::IfExists::kFail));
  const auto found = must(orphans(clock_.now_us()));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].location, "file:///lake/t/data/old.parquet");
  EXPECT_EQ(must(orphans(clock_.now_us() + 1)).size(), 2U);
  EXPECT_TRUE(must(orphans(testing::kNowMs * 1000)).empty());
  const std::string data = must(plan_scan(table_.cache, table_.metadata)).tasks[0].data->file.file_path;
  must(table_.store.remove(data));
  EXPECT_EQ(orphans(INT64_MAX).error().name(), "table.missing_files");
  table_.memory.set_fault([](std::uint64_t, std::string_view operation, const std::string&) -> Status {
    return operation == "read" ? Status(Error(kParquetFailed, "cut")) : ok_status();
  });
  ManifestCache fresh(table_.store);
  EXPECT_FALSE(find_orphans(fresh, table_.metadata, {}).ok());
}

// Hadoop's clients write `s3a:` for what lists as `s3:`.
TEST(OrphansTest, AFileOfAnotherSpellingIsNoOrphan) {
  Rng rng(4);
  TestTable table(testing::all_types(), {}, {}, "s3a://lake/t");
  table.append({testing::random_batch(table.metadata.current_schema(), 20, rng)}, "a");
  std::vector<io::ObjectInfo> listing = must(table.store.list("s3a://lake/t"));
  ASSERT_FALSE(listing.empty());
  for (io::ObjectInfo& object : listing) object.location.replace(0, 3, "s3");
  const auto found = must(find_orphans(
      table.cache, table.metadata,
      {.listing = listing, .listed_at_us = (table.now_ms + kDayMs) * 1000, .modified_before_us = INT64_MAX}));
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace tarn::table
