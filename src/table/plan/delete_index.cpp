#include "table/plan/delete_index.h"

#include <algorithm>

#include "table/columns/partition_key.h"

namespace tarn::table {
namespace {

using Files = std::vector<DeleteIndex::File>;

// The newest first, so that a search may end at the first that is older than the data.
void newest_first(Files& files) {
  std::ranges::stable_sort(files, std::ranges::greater(),
                           [](const DeleteIndex::File& file) { return file->sequence_number; });
}

bool may_name(const iceberg::DataFile& deletes, const std::string& path) {
  const std::string* lower = deletes.lower_bounds.find(iceberg::kDeleteFilePathId);
  const std::string* upper = deletes.upper_bounds.find(iceberg::kDeleteFilePathId);
  return (lower == nullptr || *lower <= path) && (upper == nullptr || *upper >= path);
}

// Those not older than the data: rows may be added and deleted by position in one snapshot.
void collect_positions(const Files& files, const LiveFile& data, Files& found) {
  for (const DeleteIndex::File& file : files) {
    if (file->sequence_number < data.sequence_number) break;
    if (may_name(file->file, data.file.file_path)) found.push_back(file);
  }
}

// Those newer than the data only.
void collect_equality(const Files& files, const LiveFile& data, Files& found) {
  for (const DeleteIndex::File& file : files) {
    if (file->sequence_number <= data.sequence_number) break;
    found.push_back(file);
  }
}

}  // namespace

void DeleteIndex::add(const File& file, bool unpartitioned) {
  const bool equality = file->file.content == iceberg::FileContent::kEqualityDeletes;
  if (equality && unpartitioned) {
    equality_everywhere_.push_back(file);
  } else if (!equality && file->file.referenced_data_file) {
    positions_by_path_[*file->file.referenced_data_file].push_back(file);
  } else {
    auto& files = equality ? equality_by_partition_ : positions_by_partition_;
    files[partition_key(file->spec_id, file->file.partition)].push_back(file);
  }
}

void DeleteIndex::seal() {
  for (auto* files : {&positions_by_partition_, &positions_by_path_, &equality_by_partition_})
    for (auto& [key, list] : *files) newest_first(list);
  newest_first(equality_everywhere_);
}

std::vector<DeleteIndex::File> DeleteIndex::applying_to(const LiveFile& data) const {
  Files found;
  if (const auto at = positions_by_path_.find(data.file.file_path); at != positions_by_path_.end())
    collect_positions(at->second, data, found);
  // A deletion vector holds what earlier position deletes held too (Iceberg spec, "Deletion Vectors").
  const bool has_vector = std::ranges::any_of(
      found, [](const File& file) { return file->file.file_format == iceberg::FileFormat::kPuffin; });
  if (!positions_by_partition_.empty() || !equality_by_partition_.empty()) {
    const std::string key = partition_key(data.spec_id, data.file.partition);
    const auto positions = positions_by_partition_.find(key);
    if (!has_vector && positions != positions_by_partition_.end())
      collect_positions(positions->second, data, found);
    if (const auto at = equality_by_partition_.find(key); at != equality_by_partition_.end())
      collect_equality(at->second, data, found);
  }
  collect_equality(equality_everywhere_, data, found);
  return found;
}

}  // namespace tarn::table
