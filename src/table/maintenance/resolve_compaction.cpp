#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "table/columns/partition_key.h"
#include "table/deletes/write_deletes.h"
#include "table/maintenance/compaction.h"

namespace tarn::table {
namespace {

/// A partition that the new snapshot changes, and what it deletes there.
struct Touched {
  bool fold = false;
  PartitionDeletes deletes;
};

bool has_vector(const ScanTask& task) {
  return std::ranges::any_of(task.deletes,
                             [](const auto& deletes) { return is_deletion_vector(deletes->file); });
}

class Resolver {
 public:
  Resolver(io::ObjectStore& store, ManifestCache& cache, DeleteFileCache& deletes,
           const iceberg::TableMetadata& metadata, const ResolveRequest& request, const Scan& scan)
      : store_(store),
        cache_(cache),
        deletes_(deletes),
        metadata_(metadata),
        request_(request),
        scan_(scan) {}

  Result<ResolvedCompaction> resolve() {
    for (const ScanTask& task : scan_.tasks) live_.emplace(task.data->file.file_path, &task);
    for (const DeleteFold& fold : request_.folds) touch(fold.spec_id, fold.partition).fold = true;
    for (std::size_t i = 0; i < request_.groups.size(); ++i) TARN_RETURN_IF_ERROR(take(i));
    for (const auto& file : scan_.delete_files) TARN_RETURN_IF_ERROR(look_at(*file));
    TARN_RETURN_IF_ERROR(write());
    resolved_.change.operation = std::string(iceberg::kOperationReplace);
    resolved_.change.data_sequence_number = request_.sequence_number;
    return std::move(resolved_);
  }

 private:
  Touched& touch(std::int32_t spec_id, const iceberg::PartitionTuple& partition) {
    const auto [at, is_new] = touched_.try_emplace(partition_key(spec_id, partition));
    if (is_new) {
      at->second.deletes.spec_id = spec_id;
      at->second.deletes.partition = partition;
    }
    return at->second;
  }

  /// Whether it is as it was when it was rewritten. The rows of a table that was of version 2 until now get
  /// their ids by the next commit, whosever it is: then the new file lacks them.
  bool is_live(const ScanTask& task) const {
    const auto found = live_.find(task.data->file.file_path);
    return found != live_.end() && found->second->data->file.first_row_id == task.data->file.first_row_id;
  }

  /// A group counts when all of its files are live; what was deleted of them since is looked up in the new
  /// one.
  Status take(std::size_t number) {
    const RewrittenGroup& rewritten = request_.groups[number];
    if (!std::ranges::all_of(rewritten.group.files, [&](const ScanTask& task) { return is_live(task); })) {
      resolved_.refused.push_back(number);
      return ok_status();
    }
    DeletedPositions& deleted = touch(rewritten.group.spec_id, rewritten.group.partition).deletes.positions;
    for (std::size_t i = 0; i < rewritten.group.files.size(); ++i) {
      const std::string& path = rewritten.group.files[i].data->file.file_path;
      for (const auto& file : live_.at(path)->deletes) {
        TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(file->file));
        const auto found = positions->find(path);
        if (found == positions->end()) continue;
        for (const std::int64_t position : found->second) {
          const auto at = static_cast<std::size_t>(position);
          if (at >= rewritten.places[i].size() || rewritten.places[i][at] == RewrittenGroup::kGone) continue;
          deleted[rewritten.files.front().file.file_path].push_back(rewritten.places[i][at]);
        }
      }
      removed_.insert(path);
      resolved_.change.removed_files.insert(path);
    }
    resolved_.change.data_files.insert(resolved_.change.data_files.end(), rewritten.files.begin(),
                                       rewritten.files.end());
    return ok_status();
  }

  /// A delete file of a partition that changes is left out when it names no live file any more, or is folded.
  /// A deletion vector is never folded, and says all that is deleted of its data file.
  Status look_at(const LiveFile& file) {
    const auto touched = touched_.find(partition_key(file.spec_id, file.file.partition));
    if (touched == touched_.end()) return ok_status();
    const bool is_vector = is_deletion_vector(file.file);
    const bool fold = touched->second.fold && !is_vector;
    TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(file.file));
    bool needed = false;
    for (const auto& [path, rows] : *positions) {
      const auto data = live_.find(path);
      if (data == live_.end() || removed_.contains(path)) continue;
      if (file.sequence_number < data->second->data->sequence_number) continue;
      if (!is_vector && has_vector(*data->second)) continue;
      needed = true;
      if (!fold) continue;
      auto& all = touched->second.deletes.positions[path];
      all.insert(all.end(), rows.begin(), rows.end());
    }
    if (!needed || fold) resolved_.change.removed_files.insert(delete_file_key(file.file));
    return ok_status();
  }

  Status write() {
    std::vector<PartitionDeletes> all;
    for (auto& [key, touched] : touched_) {
      for (auto& [path, positions] : touched.deletes.positions) {
        std::ranges::sort(positions);
        // Two delete files may name the same row.
        positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
        if (!live_.contains(path)) resolved_.carried_deletes += std::ssize(positions);
      }
      if (!touched.deletes.positions.empty()) all.push_back(std::move(touched.deletes));
    }
    TARN_ASSIGN_OR_RETURN(WrittenDeletes written, write_deletes(store_, cache_, metadata_, all,
                                                                {request_.batch_id, request_.first_number}));
    std::set<std::string> locations;  // the vectors of a Puffin file share theirs
    for (const NewFile& file : written.files) locations.insert(file.file.file_path);
    resolved_.written_locations.assign(locations.begin(), locations.end());
    resolved_.change.delete_files = std::move(written.files);
    resolved_.change.removed_files.merge(written.replaced);
    return ok_status();
  }

  io::ObjectStore& store_;
  ManifestCache& cache_;
  DeleteFileCache& deletes_;
  const iceberg::TableMetadata& metadata_;
  const ResolveRequest& request_;
  const Scan& scan_;
  std::unordered_map<std::string, const ScanTask*> live_;
  std::map<std::string, Touched> touched_;  // by partition_key()
  std::set<std::string> removed_;
  ResolvedCompaction resolved_;
};

}  // namespace

Result<ResolvedCompaction> resolve_compaction(io::ObjectStore& store, ManifestCache& cache,
                                              DeleteFileCache& deletes,
                                              const iceberg::TableMetadata& metadata,
                                              const ResolveRequest& request) {
  TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache, metadata));
  return Resolver(store, cache, deletes, metadata, request, scan).resolve();
}

}  // namespace tarn::table
