#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backup/manifest.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "state/database.h"
#include "state/ledger.h"
#include "table/manifest_cache.h"

namespace tarn::backup {

/// A file that a table names.
struct NamedFile {
  std::string location = "";
  std::optional<std::uint64_t> size_bytes = std::nullopt;  ///< Where the table tells it.
};

/// What a state's tables and views consist of.
struct Inventory {
  std::vector<BackedTable> tables = {};
  std::vector<NamedFile> files = {};      ///< Sorted by location, each once.
  std::vector<std::string> missing = {};  ///< Metadata, lists and manifests that are named and not there.
};

/// Follows every table and view of the state from its metadata file to the files of each of its snapshots.
/// Former metadata files are taken along where they are there. Errors: those of the state and the store but
/// io.not_found, iceberg.*.
Result<Inventory> take_inventory(state::Database& database, catalog::Catalog& catalog, io::ObjectStore& store,
                                 table::ManifestCache& manifests);

/// Bytes that arrived.
struct LandedFile {
  Sha256Digest sha256 = {};
  std::uint64_t size_bytes = 0;
};
/// Each content of the arrivals after `after` once; those of files that no feed takes are not kept.
Result<std::vector<LandedFile>> landed_files(state::Database& database, ArrivalId after);

}  // namespace tarn::backup
