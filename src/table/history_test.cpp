// Histories (scd2), held against a naive fold of all records that ever came.
#include "table/history/history.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <tuple>

#include "table/arrow_schema.h"
#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/reader.h"
#include "table/testing/compact.h"
#include "table/testing/rows.h"
#include "table/testing/upsert.h"

namespace tarn::table {
namespace {

using iceberg::NestedField;
using iceberg::Transform;
using iceberg::Type;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::must;
using testing::Rng;
using testing::TestTable;

struct Record {
  int id = 0;
  std::int64_t version = 0;
  std::string name = "";  ///< Empty: null.
  bool deletes = false;
  std::string note = "";  ///< Not tracked.
  std::int64_t arrival = 0;
  std::int64_t record = 0;
};

NestedField column(std::string name, Type type, bool required = false) {
  return {.name = std::move(name), .required = required, .type = std::move(type)};
}

iceberg::Schema numbered(std::vector<NestedField> fields) {
  std::int32_t id = 0;
  for (NestedField& field : fields) field.id = ++id;
  return must(iceberg::Schema::make({.fields = std::move(fields)}));
}

const NestedField kTags = {
    .name = "tags",
    .type = Type::list({.id = 90,
                        .name = "element",
                        .required = true,
                        .type = Type::structure({{.id = 91, .name = "tag", .type = Type::string()},
                                                 {.id = 92, .name = "weight", .type = Type::int32()}})})};

iceberg::Schema rows_schema() {
  return numbered({column("id", Type::int32(), true), column("changed", Type::timestamp(), true),
                   column("name", Type::string()), column("note", Type::string()), kTags,
                   column("valid_from", Type::timestamp(), true), column("valid_to", Type::timestamp()),
                   column("is_current", Type::boolean(), true), column("_tracked_hash", Type::int64(), true),
                   column("_source_arrival", Type::int64()), column("_source_record", Type::int64())});
}

/// Its columns stand in another order, so that their ids differ from those of the table of rows.
iceberg::Schema unchanged_schema() {
  return numbered({column("_is_deletion", Type::boolean(), true), kTags, column("note", Type::string()),
                   column("changed", Type::timestamp(), true), column("id", Type::int32(), true),
                   column("name", Type::string()), column("_source_record", Type::int64()),
                   column("_source_arrival", Type::int64()), column("_tracked_hash", Type::int64(), true)});
}

struct Contents {
  std::vector<std::string> rows;       ///< "id from to name note"
  std::vector<std::string> unchanged;  ///< "id version name note", `-` for a deletion
};

/// What the tables must hold, kept the obvious way.
class Oracle {
 public:
  void add(const Record& record) {
    const auto [at, added] = versions_[record.id].try_emplace(record.version, record);
    const auto tie = [](const Record& one) { return std::tuple(one.arrival, one.record); };
    if (!added && tie(record) > tie(at->second)) at->second = record;
  }
  Contents contents() const {
    Contents contents;
    for (const auto& [id, versions] : versions_) {
      const Record* open = nullptr;
      const auto end = [&](const std::string& at) {
        if (open != nullptr) contents.rows.push_back(text(*open, at));
      };
      for (const auto& [version, record] : versions) {
        if (record.deletes) {
          end(std::to_string(version));
          open = nullptr;
          contents.unchanged.push_back("-" + text(record, ""));
        } else if (open != nullptr && open->name == record.name) {
          contents.unchanged.push_back(text(record, ""));
        } else {
          end(std::to_string(version));
          open = &record;
        }
      }
      end("now");
    }
    std::ranges::sort(contents.rows);
    std::ranges::sort(contents.unchanged);
    return contents;
  }

 private:
  static std::string text(const Record& record, const std::string& end) {
    return std::to_string(record.id) + " " + std::to_string(record.version) + " " + end + " " + record.name +
           " " + record.note;
  }
  std::map<int, std::map<std::int64_t, Record>> versions_;
};

class HistoryTest : public ::testing::Test {
 protected:
  HistoryTest()
      : rows_(rows_schema(), {{.column = "id", .transform = Transform::bucket(3)}}, {{.column = "name"}}),
        unchanged_(unchanged_schema(), {}, {}, "file:///lake/u", &rows_.memory),
        folder_(::testing::TempDir() + "tarn-history-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder_);
    open();
  }
  ~HistoryTest() override {
    index_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    index_.reset();
    index_ = must(HistoryIndex::open(
        folder_, {.key = {"id"}, .version = "changed", .tie_breaks = {"_source_arrival", "_source_record"}},
        {.settle_rows = 40}));
  }
  void lose_index() {
    index_.reset();
    std::filesystem::remove_all(folder_);
    open();
  }
  HistoryTables tables() const { return {rows_.metadata, unchanged_.metadata}; }
  bool sync() { return must(index_->sync_to(tables(), rows_.store, rows_.cache)); }

