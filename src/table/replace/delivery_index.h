#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/index/table_pair.h"
#include "table/key_index.h"
#include "table/manifest_cache.h"

namespace tarn::table {

class VersionReader;  // index/key_database.h, inside of `table` only

/// The two tables of a feed whose deliveries replace one another: its rows, and of each scope the delivery
/// that its rows follow.
struct DeliveryTables {
  const iceberg::TableMetadata& rows;
  const iceberg::TableMetadata& deliveries;
};
enum class DeliverySide : std::uint8_t { kRows, kDeliveries };

/// The columns that decide, by their names, which are the same in both tables.
struct DeliveryColumns {
  std::vector<std::string> key;         ///< Of a row; the scope's are among them.
  std::vector<std::string> scope;       ///< Empty: the whole table is one scope.
  std::optional<std::string> version;   ///< Of a delivery.
  std::vector<std::string> tie_breaks;  ///< Between deliveries of one version.
  std::vector<std::string> no_content;  ///< Columns whose changes are none, besides key and version.
};

/// DeliveryColumns by field id, in one table's schema.
struct BoundDeliveryColumns {
  UpsertColumns row;    ///< Empty key: the table of deliveries.
  UpsertColumns scope;  ///< Its key tells scopes apart.
  std::vector<std::string> content;

  /// Errors: table.bad_key, iceberg.column_not_found.
  static Result<BoundDeliveryColumns> bind(const iceberg::Schema& schema, const DeliveryColumns& columns,
                                           DeliverySide side);
};

/// A row of a scope.
struct DeliveredRow {
  RowKey key;
  std::int64_t content = 0;  ///< Equal for equal content.
  std::string rank = {};     ///< Version and tie-breaks of the delivery that wrote it: greater bytes win.
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
};

/// The latest whole delivery of a scope, and where it stands.
struct StoredDelivery {
  std::string rank = {};
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
};

struct Scope {
  std::vector<DeliveredRow> rows;  ///< In the order of their keys.
  std::optional<StoredDelivery> latest;
};

/// Of each scope its rows, so that what a delivery lacks is found without reading the table: what KeyIndex is
/// to upserts, a persistent cache in a folder of its own. It remembers which snapshots of both tables it
/// describes; when they are others, however that came about, it is built anew by a scan of both. One thread
/// at a time.
class DeliveryIndex {
 public:
  /// A damaged index is emptied, to be rebuilt. Errors: table.index_failed, table.bad_key without a key.
  static Result<std::unique_ptr<DeliveryIndex>> open(const std::string& folder, DeliveryColumns columns,
                                                     const KeyIndexOptions& options = {});
  ~DeliveryIndex();

  /// Makes the index describe the current snapshots; returns whether it had to be rebuilt. Errors:
  /// table.bad_key, iceberg.column_not_found, table.index_failed, those of plan_scan() and DataFileReader.
  Result<bool> sync_to(const DeliveryTables& tables, io::ObjectStore& store, ManifestCache& cache);

  const DeliveryColumns& columns() const { return columns_; }
  using Snapshots = PairSnapshots;
  /// Nothing when the index must be rebuilt.
  std::optional<Snapshots> snapshots() const { return state_.snapshots(); }

  /// Errors: table.index_failed.
  Result<Scope> scope(const RowKey& scope);
  /// Errors: table.index_failed when there is no such file.
  Result<IndexedFile> file(std::uint64_t file_id, const iceberg::TableMetadata& metadata) const;

  /// Rows, or deliveries, and where they were written, element by element.
  struct Written {
    std::span<const RowKey> scopes;
    std::span<const RowKey> keys;            ///< Empty for deliveries.
    std::span<const std::int64_t> contents;  ///< Likewise.
    const PackedStrings& ranks;
    std::span<const RowPlace> places;
    std::span<const NewFile> files;
  };
  using ScopedKey = std::pair<RowKey, RowKey>;
  /// Takes what was written in, forgets the removed rows, and steps to `snapshots`. What a crash or an error
  /// cuts short leaves the former state, or an index that is rebuilt.
  Status put(const Written& rows, std::span<const ScopedKey> removed, const Written& deliveries,
             const Snapshots& snapshots);

 private:
  DeliveryIndex(std::unique_ptr<KeyDatabase> database, DeliveryColumns columns);
  Status rebuild(const DeliveryTables& tables, io::ObjectStore& store, ManifestCache& cache);

  std::unique_ptr<KeyDatabase> database_;
  std::unique_ptr<VersionReader> reader_;  // null: what it saw has changed
  DeliveryColumns columns_;
  PairState state_;
};

}  // namespace tarn::table
