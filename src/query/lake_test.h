#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "engine/database.h"
#include "engine/source_place.h"
#include "iceberg/schema_update.h"
#include "io/object_store.h"
#include "io/random.h"
#include "io/simulated.h"
#include "query/session.h"
#include "state/database.h"
#include "table/deletes/delete_file.h"
#include "table/manifest_cache.h"
#include "table/snapshot_builder.h"

namespace tarn::query {

template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return std::move(result).value();
}
inline void must(const Status& status) {
  ASSERT_TRUE(status.ok()) << status.error().to_string();
}

/// 2026-01-01 00:00 UTC, when every test begins.
inline constexpr std::int64_t kStartUs = 1'767'225'600'000'000;

/// Cells joined by " | ".
inline Result<std::vector<std::string>> lines_of_rows(engine::ResultSet& rows) {
  TARN_ASSIGN_OR_RETURN(const auto texts, engine::read_texts(rows));
  std::vector<std::string> lines;
  for (const auto& row : texts) {
    std::string line;
    for (const auto& cell : row) line += (line.empty() ? "" : " | ") + cell.value_or("NULL");
    lines.push_back(std::move(line));
  }
  return lines;
}

/// A lake in a folder of its own, written through the catalog with data files that the engine writes.
class TestLake {
 public:
  TestLake() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarn query-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    store_ = io::make_local_object_store();
    random_ = io::make_system_random();
    state_ = must(state::Database::open(folder_ + "/tarn.db", state::OpenMode::kReadWrite));
    catalog_ = std::make_unique<catalog::Catalog>(*state_, *store_, clock_, *random_,
                                                  io::file_uri(folder_ + "/lake"));
    manifests_ = std::make_unique<table::ManifestCache>(*store_);
    engine_ = must(engine::Database::open({.memory_limit_bytes = 512ULL << 20, .threads = 2}));
    writer_ = must(engine_->connect());
    session_ = must(Session::open(*engine_, {*catalog_, *state_, *manifests_, *store_},
                                  {.copy_to_files = true, .settings = true, .temporary_objects = true}));
  }
  ~TestLake() {
    session_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestLake(const TestLake&) = delete;
  TestLake& operator=(const TestLake&) = delete;

  void create(const TableName& name, const iceberg::Schema& schema) {
    (void)catalog_->create_namespace(name.schema);  // It may be there already.
    must(catalog_->create_table(
        {.name = name, .schema = schema, .spec = {}, .sort_order = {}, .properties = {}}));
  }

  /// Appends the rows of a SELECT whose columns have the table's names. Returns the snapshot's id.
  std::int64_t append(const TableName& name, const std::string& select) {
    return commit(must(catalog_->load_table(name)), {.data_files = {write_rows(name, select)}});
  }

  /// What one snapshot may do at once.
  struct Change {
    std::string select = "";                 ///< Rows of a new file.
    std::size_t file = 0;                    ///< The n-th file ever written (from 1) …
    std::vector<std::int64_t> deleted = {};  ///< … of which these positions go, or …
    bool whole_file = false;                 ///< … all.
    std::string operation = "";
  };
  std::int64_t change(const TableName& name, const Change& wanted) {
    table::SnapshotChange change{.operation = wanted.operation};
    if (!wanted.select.empty()) change.data_files.push_back(write_rows(name, wanted.select));
    if (wanted.whole_file) change.removed_files.insert(data_files_.at(wanted.file - 1));
    if (!wanted.deleted.empty()) {
      const std::string location = io::file_uri(fmt::format("{}/lake/delete-{}.parquet", folder_, ++files_));
      change.delete_files.push_back(
          {must(table::write_position_deletes(*store_, location,
                                              {{data_files_.at(wanted.file - 1), wanted.deleted}})),
           0});
    }
    return commit(must(catalog_->load_table(name)), std::move(change));
  }

  /// Forgets a snapshot, as expiry does.
  void expire(const TableName& name, std::int64_t snapshot) {
    const catalog::TableCommit commits[] = {{name, {}, {iceberg::RemoveSnapshots{{snapshot}}}}};
    must(catalog_->commit(commits));
  }

  table::NewFile write_rows(const TableName& name, const std::string& select) {
    const catalog::Table table = must(catalog_->load_table(name));
    const std::string path = fmt::format("{}/lake/data-{}.parquet", folder_, ++files_);
    std::filesystem::create_directories(folder_ + "/lake");
    must(writer_->run(fmt::format("COPY (SELECT {} FROM ({})) TO {} (FORMAT parquet, FIELD_IDS {})",
                                  columns_of(table.metadata->current_schema()), select,
                                  engine::quote_literal(path),
                                  field_ids(table.metadata->current_schema().fields()))));
    engine::ResultSet counted = must(
        writer_->query(fmt::format("SELECT count(*) FROM read_parquet({})", engine::quote_literal(path))));
    iceberg::DataFile file;
    file.file_path = io::file_uri(path);
    file.record_count = std::stoll(*must(engine::read_texts(counted))[0][0]);
    file.file_size_bytes = static_cast<std::int64_t>(std::filesystem::file_size(path));
    data_files_.push_back(file.file_path);
    return {file, 0};
  }

  /// Deletes rows of the n-th file ever written (from 1) by position.
  std::int64_t remove(const TableName& name, std::size_t file, const std::vector<std::int64_t>& positions) {
    const catalog::Table table = must(catalog_->load_table(name));
    const std::string location = io::file_uri(fmt::format("{}/lake/delete-{}.parquet", folder_, ++files_));
    const iceberg::DataFile written =
        must(table::write_position_deletes(*store_, location, {{data_files_.at(file - 1), positions}}));
    return commit(table, {.delete_files = {{written, 0}}});
  }

  /// Changes the schema: `change` gets a SchemaUpdate.
  template <typename Change>
    requires std::is_invocable_v<Change, iceberg::SchemaUpdate&>
  void evolve(const TableName& name, Change change) {
    const catalog::Table table = must(catalog_->load_table(name));
    iceberg::SchemaUpdate update(table.metadata->current_schema(), table.metadata->last_column_id);
    must(change(update));
    const auto outcome = must(update.finish());
    const catalog::TableCommit commits[] = {
        {name, {}, {iceberg::AddSchema{outcome.schema}, iceberg::SetCurrentSchema{}}}};
    must(catalog_->commit(commits));
  }

  void tag(const TableName& name, const std::string& tag) {
    const catalog::Table table = must(catalog_->load_table(name));
    iceberg::SnapshotRef ref;
    ref.snapshot_id = table.metadata->current_snapshot_id.value();
    ref.kind = iceberg::SnapshotRef::Kind::kTag;
    const catalog::TableCommit commits[] = {{name, {}, {iceberg::SetSnapshotRef{tag, ref}}}};
    must(catalog_->commit(commits));
  }

  /// The rows of the last statement as lines of cells joined by " | ", or the error.
  Result<std::vector<std::string>> query(const std::string& script, const RunOptions& options = {}) {
    std::vector<std::string> lines;
    for (const StatementText& statement : split_statements(script)) {
      TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session_->run(statement, options));
      TARN_ASSIGN_OR_RETURN(lines, lines_of_rows(rows));
    }
    return lines;
  }

  engine::Connection& connection() { return *writer_; }
  /// Another session, of a server's.
  Result<std::unique_ptr<Session>> open_session(std::shared_ptr<const Principal> principal = nullptr,
                                                const StatementRights& rights = {}) {
    return Session::open(*engine_, {*catalog_, *state_, *manifests_, *store_}, rights,
                         {.principal = std::move(principal)});
  }
  /// A lake that sessions may write; `curated.fed` is a feed's.
  Lake writable(std::int32_t format_version = 2) {
    Lake lake{*catalog_, *state_, *manifests_, *store_};
    lake.writing =
        std::make_shared<LakeWriting>(LakeWriting{.clock = clock_,
                                                  .random = *random_,
                                                  .format_version = format_version,
                                                  .written_by = {{{"curated", "fed"}, "the feed `feds`"}}});
    return lake;
  }
  /// From now on the session writes.
  void let_write(std::int32_t format_version) { session_ = open_writer(nullptr, format_version); }
  std::unique_ptr<Session> open_writer(std::shared_ptr<const Principal> principal = nullptr,
                                       std::int32_t format_version = 2, OpenAs open_as = {}) {
    return must(
        Session::open(*engine_, writable(format_version),
                      {.copy_to_files = true, .settings = true, .temporary_objects = true, .writes = true},
                      {.principal = std::move(principal), .open_as = std::move(open_as)}));
  }
  engine::Database& engine() { return *engine_; }
  io::Clock& clock() { return clock_; }
  io::ObjectStore& store() { return *store_; }
  table::ManifestCache& manifests() { return *manifests_; }
  Session& session() { return *session_; }
  catalog::Catalog& catalog() { return *catalog_; }
  state::Database& state() { return *state_; }
  const std::string& folder() const { return folder_; }
  const std::vector<std::int64_t>& snapshots() const { return snapshots_; }
  const std::vector<std::string>& data_files() const { return data_files_; }

 private:
  static std::string columns_of(const iceberg::Schema& schema) {
    std::string columns;
    for (const auto& field : schema.fields())
      columns += (columns.empty() ? "" : ", ") + engine::quote_identifier(field.name);
    return columns;
  }
  static std::string field_ids(std::span<const iceberg::NestedField> fields) {
    std::string ids;
    for (const auto& field : fields) {
      ids += fmt::format("{}{}: ", ids.empty() ? "" : ", ", engine::quote_identifier(field.name));
      if (!field.type.is_nested()) {
        ids += fmt::format("{}", field.id);
        continue;
      }
      const std::string children = field_ids(field.type.fields());
      ids += fmt::format("{{__duckdb_field_id: {}, {}", field.id, children.substr(1));
    }
    return "{" + ids + "}";
  }

  std::int64_t commit(const catalog::Table& table, table::SnapshotChange change) {
    // Snapshots are a minute apart.
    const std::int64_t now_us = kStartUs + 60'000'000 * static_cast<std::int64_t>(snapshots_.size() + 1);
    clock_.advance_us(now_us - clock_.now_us());
    change.timestamp_ms = now_us / 1000;
    change.summary["tarn.batch-id"] = fmt::format("batch-{}", files_);
    const table::BuiltSnapshot built =
        must(table::build_snapshot(*store_, *manifests_, *random_, *table.metadata, change));
    const catalog::TableCommit commits[] = {{table.name, built.requirements, built.updates}};
    must(catalog_->commit(commits));
    snapshots_.push_back(built.snapshot.snapshot_id);
    return snapshots_.back();
  }

  std::string folder_;
  std::unique_ptr<io::ObjectStore> store_;
  io::ManualClock clock_{kStartUs};
  std::unique_ptr<io::Random> random_;
  std::unique_ptr<state::Database> state_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<table::ManifestCache> manifests_;
  std::unique_ptr<engine::Database> engine_;
  std::unique_ptr<engine::Connection> writer_;
  std::unique_ptr<Session> session_;
  int files_ = 0;
  std::vector<std::int64_t> snapshots_;
  std::vector<std::string> data_files_;
};

}  // namespace tarn::query
