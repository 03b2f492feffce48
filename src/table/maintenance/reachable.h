#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/manifest_cache.h"

/// Which files a table's snapshots name.
namespace tarn::table {

/// The files that only snapshots of `before` name, not one of `after`: data and delete files, manifests,
/// manifest lists, statistics; of those below the table's location only. Sorted. Remove them after `after`
/// was committed: a crash in between leaves orphans, which find_orphans() finds. A manifest or list of an
/// expired snapshot that is gone already (an earlier run removed it) is passed over. Errors: iceberg.* and
/// those of the store.
Result<std::vector<std::string>> unreachable_files(ManifestCache& cache, const iceberg::TableMetadata& before,
                                                   const iceberg::TableMetadata& after);

struct OrphanRequest {
  /// What lies below `<location>/data` and `<location>/metadata`, listed *before* `metadata` was loaded:
  /// whatever is committed meanwhile is then either named by the metadata or not in the listing.
  std::span<const io::ObjectInfo> listing = {};
  std::int64_t listed_at_us = 0;
  std::string metadata_location = {};  ///< Of the current metadata file.
  /// Younger files may belong to a commit that is under way.
  std::int64_t modified_before_us = 0;
};

/// The listed files that nothing of the table names. Refuses with table.missing_files when a data file that
/// the table named before the listing is not in it: then names are not written as the store writes them, or
/// the table is damaged, and nothing may be removed on that ground.
Result<std::vector<io::ObjectInfo>> find_orphans(ManifestCache& cache, const iceberg::TableMetadata& metadata,
                                                 const OrphanRequest& request);

/// Whether a table lies in the folder of the other, or both in the same: then what one of them does not name
/// may belong to the other.
bool share_folder(const iceberg::TableMetadata& a, const iceberg::TableMetadata& b);

}  // namespace tarn::table
