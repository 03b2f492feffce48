#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "table/columns/partition_key.h"
#include "table/maintenance/compaction.h"

namespace tarn::table {
namespace {

/// Positions of one partition that the new snapshot deletes.
struct PartitionDeletes {
  std::int32_t spec_id = 0;
  iceberg::PartitionTuple partition;
  bool fold = false;
  DeletedPositions positions;
};

class Resolver {
 public:
  Resolver(io::ObjectStore& store, DeleteFileCache& deletes, const iceberg::TableMetadata& metadata,
           const ResolveRequest& request, const Scan& scan)
      : store_(store), deletes_(deletes), metadata_(metadata), request_(request), scan_(scan) {}

  Result<ResolvedCompaction> resolve() {
    for (const ScanTask& task : scan_.tasks) live_.emplace(task.data->file.file_path, &task);
    for (const DeleteFold& fold : request_.folds) touch(fold.spec_id, fold.partition).fold = true;
    for (std::size_t i = 0; i < request_.groups.size(); ++i) TARN_RETURN_IF_ERROR(take(i));
    for (const auto& file : scan_.delete_files) TARN_RETURN_IF_ERROR(look_at(*file));
    TARN_RETURN_IF_ERROR(write_deletes());
    resolved_.change.operation = std::string(iceberg::kOperationReplace);
    resolved_.change.data_sequence_number = request_.sequence_number;
    return std::move(resolved_);
  }

 private:
  PartitionDeletes& touch(std::int32_t spec_id, const iceberg::PartitionTuple& partition) {
    const auto [at, is_new] = touched_.try_emplace(partition_key(spec_id, partition));
    if (is_new) {
      at->second.spec_id = spec_id;
      at->second.partition = partition;
    }
    return at->second;
  }

  /// A group counts when all of its files are live; what was deleted of them since is looked up in the new
  /// one.
  Status take(std::size_t number) {
    const RewrittenGroup& rewritten = request_.groups[number];
    const auto is_live = [&](const ScanTask& task) { return live_.contains(task.data->file.file_path); };
    if (!std::ranges::all_of(rewritten.group.files, is_live)) {
      resolved_.refused.push_back(number);
      return ok_status();
    }
    PartitionDeletes& partition = touch(rewritten.group.spec_id, rewritten.group.partition);
    for (std::size_t i = 0; i < rewritten.group.files.size(); ++i) {
      const std::string& path = rewritten.group.files[i].data->file.file_path;
      for (const auto& file : live_.at(path)->deletes) {
        TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(file->file));
        const auto found = positions->find(path);
        if (found == positions->end()) continue;
        for (const std::int64_t position : found->second) {
          const auto at = static_cast<std::size_t>(position);
          if (at >= rewritten.places[i].size() || rewritten.places[i][at] == RewrittenGroup::kGone) continue;
          partition.positions[rewritten.files.front().file.file_path].push_back(rewritten.places[i][at]);
        }
      }
      removed_.insert(path);
      resolved_.change.removed_paths.push_back(path);
    }
    resolved_.change.data_files.insert(resolved_.change.data_files.end(), rewritten.files.begin(),
                                       rewritten.files.end());
    return ok_status();
  }

  /// A delete file of a partition that changes is left out when it names no live file any more, or is folded.
  Status look_at(const LiveFile& file) {
    const auto partition = touched_.find(partition_key(file.spec_id, file.file.partition));
    if (partition == touched_.end()) return ok_status();
    TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(file.file));
    bool needed = false;
    for (const auto& [path, rows] : *positions) {
      const auto data = live_.find(path);
      if (data == live_.end() || removed_.contains(path)) continue;
      if (file.sequence_number < data->second->data->sequence_number) continue;
      needed = true;
      if (!partition->second.fold) continue;
      auto& all = partition->second.positions[path];
      all.insert(all.end(), rows.begin(), rows.end());
    }
    if (!needed || partition->second.fold) resolved_.change.removed_paths.push_back(file.file.file_path);
    return ok_status();
  }

  Status write_deletes() {
    std::uint32_t number = request_.first_number;
    for (auto& [key, partition] : touched_) {
      for (auto& [path, positions] : partition.positions) {
        std::ranges::sort(positions);
        // Two delete files may name the same row.
        positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
        if (!live_.contains(path)) resolved_.carried_deletes += std::ssize(positions);
      }
      if (partition.positions.empty()) continue;
      const iceberg::PartitionSpec& spec = *metadata_.spec_by_id(partition.spec_id);
      const std::string name =
          file_name_prefix(request_.batch_id) + std::to_string(number++) + "-deletes.parquet";
      const std::string location =
          data_file_location(metadata_.location, spec.path_of(partition.partition), name);
      resolved_.written_locations.push_back(location);
      TARN_ASSIGN_OR_RETURN(auto file, write_position_deletes(store_, location, partition.positions));
      file.partition = partition.partition;
      resolved_.change.delete_files.push_back({std::move(file), partition.spec_id});
    }
    return ok_status();
  }

  io::ObjectStore& store_;
  DeleteFileCache& deletes_;
  const iceberg::TableMetadata& metadata_;
  const ResolveRequest& request_;
  const Scan& scan_;
  std::unordered_map<std::string, const ScanTask*> live_;
  std::map<std::string, PartitionDeletes> touched_;  // by partition_key()
  std::set<std::string> removed_;
  ResolvedCompaction resolved_;
};

}  // namespace

Result<ResolvedCompaction> resolve_compaction(io::ObjectStore& store, ManifestCache& cache,
                                              DeleteFileCache& deletes,
                                              const iceberg::TableMetadata& metadata,
                                              const ResolveRequest& request) {
  TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache, metadata));
  return Resolver(store, deletes, metadata, request, scan).resolve();
}

}  // namespace tarn::table
