#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/size.h"
#include "table/columns/partition_key.h"
#include "table/maintenance/compaction.h"

namespace tarn::table {
namespace {

// Files of three quarters of the target are big enough.
constexpr std::int64_t kSmallNumerator = 3;
constexpr std::int64_t kSmallDenominator = 4;
// Files below this part of the target are merged whatever the sizes of the others.
constexpr std::int64_t kTinyPart = 64;
// Every file of a group is open at once.
constexpr std::size_t kMaxGroupFiles = 200;

struct Candidate {
  const ScanTask* task = nullptr;
  std::int64_t deleted = 0;
  bool is_dirty = false;

  const iceberg::DataFile& file() const { return task->data->file; }
};

std::int64_t target_of(const iceberg::TableMetadata& metadata, const CompactionPolicy& policy) {
  const auto property = metadata.properties.find("write.target-file-size-bytes");
  if (property == metadata.properties.end()) return policy.target_file_bytes;
  const auto bytes = parse_size_bytes(property->second);
  return bytes && *bytes > 0 && *bytes < std::uint64_t{1} << 40 ? static_cast<std::int64_t>(*bytes)
                                                                : policy.target_file_bytes;
}

/// Plans one partition after the other, so that the delete files of one are held at a time.
class Planner {
 public:
  Planner(io::ObjectStore& store, const CompactionPolicy& policy, std::int64_t target)
      : store_(store), policy_(policy), target_(target) {}

  struct Partition {
    std::vector<const ScanTask*> tasks;
    std::vector<std::shared_ptr<const LiveFile>> deletes;
  };

  Status add(const Partition& partition, CompactionPlan& plan) {
    const std::size_t first_group = plan.groups.size();
    DeleteFileCache deletes(store_);
    std::vector<Candidate> candidates;
    for (const ScanTask* task : partition.tasks) {
      TARN_ASSIGN_OR_RETURN(Candidate candidate, look_at(deletes, *task));
      ++plan.before.data_files;
      ++plan.after.data_files;
      plan.before.size_bytes += candidate.file().file_size_bytes;
      plan.after.size_bytes += candidate.file().file_size_bytes;
      candidates.push_back(candidate);
    }
    for (const Candidate& picked : pick(candidates)) put(picked, first_group, plan);
    // A group of one file that holds no deletes has nothing to gain.
    const auto begin = plan.groups.begin() + static_cast<std::ptrdiff_t>(first_group);
    plan.groups.erase(std::remove_if(begin, plan.groups.end(),
                                     [](const FileGroup& group) {
                                       return group.files.size() < 2 && group.deleted_rows == 0;
                                     }),
                      plan.groups.end());
    std::set<std::string> gone;
    for (std::size_t i = first_group; i < plan.groups.size(); ++i) {
      const FileGroup& group = plan.groups[i];
      for (const ScanTask& task : group.files) gone.insert(task.data->file.file_path);
      const bool survives = group.deleted_rows < group.rows;
      plan.after.data_files -= static_cast<std::int64_t>(group.files.size()) - (survives ? 1 : 0);
      plan.after.size_bytes -= group.size_bytes * group.deleted_rows / std::max<std::int64_t>(1, group.rows);
    }
    return fold(partition, gone, deletes, plan);
  }

 private:
  Result<Candidate> look_at(DeleteFileCache& deletes, const ScanTask& task) const {
    Candidate candidate{.task = &task};
    for (const auto& file : task.deletes) {
      TARN_ASSIGN_OR_RETURN(const auto positions, deletes.get(file->file));
      const auto found = positions->find(task.data->file.file_path);
      if (found != positions->end()) candidate.deleted += std::ssize(found->second);
    }
    candidate.deleted = std::min(candidate.deleted, candidate.file().record_count);
    candidate.is_dirty = candidate.deleted > 0 && candidate.deleted * 100 >= candidate.file().record_count *
                                                                                 policy_.max_deleted_percent;
    return candidate;
  }

  struct Run {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  /// The first of `files`, ascending by size, that are worth a merge: each no bigger than about all
  /// before it together, so that a rewrite about doubles the file that a row lies in, and enough of them.
  Run run_of(std::span<const Candidate> files) const {
    const std::size_t least = std::max<std::size_t>(2, policy_.min_files);
    for (std::size_t begin = 0; begin < files.size(); ++begin) {
      std::int64_t sum = 0;
      std::size_t end = begin;
      while (end < files.size() && (end == begin || files[end].file().file_size_bytes <=
                                                        std::max(sum + sum / 4, target_ / kTinyPart)))
        sum += files[end++].file().file_size_bytes;
      if (end - begin >= least || (end - begin >= 2 && sum >= target_)) return {begin, end};
    }
    return {};
  }

