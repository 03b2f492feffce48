#include "table/plan/scan_plan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "iceberg/filter/evidence.h"
#include "table/columns/partition_key.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

Error no_snapshot(std::int64_t id) {
  return Error(kSnapshotNotFound, "there is no snapshot " + std::to_string(id));
}

/// However many a list claims, and whatever is there.
constexpr std::int64_t kMaxCountedEntries = 1'000'000;

// What a v1 list does not count is taken for a whole page.
std::int64_t entry_count(const iceberg::ManifestFile& file, std::int64_t unknown) {
  if (!file.added_files_count || !file.existing_files_count || !file.deleted_files_count) return unknown;
  const std::int64_t count =
      std::int64_t{*file.added_files_count} + *file.existing_files_count + *file.deleted_files_count;
  return std::clamp<std::int64_t>(count, 0, kMaxCountedEntries);
}

Status check_readable(const ScanPlan::Options& options, const std::string& location) {
  return options.may_read ? options.may_read(location) : ok_status();
}

/// The snapshot a scan ends at, or null for an empty table.
Result<const iceberg::Snapshot*> last_snapshot(const iceberg::TableMetadata& metadata,
                                               const ScanRequest& request) {
  const std::optional<std::int64_t> id =
      request.end_snapshot_id ? request.end_snapshot_id : request.snapshot_id;
  if (!id) return metadata.current_snapshot();
  const iceberg::Snapshot* snapshot = metadata.snapshot_by_id(*id);
  if (snapshot == nullptr) return no_snapshot(*id);
  return snapshot;
}

}  // namespace

Result<const iceberg::Schema*> scan_schema(const iceberg::TableMetadata& metadata, const ScanRequest& request,
                                           bool use_snapshot_schema) {
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* snapshot, last_snapshot(metadata, request));
  return use_snapshot_schema && snapshot != nullptr ? &metadata.schema_of(*snapshot)
                                                    : &metadata.current_schema();
}

Result<ScanPlan> ScanPlan::make(ManifestCache& cache, std::shared_ptr<const iceberg::TableMetadata> metadata,
                                ScanRequest request, iceberg::Schema schema, const Options& options) {
  ScanPlan plan;
  plan.metadata_ = std::move(metadata);
  plan.request_ = std::move(request);
  plan.schema_ = std::move(schema);
  TARN_ASSIGN_OR_RETURN(const iceberg::Snapshot* snapshot, last_snapshot(*plan.metadata_, plan.request_));
  const bool nothing = plan.request_.filter.kind == iceberg::Filter::Kind::kFalse;
  if (snapshot == nullptr || nothing) return plan;
  if (plan.request_.end_snapshot_id) {
    TARN_RETURN_IF_ERROR(plan.add_appended(cache, options));
  } else {
    TARN_RETURN_IF_ERROR(plan.add_snapshot(cache, *snapshot, options));
  }
  plan.deletes_.seal();
  return plan;
}

Status ScanPlan::add_snapshot(ManifestCache& cache, const iceberg::Snapshot& snapshot,
                              const Options& options) {
  TARN_RETURN_IF_ERROR(check_readable(options, snapshot.manifest_list));
  TARN_ASSIGN_OR_RETURN(const auto list, cache.manifest_list(snapshot));
  for (const iceberg::ManifestFile& file : *list) {
    if (!file.has_live_files()) continue;
    TARN_ASSIGN_OR_RETURN(const bool wanted, is_wanted(file));
    if (!wanted) continue;
    TARN_RETURN_IF_ERROR(check_readable(options, file.path));
    if (file.content == iceberg::ManifestContent::kDeletes) {
      TARN_RETURN_IF_ERROR(add_deletes(cache, file));
    } else {
      add_data(file, options.entries_per_page);
    }
  }
  return ok_status();
}

