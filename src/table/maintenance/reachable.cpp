#include "table/maintenance/reachable.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "io/errors.h"
#include "table/errors.h"
#include "table/maintenance/row_moves.h"

namespace tarn::table {
namespace {

// Clocks of two writers may differ by this much.
constexpr std::int64_t kClockToleranceUs = 60'000'000;

using Paths = std::unordered_set<std::string>;

/// One spelling for each file: a `file:` location may be percent-encoded or not, and to some engines `s3:` is
/// `s3a:`.
std::string spelled(const std::string& location) {
  const auto path = io::local_path(location);
  if (path.ok()) return *path;
  return location.starts_with("s3a://") ? "s3://" + location.substr(6) : location;
}

bool is_gone(const Error& error) {
  return error.name() == io::kNotFound.name;
}

/// Manifests by location, of many snapshots. Where `tolerant`, lists that are gone are passed over.
Result<std::unordered_map<std::string, iceberg::ManifestFile>> manifests_of(
    ManifestCache& cache, const std::vector<const iceberg::Snapshot*>& snapshots, bool tolerant) {
  std::unordered_map<std::string, iceberg::ManifestFile> manifests;
  for (const iceberg::Snapshot* snapshot : snapshots) {
    const auto list = cache.manifest_list(*snapshot);
    if (!list.ok()) {
      if (tolerant && is_gone(list.error())) continue;
      return list.error();
    }
    for (const iceberg::ManifestFile& file : **list) manifests.emplace(file.path, file);
  }
  return manifests;
}

/// What metadata names beside manifests.
void add_hints(const iceberg::TableMetadata& metadata, Paths& paths) {
  for (const iceberg::Snapshot& snapshot : metadata.snapshots)
    if (const auto location = moves_location(metadata, snapshot)) paths.insert(*location);
  for (const auto& file : metadata.statistics) paths.insert(file.statistics_path);
  for (const auto& file : metadata.partition_statistics) paths.insert(file.statistics_path);
}

std::vector<const iceberg::Snapshot*> all_snapshots(const iceberg::TableMetadata& metadata) {
  std::vector<const iceberg::Snapshot*> snapshots;
  for (const iceberg::Snapshot& snapshot : metadata.snapshots) snapshots.push_back(&snapshot);
  return snapshots;
}

}  // namespace

Result<std::vector<std::string>> unreachable_files(ManifestCache& cache, const iceberg::TableMetadata& before,
                                                   const iceberg::TableMetadata& after) {
  std::vector<const iceberg::Snapshot*> expired;
  for (const iceberg::Snapshot& snapshot : before.snapshots)
    if (after.snapshot_by_id(snapshot.snapshot_id) == nullptr) expired.push_back(&snapshot);
  Paths candidates;
  add_hints(before, candidates);
  TARN_ASSIGN_OR_RETURN(const auto old_manifests, manifests_of(cache, expired, true));
  TARN_ASSIGN_OR_RETURN(const auto kept_manifests, manifests_of(cache, all_snapshots(after), false));
  for (const iceberg::Snapshot* snapshot : expired) candidates.insert(snapshot->manifest_list);
  for (const auto& [path, file] : old_manifests) {
    if (kept_manifests.contains(path)) continue;
    candidates.insert(path);
    const auto manifest = cache.manifest(file);
    if (!manifest.ok()) {
      if (is_gone(manifest.error())) continue;
      return manifest.error();
    }
    for (const iceberg::ManifestEntry& entry : (*manifest)->entries) candidates.insert(entry.file.file_path);
  }
  // What is still named is taken out again, manifest by manifest.
  Paths named;
  add_hints(after, named);
  for (const iceberg::Snapshot& snapshot : after.snapshots) named.insert(snapshot.manifest_list);
  for (const std::string& path : named) candidates.erase(path);
  for (const auto& [path, file] : kept_manifests) {
    if (candidates.empty()) break;
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache.manifest(file));
    for (const iceberg::ManifestEntry& entry : manifest->entries)
      if (entry.status != iceberg::EntryStatus::kDeleted) candidates.erase(entry.file.file_path);
  }
  std::vector<std::string> gone;
  const std::string folder = spelled(after.location) + "/";
  for (const std::string& path : candidates)
    if (!path.empty() && spelled(path).starts_with(folder)) gone.push_back(path);
  std::ranges::sort(gone);
  return gone;
}

Result<std::vector<io::ObjectInfo>> find_orphans(ManifestCache& cache, const iceberg::TableMetadata& metadata,
                                                 const OrphanRequest& request) {
  Paths named;
  add_hints(metadata, named);
  named.insert(request.metadata_location);
  for (const iceberg::MetadataLogEntry& entry : metadata.metadata_log) named.insert(entry.metadata_file);
  for (const iceberg::Snapshot& snapshot : metadata.snapshots) named.insert(snapshot.manifest_list);
  TARN_ASSIGN_OR_RETURN(const auto manifests, manifests_of(cache, all_snapshots(metadata), false));
  const std::string folder = spelled(metadata.location) + "/";
  Paths spelled_names;
  for (const std::string& path : named) spelled_names.insert(spelled(path));
  Paths listed;
  for (const io::ObjectInfo& object : request.listing) listed.insert(spelled(object.location));
  // Files are published before their snapshot gets its time.
  const auto was_there = [&](const iceberg::ManifestEntry& entry) {
    const iceberg::Snapshot* snapshot = metadata.snapshot_by_id(entry.snapshot_id.value_or(-1));
    return snapshot == nullptr || snapshot->timestamp_ms * 1000 + kClockToleranceUs < request.listed_at_us;
  };
  for (const auto& [path, file] : manifests) {
    spelled_names.insert(spelled(path));
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache.manifest(file));
    for (const iceberg::ManifestEntry& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      std::string name = spelled(entry.file.file_path);
      if (name.starts_with(folder) && !listed.contains(name) && was_there(entry))
        return Error(kMissingFiles, name + " is named by the table and was not found beside its files");
      spelled_names.insert(std::move(name));
    }
  }
  std::vector<io::ObjectInfo> orphans;
  for (const io::ObjectInfo& object : request.listing) {
    const bool old_enough = object.modified_us < request.modified_before_us;
    if (old_enough && !spelled_names.contains(spelled(object.location))) orphans.push_back(object);
  }
  return orphans;
}

bool share_folder(const iceberg::TableMetadata& a, const iceberg::TableMetadata& b) {
  const auto folder = [](const iceberg::TableMetadata& metadata) {
    std::string location = spelled(metadata.location);
    while (location.ends_with('/')) location.pop_back();
    return location + "/";
  };
  const std::string one = folder(a);
  const std::string other = folder(b);
  return one.starts_with(other) || other.starts_with(one);
}

}  // namespace tarn::table
