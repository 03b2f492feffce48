#include "table/columns/snapshot_summary.h"

#include <charconv>
#include <optional>

#include "table/columns/partition_key.h"
#include "table/deletes/delete_file.h"

namespace tarn::table {
namespace {

using Summary = std::map<std::string, std::string>;

std::optional<std::int64_t> number_of(const Summary* summary, const std::string& key) {
  if (summary == nullptr) return 0;
  const auto found = summary->find(key);
  if (found == summary->end()) return std::nullopt;
  std::int64_t value = 0;
  const char* end = found->second.data() + found->second.size();
  const auto parsed = std::from_chars(found->second.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value < 0) return std::nullopt;
  return value;
}

void put(Summary& summary, const std::string& key, std::int64_t count) {
  if (count > 0) summary[key] = std::to_string(count);
}

}  // namespace

void SnapshotSummary::count(Counts& counts, const iceberg::DataFile& file, std::int32_t spec_id) {
  partitions_.insert(partition_key(spec_id, file.partition));
  counts.size_bytes += stored_bytes(file);
  switch (file.content) {
    case iceberg::FileContent::kData:
      ++counts.data_files;
      counts.records += file.record_count;
      break;
    case iceberg::FileContent::kPositionDeletes:
      ++counts.delete_files;
      ++(is_deletion_vector(file) ? counts.vectors : counts.position_delete_files);
      counts.position_deletes += file.record_count;
      break;
    case iceberg::FileContent::kEqualityDeletes:
      ++counts.delete_files;
      ++counts.equality_delete_files;
      counts.equality_deletes += file.record_count;
      break;
  }
}

Summary SnapshotSummary::write(const Summary* parent) const {
  Summary summary;
  put(summary, "added-data-files", added_.data_files);
  put(summary, "deleted-data-files", removed_.data_files);
  put(summary, "added-delete-files", added_.delete_files);
  put(summary, "removed-delete-files", removed_.delete_files);
  put(summary, "added-position-delete-files", added_.position_delete_files);
  put(summary, "removed-position-delete-files", removed_.position_delete_files);
  put(summary, "added-dvs", added_.vectors);
  put(summary, "removed-dvs", removed_.vectors);
  put(summary, "removed-equality-delete-files", removed_.equality_delete_files);
  put(summary, "added-records", added_.records);
  put(summary, "deleted-records", removed_.records);
  put(summary, "added-position-deletes", added_.position_deletes);
  put(summary, "removed-position-deletes", removed_.position_deletes);
  put(summary, "removed-equality-deletes", removed_.equality_deletes);
  put(summary, "added-files-size", added_.size_bytes);
  put(summary, "removed-files-size", removed_.size_bytes);
  summary["changed-partition-count"] = std::to_string(partitions_.size());

  const auto total = [&](const std::string& key, std::int64_t added, std::int64_t removed) {
    const std::optional<std::int64_t> before = number_of(parent, key);
    if (before && *before + added >= removed) summary[key] = std::to_string(*before + added - removed);
  };
  total("total-data-files", added_.data_files, removed_.data_files);
  total("total-delete-files", added_.delete_files, removed_.delete_files);
  total("total-records", added_.records, removed_.records);
  total("total-position-deletes", added_.position_deletes, removed_.position_deletes);
  total("total-equality-deletes", added_.equality_deletes, removed_.equality_deletes);
  total("total-files-size", added_.size_bytes, removed_.size_bytes);
  return summary;
}

}  // namespace tarn::table