// What each append between the two snapshots added, whatever became of it (as the reference's
// IncrementalAppendScan has it).
Status ScanPlan::add_appended(ManifestCache& cache, const Options& options) {
  std::optional<std::int64_t> at = request_.end_snapshot_id;
  std::unordered_set<std::int64_t> seen;
  while (at != request_.start_snapshot_id) {
    const iceberg::Snapshot* snapshot = at ? metadata_->snapshot_by_id(*at) : nullptr;
    if (snapshot == nullptr || !seen.insert(*at).second) {
      if (!request_.start_snapshot_id) break;
      return Error(kNotAnAncestor, "the snapshot " + std::to_string(*request_.start_snapshot_id) +
                                       " is not an ancestor of the snapshot " +
                                       std::to_string(*request_.end_snapshot_id));
    }
    if (snapshot->operation == iceberg::kOperationAppend) {
      appends_.push_back(snapshot->snapshot_id);
      TARN_RETURN_IF_ERROR(check_readable(options, snapshot->manifest_list));
      TARN_ASSIGN_OR_RETURN(const auto list, cache.manifest_list(*snapshot));
      for (const iceberg::ManifestFile& file : *list) {
        const bool own = file.added_snapshot_id == snapshot->snapshot_id && file.has_added_files();
        if (!own || file.content != iceberg::ManifestContent::kData) continue;
        TARN_ASSIGN_OR_RETURN(const bool wanted, is_wanted(file));
        if (!wanted) continue;
        TARN_RETURN_IF_ERROR(check_readable(options, file.path));
        add_data(file, options.entries_per_page);
      }
    }
    at = snapshot->parent_snapshot_id;
  }
  std::ranges::sort(appends_);
  return ok_status();
}

Result<bool> ScanPlan::is_wanted(const iceberg::ManifestFile& file) const {
  const iceberg::PartitionSpec* spec = metadata_->spec_by_id(file.spec_id);
  if (spec == nullptr) return true;  // Reading it will tell.
  TARN_ASSIGN_OR_RETURN(const iceberg::Type type, spec->partition_type(schema_of_spec(*metadata_, *spec)));
  return iceberg::may_match(request_.filter, file, *spec, type, schema_);
}

Status ScanPlan::add_deletes(ManifestCache& cache, const iceberg::ManifestFile& file) {
  TARN_ASSIGN_OR_RETURN(const auto manifest, cache.manifest(file));
  for (const iceberg::ManifestEntry& entry : manifest->entries) {
    if (entry.status == iceberg::EntryStatus::kDeleted || entry.file.content == iceberg::FileContent::kData)
      continue;
    deletes_.add(
        std::make_shared<const LiveFile>(LiveFile{entry.file, file.spec_id, entry.sequence_number.value_or(0),
                                                  entry.snapshot_id.value_or(file.added_snapshot_id)}),
        manifest->spec.is_unpartitioned());
  }
  return ok_status();
}

void ScanPlan::add_data(const iceberg::ManifestFile& file, std::int64_t entries_per_page) {
  const std::int64_t count = entry_count(file, entries_per_page);
  for (std::int64_t begin = 0; begin == 0 || begin < count; begin += entries_per_page) {
    const bool last = begin + entries_per_page >= count;
    const std::int64_t entries = last ? count - begin : entries_per_page;
    if (pages_.empty() || last_page_entries_ + entries > entries_per_page) {
      pages_.emplace_back();
      last_page_entries_ = 0;
    }
    last_page_entries_ += entries;
    const auto first = static_cast<std::size_t>(begin);
    // The list's counts may be wrong; the last piece takes whatever is there.
    pages_.back().push_back({file, first, last ? SIZE_MAX : first + static_cast<std::size_t>(entries)});
  }
}

Result<std::vector<PlannedFile>> ScanPlan::page(ManifestCache& cache, std::size_t index) const {
  std::vector<PlannedFile> files;
  for (const Piece& piece : pages_.at(index)) {
    TARN_ASSIGN_OR_RETURN(const auto manifest, cache.manifest(piece.manifest));
    const std::size_t end = std::min(piece.end, manifest->entries.size());
    for (std::size_t at = piece.begin; at < end; ++at) {
      const iceberg::ManifestEntry& entry = manifest->entries[at];
      const std::int64_t snapshot_id = entry.snapshot_id.value_or(piece.manifest.added_snapshot_id);
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      const bool appended =
          entry.status == iceberg::EntryStatus::kAdded && std::ranges::binary_search(appends_, snapshot_id);
      if (request_.end_snapshot_id && !appended) continue;
      iceberg::Filter left = iceberg::residual(request_.filter, entry.file, manifest->spec, schema_);
      if (left.kind == iceberg::Filter::Kind::kFalse) continue;
      auto data = std::make_shared<const LiveFile>(
          LiveFile{entry.file, piece.manifest.spec_id, entry.sequence_number.value_or(0), snapshot_id});
      std::vector<DeleteIndex::File> deletes;
      if (!request_.end_snapshot_id) deletes = deletes_.applying_to(*data);
      files.push_back({std::move(data), std::move(deletes), std::move(left)});
    }
  }
  return files;
}

}  // namespace tarn::table
