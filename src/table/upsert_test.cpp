#include "table/upsert.h"

#include <arrow/api.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "iceberg/schema_update.h"
#include "table/errors.h"
#include "table/key_index.h"
#include "table/reader.h"
#include "table/scan.h"
#include "table/testing/rows.h"
#include "table/testing/upsert.h"

namespace tarn::table {
namespace {

using iceberg::Transform;
using iceberg::Type;
using testing::Model;
using testing::must;
using testing::Rng;
using testing::Row;
using testing::TestTable;
using testing::to_batch;
using testing::upsert_schema;
using Kind = KeyIndex::SyncOutcome::Kind;

class UpsertTest : public testing::UpsertFixture {};

TEST_F(UpsertTest, EqualsTheModelWhateverHappensBetween) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5}) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    restart(seed % 2 == 0 ? 2 : 3);
    Model model;
    std::vector<std::int64_t> arrivals{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    std::ranges::shuffle(arrivals, rng);
    for (const std::int64_t arrival : arrivals) {
      const auto rows = random_rows(rng, rng() % 300, arrival);
      const UpsertCounts expected = model.upsert(rows);
      const UpsertCounts counts = upsert(rows, rng() % 4 != 0);
      ASSERT_EQ(counts.inserted, expected.inserted);
      ASSERT_EQ(counts.updated, expected.updated);
      ASSERT_EQ(counts.superseded, expected.superseded);
      ASSERT_EQ(table_rows(), model_rows(model));
      switch (rng() % 6) {
        case 0:
          open();
          break;
        case 1:
          index_.reset();
          std::filesystem::remove_all(folder_);
          open();
          EXPECT_EQ(sync().kind, Kind::kRebuilt);
          break;
        case 2:
          EXPECT_EQ(upsert(rows).inserted, 0) << "the same batch again";
          break;
        default:
          break;
      }
    }
    sync();
    EXPECT_EQ(must(index_->count_keys()), static_cast<std::int64_t>(model.rows().size()));
    if (table_.metadata.format_version > 2) expect_version_3();
  }
}

TEST_F(UpsertTest, TheOrderOfBatchesDoesNotMatter) {
  std::vector<std::string> first;
  for (int order = 0; order < 4; ++order) {
    TestTable fresh(upsert_schema(), {{.column = "ward", .transform = Transform::bucket(3)}});
    table_.metadata = fresh.metadata;
    table_.metadata.table_uuid = uuid_v4({static_cast<std::uint8_t>(order)});
    Rng rng(11);
    std::vector<std::vector<Row>> batches;
    for (std::int64_t arrival = 1; arrival <= 8; ++arrival) batches.push_back(random_rows(rng, 120, arrival));
    Rng shuffler(static_cast<std::uint64_t>(order));
    std::ranges::shuffle(batches, shuffler);
    for (auto& batch : batches) {
      std::ranges::shuffle(batch, shuffler);
      upsert(batch);
    }
    if (order == 0) first = table_rows();
    EXPECT_EQ(table_rows(), first);
  }
}

TEST_F(UpsertTest, CatchesUpAfterACrashAndAfterForeignAppends) {
  Rng rng(21);
  Model model;
  const auto run = [&](std::int64_t arrival, bool note) {
    const auto rows = random_rows(rng, 200, arrival);
    model.upsert(rows);
    upsert(rows, note);
  };
  run(1, true);
  run(2, false);
  const auto outcome = sync();
  EXPECT_EQ(outcome.kind, Kind::kCaughtUp);
  EXPECT_GT(outcome.rows_read, 0);
  EXPECT_LE(outcome.rows_read, 200);
  EXPECT_EQ(sync().kind, Kind::kInStep);
  // A foreign writer appends new keys without audit columns, twice, before Tarn looks.
  for (const std::string code : {"foreign1", "foreign2"}) {
    const std::vector<Row> rows{{.facility = 1, .code = code, .version = 5, .ward = 1, .note = "f"}};
    table_.append({to_batch(table_, rows)}, code);
    model.upsert(rows);
  }
  EXPECT_EQ(sync().kind, Kind::kCaughtUp);
  const std::vector<Row> update{
      {.facility = 1, .code = "foreign1", .version = 5, .note = "tarn", .arrival = 9, .record = 1}};
  model.upsert(update);
  EXPECT_EQ(upsert(update).updated, 1);
  EXPECT_EQ(table_rows(), model_rows(model));
}

