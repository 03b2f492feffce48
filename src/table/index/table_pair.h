#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/index/key_database.h"
#include "table/manifest_cache.h"

namespace tarn::table {

/// The snapshots of two tables that change together: rows, and what stands behind them.
struct PairSnapshots {
  std::int64_t rows = -1;  ///< -1: the table is empty.
  std::int64_t companion = -1;

  bool operator==(const PairSnapshots&) const = default;
  static PairSnapshots of(const iceberg::TableMetadata& rows, const iceberg::TableMetadata& companion);
};

/// Which snapshots of two tables the database of an index describes. Inside of `table` only.
class PairState {
 public:
  explicit PairState(KeyDatabase& database) : database_(database) {}

  /// Which columns of which tables the database holds, and how: one of another layout is of no use.
  void set_layout(std::string layout) { layout_ = std::move(layout); }
  /// Nothing when the database must be built anew.
  std::optional<PairSnapshots> snapshots() const;
  /// What to put when the database describes `snapshots`.
  KeyDatabase::State state(const std::string& table_uuid, const PairSnapshots& snapshots,
                           std::uint64_t next_file_id) const;
  /// Whether all that came since was compaction; then the database describes the current snapshots, without
  /// a row being read.
  Result<bool> follow(const iceberg::TableMetadata& rows, const iceberg::TableMetadata& companion,
                      io::ObjectStore& store, ManifestCache& cache);

 private:
  KeyDatabase& database_;
  std::string layout_;
};

}  // namespace tarn::table