  /// The files with many deleted rows, and the small ones where they are enough, oldest first.
  std::vector<Candidate> pick(const std::vector<Candidate>& candidates) const {
    std::vector<Candidate> small;
    std::vector<Candidate> picked;
    for (const Candidate& candidate : candidates) {
      const bool is_small = candidate.file().file_size_bytes < target_ * kSmallNumerator / kSmallDenominator;
      if (is_small)
        small.push_back(candidate);
      else if (candidate.is_dirty)
        picked.push_back(candidate);
    }
    std::ranges::stable_sort(small, {}, [](const Candidate& one) { return one.file().file_size_bytes; });
    const Run run = run_of(small);
    for (std::size_t i = 0; i < small.size(); ++i)
      if ((i >= run.begin && i < run.end) || small[i].is_dirty) picked.push_back(small[i]);
    std::ranges::stable_sort(picked, {},
                             [](const Candidate& one) { return one.task->data->sequence_number; });
    return picked;
  }

  /// Into the last group that the partition has begun, or a new one.
  void put(const Candidate& candidate, std::size_t first_group, CompactionPlan& plan) const {
    const iceberg::DataFile& file = candidate.file();
    const auto is_full = [&](const FileGroup& group) {
      const std::int64_t bytes = group.size_bytes + file.file_size_bytes;
      const std::int64_t held = bytes + 4 * (group.rows + file.record_count);
      return bytes > target_ || held > policy_.memory_bytes || group.files.size() >= kMaxGroupFiles;
    };
    if (plan.groups.size() == first_group || is_full(plan.groups.back()))
      plan.groups.push_back({.spec_id = candidate.task->data->spec_id, .partition = file.partition});
    FileGroup& group = plan.groups.back();
    group.files.push_back(*candidate.task);
    group.size_bytes += file.file_size_bytes;
    group.rows += file.record_count;
    group.deleted_rows += candidate.deleted;
  }

  /// Counts the delete files that stay, and folds them where they are many.
  Status fold(const Partition& partition, const std::set<std::string>& gone, DeleteFileCache& deletes,
              CompactionPlan& plan) const {
    if (partition.deletes.empty()) return ok_status();
    std::set<std::string> staying;
    for (const ScanTask* task : partition.tasks)
      if (!gone.contains(task->data->file.file_path)) staying.insert(task->data->file.file_path);
    std::int64_t needed = 0;
    std::int64_t vectors = 0;  // of those: one for each data file is as it should be
    for (const auto& file : partition.deletes) {
      TARN_ASSIGN_OR_RETURN(const auto positions, deletes.get(file->file));
      const bool is_needed =
          std::ranges::any_of(*positions, [&](const auto& one) { return staying.contains(one.first); });
      needed += is_needed ? 1 : 0;
      vectors += is_needed && is_deletion_vector(file->file) ? 1 : 0;
      plan.before.size_bytes += stored_bytes(file->file);
      plan.after.size_bytes += stored_bytes(file->file);
    }
    const std::int64_t count = std::ssize(partition.deletes);
    const auto many = static_cast<std::int64_t>(std::max<std::size_t>(2, policy_.min_files));
    plan.before.delete_files += count;
    if (needed - vectors >= many || count - needed >= many) {
      const LiveFile& first = *partition.deletes.front();
      plan.folds.push_back({first.spec_id, first.file.partition});
      plan.after.delete_files += vectors + (needed > vectors ? 1 : 0);
    } else {
      plan.after.delete_files += gone.empty() ? count : needed;
    }
    return ok_status();
  }

  io::ObjectStore& store_;
  const CompactionPolicy& policy_;
  std::int64_t target_;
};

}  // namespace

Result<CompactionPlan> plan_compaction(io::ObjectStore& store, ManifestCache& cache,
                                       const iceberg::TableMetadata& metadata,
                                       const CompactionPolicy& policy) {
  TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache, metadata));
  CompactionPlan plan{.snapshot_id = scan.snapshot_id};
  if (!scan.snapshot_id) return plan;
  plan.sequence_number = metadata.current_snapshot()->sequence_number;
  std::map<std::string, Planner::Partition> partitions;
  for (const ScanTask& task : scan.tasks)
    partitions[partition_key(task.data->spec_id, task.data->file.partition)].tasks.push_back(&task);
  for (const auto& file : scan.delete_files)
    partitions[partition_key(file->spec_id, file->file.partition)].deletes.push_back(file);
  Planner planner(store, policy, target_of(metadata, policy));
  for (const auto& [key, partition] : partitions) TARN_RETURN_IF_ERROR(planner.add(partition, plan));
  return plan;
}

}  // namespace tarn::table