TEST_F(UpsertTest, RebuildsWhenRowsWereRemovedOtherwise) {
  Rng rng(31);
  upsert(random_rows(rng, 100, 1));
  // A foreign delete by position: the key is new again afterwards.
  const Scan scan = must(plan_scan(table_.cache, table_.metadata));
  const LiveFile& data = *scan.tasks[0].data;
  NewFile deletes{must(write_position_deletes(table_.store, "file:///lake/t/data/foreign-deletes.parquet",
                                              {{data.file.file_path, {0}}})),
                  0};
  deletes.file.partition = data.file.partition;
  table_.commit(table_.build({.delete_files = {deletes}}));
  const auto before = must(index_->count_keys());
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  EXPECT_EQ(must(index_->count_keys()), before - 1);
  // A whole file removed.
  table_.commit(table_.build({.removed_files = {data.file.file_path}}));
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  EXPECT_EQ(must(index_->count_keys()), before - data.file.record_count);
  // Another table in its place, and other columns.
  table_.metadata.table_uuid = uuid_v4(table_.random.bytes16());
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  index_.reset();
  const std::vector<std::string> key{"note"};
  index_ = must(KeyIndex::open(
      folder_, must(UpsertColumns::bind(table_.metadata.current_schema(), key, std::nullopt))));
  EXPECT_FALSE(index_->snapshot_id());
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
}

TEST_F(UpsertTest, DuplicateKeysOfForeignWritersAreCounted) {
  const std::vector<Row> rows{{.facility = 1, .code = "x", .version = 1, .note = "old"},
                              {.facility = 1, .code = "x", .version = 2, .note = "new"},
                              {.facility = 1, .code = "y", .version = 1, .note = "y"}};
  table_.append({to_batch(table_, rows)}, "foreign");
  const auto outcome = sync();
  EXPECT_EQ(outcome.duplicate_keys, 1);
  EXPECT_EQ(must(index_->count_keys()), 2);
  const std::vector<Row> older{
      {.facility = 1, .code = "x", .version = 1, .note = "late", .arrival = 5, .record = 1}};
  EXPECT_EQ(upsert(older).superseded, 1);
}

TEST_F(UpsertTest, KeysSurviveRenamingAndWidening) {
  Rng rng(41);
  Model model;
  const auto rows = random_rows(rng, 200, 1);
  model.upsert(rows);
  upsert(rows);
  iceberg::SchemaUpdate update(table_.metadata.current_schema(), table_.metadata.last_column_id);
  must(update.widen("facility", Type::int64()));
  must(update.rename("note", "remark"));
  must(update.add({.name = "extra", .type = Type::date()}));
  const auto outcome = must(update.finish());
  const std::vector<iceberg::TableUpdate> updates{iceberg::AddSchema{outcome.schema},
                                                  iceberg::SetCurrentSchema{}};
  table_.metadata = must(iceberg::apply(table_.metadata, updates, {.now_ms = table_.now_ms}));
  EXPECT_EQ(sync().kind, Kind::kInStep);
  const auto more = random_rows(rng, 200, 2);
  const auto expected = model.upsert(more);
  // conform_batch() widens; the renamed column is found by its id.
  EXPECT_EQ(upsert(more).updated, expected.updated);
  EXPECT_EQ(table_rows(), model_rows(model));
  index_.reset();
  std::filesystem::remove_all(folder_);
  open();
  const auto third = random_rows(rng, 200, 3);
  const auto expected_third = model.upsert(third);
  EXPECT_EQ(upsert(third).updated, expected_third.updated);
  EXPECT_EQ(table_rows(), model_rows(model));
}

TEST_F(UpsertTest, RepairsADamagedIndex) {
  Rng rng(51);
  Model model;
  const auto rows = random_rows(rng, 150, 1);
  model.upsert(rows);
  upsert(rows);
  index_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    if (entry.path().filename().string().starts_with("MANIFEST"))
      std::filesystem::resize_file(entry.path(), 10);
  open();
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  const auto more = random_rows(rng, 150, 2);
  EXPECT_EQ(upsert(more).updated, model.upsert(more).updated);
  EXPECT_EQ(table_rows(), model_rows(model));
}

// What only a lookup finds is known to the next process, too.
TEST_F(UpsertTest, RebuildsAnIndexWithADamagedFile) {
  Rng rng(29);
  Model model;
  const auto rows = random_rows(rng, 300, 1);
  model.upsert(rows);
  upsert(rows);
  index_.reset();
  int damaged = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_ + "/runs")) {
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(100);
    file.put('!');
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  open();
  EXPECT_EQ(sync().kind, Kind::kInStep);
  std::vector<RowKey> keys;
  for (int i = 0; i < 1000; ++i) keys.push_back({rng() << 32 | rng(), rng()});
  const auto found = index_->find(keys);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(&found.error().code(), &kIndexFailed);
  open();
  EXPECT_EQ(sync().kind, Kind::kRebuilt);
  const auto later = random_rows(rng, 300, 2);
  model.upsert(later);
  upsert(later);
  EXPECT_EQ(table_rows(), model_rows(model));
}

