#pragma once

#include <arrow/api.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "table/data_files.h"
#include "table/key_index.h"
#include "table/reader.h"
#include "table/scan.h"
#include "table/testing/rows.h"
#include "table/upsert.h"

/// A table that is upserted, and the model it must equal. Only for tests.
namespace tarn::table::testing {

using iceberg::Transform;
using iceberg::Type;

inline iceberg::Schema upsert_schema() {
  return must(
      iceberg::Schema::make({.fields = {
                                 {.id = 1, .name = "facility", .required = true, .type = Type::int32()},
                                 {.id = 2, .name = "code", .required = true, .type = Type::string()},
                                 {.id = 3, .name = "version", .type = Type::timestamp()},
                                 {.id = 4, .name = "ward", .type = Type::int32()},
                                 {.id = 5, .name = "note", .type = Type::string()},
                                 {.id = 6, .name = "_source_arrival", .type = Type::int64()},
                                 {.id = 7, .name = "_source_record", .type = Type::int64()},
                             }}));
}

struct Row {
  std::int32_t facility = 0;
  std::string code;
  std::optional<std::int64_t> version = std::nullopt;
  std::optional<std::int32_t> ward = std::nullopt;
  std::string note = "";
  std::optional<std::int64_t> arrival = std::nullopt;
  std::optional<std::int64_t> record = std::nullopt;

  /// nullopt compares as least.
  auto rank() const { return std::tuple(version, arrival, record); }
};

template <typename Builder, typename T>
void append_optional(Builder& builder, const std::optional<T>& value) {
  EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
}

inline std::shared_ptr<arrow::RecordBatch> to_batch(const TestTable& table, std::span<const Row> rows) {
  const auto schema = must(to_arrow_schema(table.metadata.current_schema()));
  arrow::Int32Builder facility;
  arrow::StringBuilder code;
  arrow::TimestampBuilder version(arrow::timestamp(arrow::TimeUnit::MICRO), arrow::default_memory_pool());
  arrow::Int32Builder ward;
  arrow::StringBuilder note;
  arrow::Int64Builder arrival;
  arrow::Int64Builder record;
  for (const Row& row : rows) {
    EXPECT_TRUE(facility.Append(row.facility).ok() && code.Append(row.code).ok() &&
                note.Append(row.note).ok());
    append_optional(version, row.version);
    append_optional(ward, row.ward);
    append_optional(arrival, row.arrival);
    append_optional(record, row.record);
  }
  const auto batch = arrow::RecordBatch::Make(
      must(to_arrow_schema(upsert_schema())), static_cast<std::int64_t>(rows.size()),
      {facility.Finish().ValueOrDie(), code.Finish().ValueOrDie(), version.Finish().ValueOrDie(),
       ward.Finish().ValueOrDie(), note.Finish().ValueOrDie(), arrival.Finish().ValueOrDie(),
       record.Finish().ValueOrDie()});
  return must(conform_batch(batch, table.metadata.current_schema()));
}

/// What the table must hold, kept the obvious way.
class Model {
 public:
  UpsertCounts upsert(std::span<const Row> rows) {
    UpsertCounts counts;
    std::map<Key, Row> best;
    for (const Row& row : rows) {
      const auto [at, added] = best.try_emplace({row.facility, row.code}, row);
      if (added) continue;
      ++counts.superseded;
      if (row.rank() >= at->second.rank()) at->second = row;
    }
    for (const auto& [key, row] : best) {
      const auto [at, added] = rows_.try_emplace(key, row);
      if (added) {
        ++counts.inserted;
      } else if (row.rank() > at->second.rank()) {
        at->second = row;
        ++counts.updated;
      } else {
        ++counts.superseded;
      }
    }
    return counts;
  }
  std::vector<Row> rows() const {
    std::vector<Row> rows;
    for (const auto& [key, row] : rows_) rows.push_back(row);
    return rows;
  }

 private:
  using Key = std::pair<std::int32_t, std::string>;
  std::map<Key, Row> rows_;
};

class UpsertFixture : public ::testing::Test {
 protected:
  UpsertFixture()
      : table_(upsert_schema(), {{.column = "ward", .transform = Transform::bucket(3)}},
               {{.column = "code"}}),
        folder_(::testing::TempDir() + "tarn-key-index-" + std::to_string(::getpid())) {
    std::filesystem::remove_all(folder_);
    open();
  }
  ~UpsertFixture() override {
    index_.reset();
    std::filesystem::remove_all(folder_);
  }

  UpsertColumns columns() const {
    const std::vector<std::string> key{"facility", "code"};
    return must(UpsertColumns::bind(table_.metadata.current_schema(), key, "version"));
  }
  void open() {
    index_.reset();
    // Moved rows are settled a few at a time, and what is put soon stands in sorted files.
    index_ = must(KeyIndex::open(folder_, columns(), {.settle_rows = 40, .bulk_rows = 50}));
  }
  KeyIndex::SyncOutcome sync() { return must(index_->sync_to(table_.metadata, table_.store, table_.cache)); }

