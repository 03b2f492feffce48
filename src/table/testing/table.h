#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "iceberg/update.h"
#include "io/simulated.h"
#include "table/manifest_cache.h"
#include "table/snapshot_builder.h"

/// What the tests of `table` share: a table in memory and a catalog of one. Only for tests.
namespace tarn::table::testing {

#define TARN_ASSERT_OK(...)                                             \
  do {                                                                  \
    const auto& tarn_outcome = (__VA_ARGS__);                           \
    ASSERT_TRUE(tarn_outcome.ok()) << tarn_outcome.error().to_string(); \
  } while (false)

/// The value, or the end of the test program with the error.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().to_string();
    std::abort();
  }
  return std::move(result).value();
}
inline void must(const Status& status) {
  if (!status.ok()) {
    ADD_FAILURE() << status.error().to_string();
    std::abort();
  }
}

inline constexpr std::int64_t kNowMs = 1'700'000'000'000;

/// A table whose metadata lives here, its files in a store.
class TestTable {
 public:
  explicit TestTable(iceberg::Schema schema, std::vector<iceberg::PartitionTerm> partition = {},
                     std::vector<iceberg::SortTerm> sort = {}, std::string location = "file:///lake/t",
                     io::ObjectStore* other_store = nullptr)
      : store(other_store != nullptr ? *other_store : memory), cache(store), random(7) {
    const auto fresh = must(iceberg::with_fresh_ids(schema));
    iceberg::NewTable table{
        .table_uuid = uuid_v4(random.bytes16()), .location = std::move(location), .schema = fresh};
    table.spec = must(iceberg::PartitionSpec::bind(fresh, partition));
    table.sort_order = must(iceberg::SortOrder::bind(fresh, sort));
    table.now_ms = kNowMs;
    metadata = must(iceberg::TableMetadata::create(table));
  }

  DataFilesRequest request(const std::string& batch_id) const {
    return {.schema = metadata.current_schema(),
            .spec = metadata.default_spec(),
            .order = metadata.default_sort_order(),
            .table_location = metadata.location,
            .batch_id = batch_id};
  }

  BuiltSnapshot build(SnapshotChange change) {
    change.timestamp_ms = now_ms += 1000;
    return must(build_snapshot(store, cache, random, metadata, change));
  }

  void commit(const BuiltSnapshot& built) {
    must(iceberg::check(&metadata, built.requirements));
    metadata = must(iceberg::apply(metadata, built.updates, {.now_ms = now_ms}));
  }

  /// Appends rows and returns the snapshot's id.
  std::int64_t append(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                      const std::string& batch_id) {
    const WrittenFiles written = must(write_data_files(store, batches, request(batch_id)));
    const BuiltSnapshot built = build({.data_files = written.files});
    commit(built);
    return built.snapshot.snapshot_id;
  }

  io::MemoryObjectStore memory;
  io::ObjectStore& store;
  ManifestCache cache;
  io::SeededRandom random;
  iceberg::TableMetadata metadata;
  std::int64_t now_ms = kNowMs;
};

}  // namespace tarn::table::testing