TEST_F(UpsertTest, ACrashAtAnyStoreOperationLosesAndDoublesNothing) {
  Rng rng(61);
  Model model;
  std::uint64_t fail_at = 0;
  std::uint64_t seen = 0;
  table_.memory.set_fault(
      [&](std::uint64_t, std::string_view operation, const std::string& location) -> Status {
        if (operation == "write" && fail_at != 0 && ++seen == fail_at)
          return Error(kParquetFailed, "cut at " + location);
        return ok_status();
      });
  for (std::int64_t arrival = 1; arrival <= 12; ++arrival) {
    const auto rows = random_rows(rng, 80, arrival);
    const std::vector batches{to_batch(table_, rows)};
    const auto attempt = [&]() -> Status {
      TARN_RETURN_IF_ERROR(index_->sync_to(table_.metadata, table_.store, table_.cache));
      TARN_ASSIGN_OR_RETURN(const UpsertPlan plan, plan_upsert(*index_, table_.metadata, batches));
      if (plan.changes_nothing()) return ok_status();
      auto request = table_.request("batch" + std::to_string(++batch_));
      request.rows = plan.rows;
      request.want_places = true;
      TARN_ASSIGN_OR_RETURN(const WrittenFiles written, write_data_files(table_.store, batches, request));
      TARN_ASSIGN_OR_RETURN(const auto deletes, write_deletes(table_.store, table_.cache, table_.metadata,
                                                              plan.deletes, {request.batch_id, 100}));
      TARN_ASSIGN_OR_RETURN(const BuiltSnapshot built,
                            build_snapshot(table_.store, table_.cache, table_.random, table_.metadata,
                                           {.data_files = written.files,
                                            .delete_files = deletes.files,
                                            .removed_files = deletes.replaced,
                                            .timestamp_ms = ++table_.now_ms}));
      table_.commit(built);
      if (arrival % 3 == 0 && fail_at != 0) return Error(kParquetFailed, "died before the index was told");
      return note_committed(*index_, plan, written, built.snapshot.snapshot_id);
    };
    for (fail_at = 1; fail_at < 12; ++fail_at) {
      seen = 0;
      const bool done = attempt().ok();
      open();
      if (done) break;
    }
    fail_at = 0;
    TARN_ASSERT_OK(attempt());
    model.upsert(rows);
    ASSERT_EQ(table_rows(), model_rows(model));
  }
}

TEST_F(UpsertTest, RefusesStaleIndexesNullKeysAndBadColumns) {
  const std::vector<Row> rows{{.facility = 1, .code = "a"}};
  const std::vector batches{to_batch(table_, rows)};
  EXPECT_EQ(plan_upsert(*index_, table_.metadata, batches).error().name(), "table.index_not_in_step");
  sync();
  const UpsertPlan plan = must(plan_upsert(*index_, table_.metadata, batches));
  upsert(rows);
  EXPECT_EQ(note_committed(*index_, plan, {}, 5).error().name(), "table.index_not_in_step");
  const UpsertPlan again = must(plan_upsert(*index_, table_.metadata, batches));
  EXPECT_TRUE(again.changes_nothing());
  auto null_columns = batches[0]->columns();
  null_columns[1] = arrow::MakeArrayOfNull(arrow::utf8(), 1).ValueOrDie();
  const std::vector null_batches{arrow::RecordBatch::Make(batches[0]->schema(), 1, null_columns)};
  EXPECT_EQ(plan_upsert(*index_, table_.metadata, null_batches).error().name(), "table.null_key");
  null_columns[1] = arrow::MakeArrayOfNull(arrow::binary(), 1).ValueOrDie();
  const std::vector wrong{arrow::RecordBatch::Make(batches[0]->schema(), 1, null_columns)};
  EXPECT_EQ(plan_upsert(*index_, table_.metadata, wrong).error().name(), "table.batch_mismatch");

  const auto bind = [](const iceberg::Schema& schema, std::vector<std::string> key,
                       std::optional<std::string> version) {
    return std::string(UpsertColumns::bind(schema, key, version).error().name());
  };
  const iceberg::Schema schema = testing::all_types();
  EXPECT_EQ(bind(schema, {}, {}), "table.bad_key");
  EXPECT_EQ(bind(schema, {"value"}, {}), "table.bad_key");
  EXPECT_EQ(bind(schema, {"nope"}, {}), "iceberg.column_not_found");
  EXPECT_EQ(bind(schema, {"id"}, "nope"), "iceberg.column_not_found");
  EXPECT_EQ(KeyIndex::open("/proc/nothing/here", columns()).error().name(), "table.index_failed");
  EXPECT_EQ(KeyIndex::open(folder_, columns()).error().name(), "table.index_failed") << "it is locked";
}

// More than one step of the key index.
TEST_F(UpsertTest, AVeryBigBatchIsIndexedWhole) {
  std::vector<Row> rows;
  for (int i = 0; i < 400'000; ++i) rows.push_back({.facility = i, .code = "c", .version = 1});
  upsert(rows);
  EXPECT_EQ(must(index_->count_keys()), 400'000);
  open();
  EXPECT_EQ(sync().kind, KeyIndex::SyncOutcome::Kind::kInStep);
  const std::vector<Row> again{{.facility = 399'999, .code = "c", .version = 2},
                               {.facility = 0, .code = "c", .version = 0}};
  const UpsertCounts counts = upsert(again);
  EXPECT_EQ(counts.updated, 1);
  EXPECT_EQ(counts.superseded, 1);
  EXPECT_EQ(counts.inserted, 0);
}

}  // namespace
}  // namespace tarn::table
