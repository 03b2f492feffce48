#include "backup/inventory.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_set>
#include <utility>

#include "catalog/errors.h"
#include "io/errors.h"
#include "state/tables/table_pointers.h"

namespace tarn::backup {
namespace {

constexpr std::size_t kArrivalsAtOnce = 10'000;

bool is_missing(const Error& error) {
  return error.name() == io::kNotFound.name || error.name() == catalog::kMetadataNotFound.name;
}

class Taker {
 public:
  Taker(io::ObjectStore& store, table::ManifestCache& manifests) : store_(store), manifests_(manifests) {}

  Status take(const iceberg::TableMetadata& metadata) {
    for (const iceberg::MetadataLogEntry& entry : metadata.metadata_log) {
      // Nothing needs it, and trimming may have come first.
      if (store_.stat(entry.metadata_file).ok()) add(entry.metadata_file);
    }
    for (const auto& file : metadata.statistics) add(file.statistics_path);
    for (const auto& file : metadata.partition_statistics) add(file.statistics_path);
    for (const iceberg::Snapshot& snapshot : metadata.snapshots) TARN_RETURN_IF_ERROR(take(snapshot));
    return ok_status();
  }

  void add(const std::string& location, std::optional<std::uint64_t> size_bytes = std::nullopt) {
    std::optional<std::uint64_t>& known = files_[location];
    if (size_bytes) known = size_bytes;
  }

  void miss(const std::string& location) { missing_.insert(location); }

  Inventory finish(std::vector<BackedTable> tables) && {
    Inventory inventory{.tables = std::move(tables)};
    for (const std::string& location : missing_) files_.erase(location);
    for (auto& [location, size] : files_) inventory.files.push_back({location, size});
    inventory.missing.assign(missing_.begin(), missing_.end());
    return inventory;
  }

 private:
  Status take(const iceberg::Snapshot& snapshot) {
    if (snapshot.manifest_list.empty() || !lists_.insert(snapshot.manifest_list).second) return ok_status();
    add(snapshot.manifest_list);
    const auto list = manifests_.manifest_list(snapshot);
    if (!list.ok()) return note(list.error(), snapshot.manifest_list);
    for (const iceberg::ManifestFile& file : **list) {
      if (!lists_.insert(file.path).second) continue;
      add(file.path, static_cast<std::uint64_t>(file.length_bytes));
      const auto manifest = manifests_.manifest(file);
      if (!manifest.ok()) {
        TARN_RETURN_IF_ERROR(note(manifest.error(), file.path));
        continue;
      }
      for (const iceberg::ManifestEntry& entry : (*manifest)->entries) {
        if (entry.status == iceberg::EntryStatus::kDeleted) continue;
        add(entry.file.file_path, static_cast<std::uint64_t>(entry.file.file_size_bytes));
      }
    }
    return ok_status();
  }

  Status note(const Error& error, const std::string& location) {
    if (!is_missing(error)) return error;
    miss(location);
    return ok_status();
  }

  io::ObjectStore& store_;
  table::ManifestCache& manifests_;
  std::unordered_set<std::string> lists_;  // manifests, too
  std::map<std::string, std::optional<std::uint64_t>> files_;
  std::set<std::string> missing_;
};

}  // namespace

Result<Inventory> take_inventory(state::Database& database, catalog::Catalog& catalog, io::ObjectStore& store,
                                 table::ManifestCache& manifests) {
  TARN_ASSIGN_OR_RETURN(const auto pointers, state::list_tables(database, ""));
  std::vector<BackedTable> tables;
  Taker taker(store, manifests);
  for (const state::TablePointer& pointer : pointers) {
    BackedTable& table = tables.emplace_back(BackedTable{
        pointer.table, pointer.metadata_location, pointer.kind == state::EntryKind::kView, std::nullopt});
    taker.add(pointer.metadata_location);
    if (table.is_view) continue;
    const Result<catalog::Table> loaded = catalog.load_table(pointer.table);
    if (!loaded.ok()) {
      if (!is_missing(loaded.error())) return loaded.error();
      taker.miss(pointer.metadata_location);
      continue;
    }
    table.snapshot_id = loaded->metadata->current_snapshot_id;
    if (Status taken = taker.take(*loaded->metadata); !taken.ok())
      return std::move(taken).error().with_context("looking at the files of " + pointer.table.to_string());
  }
  return std::move(taker).finish(std::move(tables));
}

Result<std::vector<LandedFile>> landed_files(state::Database& database, ArrivalId after) {
  std::vector<LandedFile> files;
  std::set<Sha256Digest> seen;
  state::ArrivalFilter filter{.limit = kArrivalsAtOnce};
  while (true) {
    TARN_ASSIGN_OR_RETURN(const auto arrivals, state::list_arrivals(database, filter));
    for (const state::Arrival& arrival : arrivals) {
      if (arrival.id <= after) return files;
      if (arrival.sha256 && seen.insert(*arrival.sha256).second)
        files.push_back({*arrival.sha256, arrival.size_bytes});
    }
    if (arrivals.size() < kArrivalsAtOnce) return files;
    filter.before = arrivals.back().id;
  }
}

}  // namespace tarn::backup