  /// One batch through the whole way; with `note` false it dies after the commit.
  UpsertCounts upsert(std::span<const Row> rows, bool note = true) {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (std::size_t at = 0; at < rows.size(); at += 97)
      batches.push_back(to_batch(table_, rows.subspan(at, std::min<std::size_t>(97, rows.size() - at))));
    sync();
    const UpsertPlan plan = must(plan_upsert(*index_, table_.metadata, batches));
    if (plan.changes_nothing()) return plan.counts;
    auto request = table_.request("batch" + std::to_string(++batch_));
    request.rows = plan.rows;
    request.want_places = true;
    const WrittenFiles written = must(write_data_files(table_.store, batches, request));
    const auto deletes =
        must(write_deletes(table_.store, table_.cache, table_.metadata, plan.deletes,
                           {request.batch_id, static_cast<std::uint32_t>(written.files.size())}));
    const BuiltSnapshot built = table_.build(
        {.data_files = written.files, .delete_files = deletes.files, .removed_files = deletes.replaced});
    table_.commit(built);
    if (note) must(note_committed(*index_, plan, written, built.snapshot.snapshot_id));
    return plan.counts;
  }

  std::vector<std::string> table_rows() {
    return row_texts(must(read_all(table_.store, must(plan_scan(table_.cache, table_.metadata)))));
  }
  std::vector<std::string> model_rows(const Model& model) const {
    return row_texts({to_batch(table_, model.rows())});
  }

  /// Begins anew, as a table of that version.
  void restart(std::int32_t format_version) {
    iceberg::TableMetadata& metadata = table_.metadata;
    metadata.format_version = format_version;
    metadata.table_uuid = uuid_v4(table_.random.bytes16());
    metadata.snapshots.clear();
    metadata.refs.clear();
    metadata.current_snapshot_id.reset();
    metadata.snapshot_log.clear();
    metadata.next_row_id = 0;
  }
  void upgrade() {
    const std::vector<iceberg::TableUpdate> updates{iceberg::UpgradeFormatVersion{3}};
    table_.metadata = must(iceberg::apply(table_.metadata, updates, {.now_ms = table_.now_ms}));
  }

  /// Of each row, by its text, the id (nothing: not numbered yet) and the sequence number of its last change.
  using Lineage = std::map<std::string, std::pair<std::optional<std::int64_t>, std::int64_t>>;
  Lineage lineage() {
    const Scan scan = must(plan_scan(table_.cache, table_.metadata));
    const iceberg::Schema schema = must(iceberg::with_row_lineage(scan.schema));
    std::vector<std::int32_t> ids;
    for (const iceberg::NestedField& field : schema.fields()) ids.push_back(field.id);
    DeleteFileCache deletes(table_.store);
    Lineage found;
    for (const ScanTask& task : scan.tasks) {
      const auto reader = must(DataFileReader::open(table_.store, deletes, task, schema, ids));
      while (const auto rows = must(reader->next())) {
        const int columns = rows->batch->num_columns();
        const auto& own = static_cast<const arrow::Int64Array&>(*rows->batch->column(columns - 2));
        const auto& changed = static_cast<const arrow::Int64Array&>(*rows->batch->column(columns - 1));
        const auto plain =
            rows->batch->RemoveColumn(columns - 1).ValueOrDie()->RemoveColumn(columns - 2).ValueOrDie();
        for (std::int64_t row = 0; row < plain->num_rows(); ++row) {
          std::optional<std::int64_t> id = task.data->file.first_row_id;
          if (id) *id += rows->positions[static_cast<std::size_t>(row)];
          if (!own.IsNull(row)) id = own.Value(row);
          found[row_texts({plain->Slice(row, 1)})[0]] = {
              id, changed.IsNull(row) ? task.data->sequence_number : changed.Value(row)};
        }
      }
    }
    return found;
  }
  /// All rows are numbered, no two alike, and each deletion vector is the only one of a live file.
  void expect_version_3() {
    std::set<std::int64_t> ids;
    for (const auto& [row, known] : lineage()) {
      ASSERT_TRUE(known.first) << row;
      EXPECT_TRUE(ids.insert(*known.first).second) << "the id twice: " << *known.first;
      EXPECT_LT(*known.first, table_.metadata.next_row_id);
    }
    const Scan scan = must(plan_scan(table_.cache, table_.metadata));
    std::set<std::string> live;
    for (const ScanTask& task : scan.tasks) live.insert(task.data->file.file_path);
    for (const auto& file : scan.delete_files) {
      if (!is_deletion_vector(file->file)) continue;
      EXPECT_EQ(live.erase(*file->file.referenced_data_file), 1U) << *file->file.referenced_data_file;
    }
  }

  static std::vector<Row> random_rows(Rng& rng, std::size_t count, std::int64_t arrival) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < count; ++i) {
      Row row{.facility = static_cast<std::int32_t>(rng() % 4), .code = "c" + std::to_string(rng() % 150)};
      if (rng() % 8 != 0) row.version = static_cast<std::int64_t>(rng() % 40) - 20;
      if (rng() % 10 != 0) row.ward = static_cast<std::int32_t>(rng() % 50);
      row.note = "n" + std::to_string(rng());
      row.arrival = arrival;
      row.record = static_cast<std::int64_t>(i + 1);
      rows.push_back(std::move(row));
    }
    return rows;
  }

  TestTable table_;
  std::string folder_;
  std::unique_ptr<KeyIndex> index_;
  int batch_ = 0;
};

}  // namespace tarn::table::testing
