#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/filter/filter.h"
#include "iceberg/table_metadata.h"
#include "table/manifest_cache.h"
#include "table/plan/delete_index.h"

namespace tarn::table {

/// What another engine wants to read. Snapshots: `snapshot_id`, or what `end_snapshot_id` has and
/// `start_snapshot_id` had not, counting appended files only; without any of them the current snapshot.
struct ScanRequest {
  std::optional<std::int64_t> snapshot_id = {};
  std::optional<std::int64_t> start_snapshot_id = {};
  std::optional<std::int64_t> end_snapshot_id = {};
  iceberg::Filter filter = {};  ///< Bound to scan_schema().
};

/// The schema that a scan's filter and columns mean: the snapshot's own, or the table's current one. Valid as
/// long as `metadata`. Errors: table.snapshot_not_found.
Result<const iceberg::Schema*> scan_schema(const iceberg::TableMetadata& metadata, const ScanRequest& request,
                                           bool use_snapshot_schema);

/// A data file to be read, what deletes from it, and what is left of the filter for its rows.
struct PlannedFile {
  DeleteIndex::File data;
  std::vector<DeleteIndex::File> deletes;
  iceberg::Filter residual;
};

/// The files of a scan, for engines that read them themselves: files that the filter excludes by partition or
/// metrics are left out. Deletes of every kind and files of every format are passed on. Planned in pages, a
/// bounded number of manifest entries each, so that a plan of a large table is small itself; immutable, for
/// many threads.
///
///   TARN_ASSIGN_OR_RETURN(const ScanPlan plan, ScanPlan::make(cache, metadata, request, options));
///   for (std::size_t page = 0; page < plan.page_count(); ++page)
///     TARN_ASSIGN_OR_RETURN(const auto files, plan.page(cache, page));
class ScanPlan {
 public:
  struct Options {
    std::int64_t entries_per_page = 2000;
    /// Asked before a manifest or list is read; its error ends the planning. May be empty.
    std::function<Status(const std::string& location)> may_read = {};
  };

  /// Errors: table.snapshot_not_found, table.not_an_ancestor, those of the store and of iceberg's manifests.
  static Result<ScanPlan> make(ManifestCache& cache, std::shared_ptr<const iceberg::TableMetadata> metadata,
                               ScanRequest request, iceberg::Schema schema, const Options& options);

  std::size_t page_count() const { return pages_.size(); }
  /// Errors: as of make().
  Result<std::vector<PlannedFile>> page(ManifestCache& cache, std::size_t index) const;
  const iceberg::TableMetadata& metadata() const { return *metadata_; }

 private:
  /// Some entries of a manifest.
  struct Piece {
    iceberg::ManifestFile manifest;
    std::size_t begin = 0;
    std::size_t end = 0;  ///< Beyond the last one: to the end.
  };

  ScanPlan() = default;
  Status add_snapshot(ManifestCache& cache, const iceberg::Snapshot& snapshot, const Options& options);
  Status add_appended(ManifestCache& cache, const Options& options);
  Result<bool> is_wanted(const iceberg::ManifestFile& file) const;
  Status add_deletes(ManifestCache& cache, const iceberg::ManifestFile& file);
  void add_data(const iceberg::ManifestFile& file, std::int64_t entries_per_page);

  std::shared_ptr<const iceberg::TableMetadata> metadata_;
  ScanRequest request_;
  iceberg::Schema schema_;
  std::vector<std::vector<Piece>> pages_;
  std::int64_t last_page_entries_ = 0;
  DeleteIndex deletes_;
  std::vector<std::int64_t> appends_;  ///< The snapshots of an incremental scan; sorted.
};

}  // namespace tarn::table