  /// The columns of records, with the ids of the table of rows.
  iceberg::Schema record_schema() const {
    std::vector<NestedField> fields;
    for (const NestedField& field : rows_.metadata.current_schema().fields())
      if (!field.name.starts_with("valid_") && field.name != "is_current" && field.name != "_tracked_hash")
        fields.push_back(field);
    return must(iceberg::Schema::make({.fields = std::move(fields)}));
  }

  std::shared_ptr<arrow::RecordBatch> to_batch(std::span<const Record> records) const {
    const auto schema = must(to_arrow_schema(record_schema()));
    std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders;
    for (const auto& field : schema->fields())
      builders.push_back(arrow::MakeBuilder(field->type()).ValueOrDie());
    const auto text = [](arrow::ArrayBuilder& builder, const std::string& value) {
      auto& strings = static_cast<arrow::StringBuilder&>(builder);
      EXPECT_TRUE((value.empty() ? strings.AppendNull() : strings.Append(value)).ok());
    };
    const auto number = [](arrow::ArrayBuilder& builder, std::int64_t value) {
      EXPECT_TRUE(static_cast<arrow::Int64Builder&>(builder).Append(value).ok());
    };
    for (const Record& record : records) {
      EXPECT_TRUE(static_cast<arrow::Int32Builder&>(*builders[0]).Append(record.id).ok());
      EXPECT_TRUE(static_cast<arrow::TimestampBuilder&>(*builders[1]).Append(record.version).ok());
      text(*builders[2], record.name);
      text(*builders[3], record.note);
      auto& list = static_cast<arrow::ListBuilder&>(*builders[4]);
      auto& tags = static_cast<arrow::StructBuilder&>(*list.value_builder());
      EXPECT_TRUE(list.Append().ok() && tags.Append().ok());
      text(*tags.child_builder(0), record.name + "!");
      EXPECT_TRUE(static_cast<arrow::Int32Builder&>(*tags.child_builder(1)).AppendNull().ok());
      number(*builders[5], record.arrival);
      number(*builders[6], record.record);
    }
    arrow::ArrayVector arrays;
    for (const auto& builder : builders) arrays.push_back(builder->Finish().ValueOrDie());
    return arrow::RecordBatch::Make(schema, static_cast<std::int64_t>(records.size()), arrays);
  }

  struct Written {
    std::optional<BuiltSnapshot> built;
    WrittenFiles files;
  };
  Written write(TestTable& table, const HistoryPlan& plan, HistorySide side, const HistoryRecords& records) {
    if (plan.of(side).changes_nothing()) return {};
    auto batches = must(record_batches(plan, side, records, tables(), index_->columns()));
    must(read_moved(rows_.store, *index_, tables(), plan, side, [&](auto batch) {
      batches.push_back(std::move(batch));
      return ok_status();
    }));
    const std::vector<std::int64_t> rows = rows_to_write(plan, side);
    auto request = table.request("batch" + std::to_string(++batch_));
    request.rows = rows;
    request.want_places = true;
    Written written;
    written.files = must(write_data_files(rows_.store, batches, request));
    const auto deletes =
        must(write_deletes(rows_.store, table.cache, table.metadata, plan.of(side).deletes,
                           {request.batch_id, static_cast<std::uint32_t>(written.files.files.size())}));
    written.built = table.build({written.files.files, deletes.files, deletes.replaced});
    return written;
  }

  /// One batch through the whole way; with `note` false it dies after the commit.
  HistoryCounts load(std::span<const Record> records, bool note = true) {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    std::vector<bool> deletes;
    for (std::size_t at = 0; at < records.size(); at += 61)
      batches.push_back(to_batch(records.subspan(at, std::min<std::size_t>(61, records.size() - at))));
    for (const Record& record : records) deletes.push_back(record.deletes);
    const std::vector<std::string> tracked{"name", "tags"};
    const iceberg::Schema schema = record_schema();
    const HistoryRecords given{batches, schema, tracked, deletes};
    sync();
    const HistoryPlan plan = must(plan_history(*index_, tables(), given));
    const Written rows = write(rows_, plan, HistorySide::kRows, given);
    const Written unchanged = write(unchanged_, plan, HistorySide::kUnchanged, given);
    if (rows.built) rows_.commit(*rows.built);
    if (unchanged.built) unchanged_.commit(*unchanged.built);
    if (note)
      must(note_committed(*index_, plan, rows.files, unchanged.files,
                          PairSnapshots::of(rows_.metadata, unchanged_.metadata)));
    return plan.counts;
  }

