#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "io/simulated.h"
#include "state/database.h"
#include "state/runs.h"
#include "state/testing/state_location.h"

namespace tarn::catalog {

inline constexpr const char* kWarehouse = "file:///lake";

template <typename Outcome>
std::string name_of(const Outcome& outcome) {
  return outcome.ok() ? "ok" : std::string(outcome.error().name());
}

/// A state database in a folder of its own and a warehouse in memory.
class Lake {
 public:
  Lake() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarn-catalog-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    reopen();
  }
  ~Lake() {
    catalog_.reset();
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Lake(const Lake&) = delete;
  Lake& operator=(const Lake&) = delete;

  /// As after a restart: nothing is cached.
  void reopen() {
    catalog_.reset();
    database_.reset();
    auto opened =
        state::Database::open(state::state_location(folder_ + "/tarn.db"), state::OpenMode::kReadWrite);
    if (!opened.ok()) {
      ADD_FAILURE() << opened.error().to_string();
      std::abort();
    }
    database_ = std::move(opened).value();
    catalog_ = std::make_unique<Catalog>(*database_, store_, clock_, random_, kWarehouse);
  }

  Catalog& catalog() { return *catalog_; }
  state::Database& database() { return *database_; }
  io::MemoryObjectStore& store() { return store_; }
  io::ManualClock& clock() { return clock_; }
  const std::string& folder() const { return folder_; }

  /// Makes `curated` and tables in it.
  void make_tables(const std::vector<std::string>& names) {
    EXPECT_EQ(name_of(catalog_->create_namespace("curated")), "ok");
    for (const std::string& name : names) EXPECT_EQ(name_of(catalog_->create_table(description(name))), "ok");
  }
  static CreateTable description(const std::string& name, const std::string& schema = "curated") {
    return {
        .name = {schema, name},
        .schema = iceberg::Schema::make(
                      {.fields = {{.id = 1, .name = "id", .required = true, .type = iceberg::Type::int64()},
                                  {.id = 2, .name = "note", .type = iceberg::Type::string()}}})
                      .value(),
        .properties = {{"owner", "tests"}}};
  }
  /// A snapshot upon the present head, assuming that nobody else moves it.
  static TableCommit append(const Table& table, std::int64_t snapshot_id) {
    const iceberg::TableMetadata& metadata = *table.metadata;
    const iceberg::Snapshot snapshot = {.snapshot_id = snapshot_id,
                                        .parent_snapshot_id = metadata.current_snapshot_id,
                                        .sequence_number = metadata.next_sequence_number(),
                                        .timestamp_ms = metadata.last_updated_ms + 1,
                                        .manifest_list = metadata.location + "/metadata/snap.avro",
                                        .operation = std::string(iceberg::kOperationAppend),
                                        .schema_id = metadata.current_schema_id};
    iceberg::SnapshotRef ref;
    ref.snapshot_id = snapshot_id;
    return {.name = table.name,
            .requirements = {iceberg::AssertRefSnapshotId{"main", metadata.current_snapshot_id}},
            .updates = {iceberg::AddSnapshot{snapshot}, iceberg::SetSnapshotRef{"main", ref}}};
  }
  TableCommit append(const std::string& name, std::int64_t snapshot_id) {
    return append(catalog_->load_table({"curated", name}).value(), snapshot_id);
  }
  static TableCommit set_property(const std::string& table, const std::string& key,
                                  const std::string& value) {
    return {.name = {"curated", table}, .updates = {iceberg::SetProperties{{{key, value}}}}};
  }
  /// An on_commit whose effect run_count() shows.
  static Status count_run(state::Transaction& transaction) {
    TARN_RETURN_IF_ERROR(state::start_run(transaction, "test", 1));
    return ok_status();
  }
  std::size_t run_count() { return state::list_runs(*database_, 100'000)->size(); }
  std::size_t file_count() { return store_.list("file:///lake")->size(); }

 private:
  std::string folder_;
  io::MemoryObjectStore store_;
  io::ManualClock clock_{1'709'294'400'000'000};
  io::SeededRandom random_{11};
  std::unique_ptr<state::Database> database_;
  std::unique_ptr<Catalog> catalog_;
};

}  // namespace tarn::catalog
