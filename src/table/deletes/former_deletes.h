#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/snapshot.h"
#include "io/object_store.h"
#include "table/deletes/delete_file.h"
#include "table/manifest_cache.h"

namespace tarn::table {

/// What a snapshot deletes of some data files.
struct FormerDeletes {
  DeletedPositions positions = {};
  /// The deletion vectors and delete files that name one of these data files and no other, by
  /// delete_file_key().
  std::set<std::string> own_files = {};
};

/// Looks up the positional deletes of `data_files`, given by path, that apply in `snapshot`; null stands for
/// an empty table. Costs a walk through the manifests of deletes, and reading what applies. Errors: those of
/// read_position_deletes() and the manifests. Inside of `table` only.
Result<FormerDeletes> former_deletes(io::ObjectStore& store, ManifestCache& cache,
                                     const iceberg::Snapshot* snapshot,
                                     const std::set<std::string>& data_files);

}  // namespace tarn::table