  static std::string cell(const arrow::RecordBatch& batch, const std::string& name, std::int64_t row) {
    const auto array = batch.GetColumnByName(name);
    if (array->IsNull(row)) return "";
    if (array->type_id() != arrow::Type::TIMESTAMP) return array->GetScalar(row).ValueOrDie()->ToString();
    return std::to_string(static_cast<const arrow::TimestampArray&>(*array).Value(row));
  }

  Contents contents() {
    Contents contents;
    for (const auto& batch : must(read_all(rows_.store, must(plan_scan(rows_.cache, rows_.metadata))))) {
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        const std::string end = cell(*batch, "valid_to", row);
        EXPECT_EQ(cell(*batch, "is_current", row), end.empty() ? "true" : "false");
        EXPECT_EQ(cell(*batch, "changed", row), cell(*batch, "valid_from", row));
        EXPECT_THAT(cell(*batch, "tags", row), ::testing::HasSubstr(cell(*batch, "name", row) + "!"));
        contents.rows.push_back(cell(*batch, "id", row) + " " + cell(*batch, "valid_from", row) + " " +
                                (end.empty() ? "now" : end) + " " + cell(*batch, "name", row) + " " +
                                cell(*batch, "note", row));
      }
    }
    for (const auto& batch : must(read_all(rows_.store, must(plan_scan(rows_.cache, unchanged_.metadata))))) {
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        EXPECT_THAT(cell(*batch, "tags", row), ::testing::HasSubstr(cell(*batch, "name", row) + "!"));
        contents.unchanged.push_back((cell(*batch, "_is_deletion", row) == "true" ? "-" : "") +
                                     cell(*batch, "id", row) + " " + cell(*batch, "changed", row) + "  " +
                                     cell(*batch, "name", row) + " " + cell(*batch, "note", row));
      }
    }
    std::ranges::sort(contents.rows);
    std::ranges::sort(contents.unchanged);
    return contents;
  }

  void compact(TestTable& table, bool with_moves) {
    const std::string id = "compact" + std::to_string(++batch_);
    const auto run = must(testing::rewrite(table, testing::eager(), id));
    must(testing::commit_compaction(table, run, id, with_moves));
  }

  TestTable rows_;
  TestTable unchanged_;
  std::string folder_;
  std::unique_ptr<HistoryIndex> index_;
  int batch_ = 0;
};

TEST_F(HistoryTest, SplitsARowWhereALateVersionFalls) {
  load(std::vector<Record>{{.id = 1, .version = 10, .name = "A", .arrival = 1}});
  EXPECT_EQ(
      load(std::vector<Record>{{.id = 1, .version = 20, .name = "A", .note = "x", .arrival = 2}}).unchanged,
      1);
  EXPECT_THAT(contents().rows, ElementsAre("1 10 now A "));
  load(std::vector<Record>{{.id = 1, .version = 15, .name = "B", .arrival = 3}});
  EXPECT_THAT(contents().rows, ElementsAre("1 10 15 A ", "1 15 20 B ", "1 20 now A x"));
  EXPECT_THAT(contents().unchanged, IsEmpty());
}

TEST_F(HistoryTest, AnEarlierEqualVersionTakesTheRowOver) {
  load(std::vector<Record>{{.id = 1, .version = 20, .name = "A", .note = "later", .arrival = 1}});
  load(std::vector<Record>{{.id = 1, .version = 10, .name = "A", .note = "first", .arrival = 2}});
  EXPECT_THAT(contents().rows, ElementsAre("1 10 now A first"));
  EXPECT_THAT(contents().unchanged, ElementsAre("1 20  A later"));
}

TEST_F(HistoryTest, ADeletionLeavesAGapWhateverComesWhen) {
  load(std::vector<Record>{{.id = 1, .version = 30, .name = "A", .arrival = 1}});
  load(std::vector<Record>{{.id = 1, .version = 20, .deletes = true, .arrival = 2}});
  const HistoryCounts counts = load(std::vector<Record>{{.id = 1, .version = 10, .name = "A", .arrival = 3}});
  EXPECT_EQ(counts.rows, 1);
  EXPECT_THAT(contents().rows, ElementsAre("1 10 20 A ", "1 30 now A "));
  EXPECT_THAT(contents().unchanged, ElementsAre("-1 20   "));
}

TEST_F(HistoryTest, TheTableWinsAgainstARecordThatIsEqualInEverything) {
  const std::vector<Record> one{
      {.id = 1, .version = 10, .name = "A", .note = "here", .arrival = 4, .record = 1}};
  load(one);
  std::vector<Record> again = one;
  again[0].note = "again";
  EXPECT_EQ(load(again).superseded, 1);
  again[0].record = 2;
  EXPECT_EQ(load(again).rows, 1);
  EXPECT_THAT(contents().rows, ElementsAre("1 10 now A again"));
}

TEST_F(HistoryTest, EqualsTheOracleWhateverHappensBetween) {
  for (const std::uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    for (TestTable* table : {&rows_, &unchanged_}) {
      table->metadata.table_uuid = uuid_v4(rows_.random.bytes16());
      table->metadata.snapshots.clear();
      table->metadata.refs.clear();
      table->metadata.current_snapshot_id.reset();
      table->metadata.snapshot_log.clear();
    }
    Oracle oracle;
    std::vector<std::int64_t> arrivals{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    std::ranges::shuffle(arrivals, rng);
    std::vector<Record> last;
    for (const std::int64_t arrival : arrivals) {
      std::vector<Record> records;
      const std::size_t count = 1 + rng() % 200;
      for (std::size_t i = 0; i < count; ++i) {
        records.push_back({.id = static_cast<int>(rng() % 40),
                           .version = static_cast<std::int64_t>(rng() % 30) - 15,
                           .name = rng() % 8 == 0 ? "" : std::string(1, "ABC"[rng() % 3]),
                           .deletes = rng() % 6 == 0,
                           .note = "n" + std::to_string(rng()),
                           .arrival = arrival,
                           .record = static_cast<std::int64_t>(i)});
      }
      for (const Record& record : records) oracle.add(record);
      if (rng() % 3 == 0) records.insert(records.end(), last.begin(), last.end());
      std::ranges::shuffle(records, rng);
      last = records;
      const HistoryCounts counts = load(records, rng() % 5 != 0);
      EXPECT_EQ(counts.rows + counts.unchanged + counts.deleted + counts.superseded, std::ssize(records));
      ASSERT_EQ(contents().rows, oracle.contents().rows) << arrival;
      ASSERT_EQ(contents().unchanged, oracle.contents().unchanged) << arrival;
      if (rng() % 5 == 0) lose_index();
      if (rng() % 4 == 0) compact(rows_, rng() % 3 != 0);
      if (rng() % 5 == 0) compact(unchanged_, rng() % 3 != 0);
      if (rng() % 5 == 0) open();
    }
    const std::int64_t snapshot = rows_.metadata.current_snapshot_id.value_or(-1);
    load(last);
    EXPECT_EQ(rows_.metadata.current_snapshot_id.value_or(-1), snapshot)
        << "what came before changes nothing";
  }
}

TEST_F(HistoryTest, TheIndexFollowsCompactionOfBothTables) {
  for (std::int64_t arrival = 1; arrival <= 9; ++arrival) {
    std::vector<Record> records;
    for (int id = 0; id < 50; ++id)
      records.push_back(
          {.id = id, .version = arrival * 10, .name = arrival % 3 == 0 ? "A" : "B", .arrival = arrival});
    load(records);
    if (arrival % 2 == 1) compact(rows_, true);
    if (arrival > 4) compact(unchanged_, true);
    EXPECT_FALSE(sync()) << "it need not be rebuilt";
  }
  const auto before = contents();
  load(std::vector<Record>{{.id = 7, .version = 5, .name = "B", .arrival = 20}});
  EXPECT_EQ(contents().rows.size(), before.rows.size()) << "the first row begins earlier";
  EXPECT_EQ(contents().unchanged.size(), before.unchanged.size() + 1);
}

TEST_F(HistoryTest, AnIndexThatIsNotInStepIsRefusedAndRebuilt) {
  load(std::vector<Record>{{.id = 1, .version = 10, .name = "A", .arrival = 1}});
  EXPECT_FALSE(sync());
  open();
  EXPECT_FALSE(sync());
  load(std::vector<Record>{{.id = 1, .version = 20, .name = "B", .arrival = 2}}, false);
  const iceberg::Schema schema = record_schema();
  const std::vector<bool> none;
  const auto refused = plan_history(*index_, tables(), {{}, schema, {}, none});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), kIndexNotInStep.name);
  EXPECT_TRUE(sync());
}

}  // namespace
}  // namespace tarn::table
