#include "table/deletes/former_deletes.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "iceberg/types.h"

namespace tarn::table {
namespace {

using iceberg::DataFile;
using iceberg::ManifestContent;
using iceberg::ManifestEntry;

class Search {
 public:
  Search(io::ObjectStore& store, ManifestCache& cache, const std::set<std::string>& data_files)
      : cache_(cache), data_files_(data_files), deletes_(store) {}

  Result<FormerDeletes> run(const iceberg::Snapshot& snapshot) {
    TARN_ASSIGN_OR_RETURN(const auto list, cache_.manifest_list(snapshot));
    TARN_RETURN_IF_ERROR(visit(*list, ManifestContent::kDeletes, [&](const ManifestEntry& entry) {
      if (may_name_any(entry.file)) candidates_.push_back(entry);
    }));
    const auto files = std::ranges::partition(
        candidates_, [](const ManifestEntry& entry) { return is_deletion_vector(entry.file); });
    for (auto vector = candidates_.begin(); vector != files.begin(); ++vector)
      TARN_RETURN_IF_ERROR(take_vector(vector->file));
    if (!files.empty()) {
      TARN_RETURN_IF_ERROR(visit(*list, ManifestContent::kData, [&](const ManifestEntry& entry) {
        if (data_files_.contains(entry.file.file_path))
          sequence_numbers_[entry.file.file_path] = entry.sequence_number.value_or(0);
      }));
    }
    for (const ManifestEntry& file : files) TARN_RETURN_IF_ERROR(take_file(file));
    for (auto& [path, positions] : found_.positions) {
      std::ranges::sort(positions);
      positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    }
    return std::move(found_);
  }

 private:
  template <std::invocable<const ManifestEntry&> Visit>
  Status visit(const std::vector<iceberg::ManifestFile>& list, ManifestContent content, Visit visit_entry) {
    for (const iceberg::ManifestFile& file : list) {
      if (file.content != content || !file.has_live_files()) continue;
      TARN_ASSIGN_OR_RETURN(const auto manifest, cache_.manifest(file));
      for (const ManifestEntry& entry : manifest->entries)
        if (entry.status != iceberg::EntryStatus::kDeleted) visit_entry(entry);
    }
    return ok_status();
  }

  bool may_name_any(const DataFile& file) const {
    if (file.content != iceberg::FileContent::kPositionDeletes) return false;
    if (file.referenced_data_file) return data_files_.contains(*file.referenced_data_file);
    const std::string* lower = file.lower_bounds.find(iceberg::kDeleteFilePathId);
    const std::string* upper = file.upper_bounds.find(iceberg::kDeleteFilePathId);
    const auto first = lower == nullptr ? data_files_.begin() : data_files_.lower_bound(*lower);
    return first != data_files_.end() && (upper == nullptr || *first <= *upper);
  }

  Status take_vector(const DataFile& vector) {
    TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(vector));
    for (const auto& [path, rows] : *positions) add(path, rows);
    has_vector_.insert(*vector.referenced_data_file);
    found_.own_files.insert(delete_file_key(vector));
    return ok_status();
  }

  /// What a file of version 2 deletes of a data file with a vector, the vector deletes, too.
  Status take_file(const ManifestEntry& entry) {
    if (entry.file.referenced_data_file) found_.own_files.insert(delete_file_key(entry.file));
    TARN_ASSIGN_OR_RETURN(const auto positions, deletes_.get(entry.file));
    for (const auto& [path, rows] : *positions) {
      const auto data = sequence_numbers_.find(path);
      const bool applies =
          data != sequence_numbers_.end() && entry.sequence_number.value_or(0) >= data->second;
      if (applies && !has_vector_.contains(path)) add(path, rows);
    }
    return ok_status();
  }

  void add(const std::string& path, const std::vector<std::int64_t>& rows) {
    auto& all = found_.positions[path];
    all.insert(all.end(), rows.begin(), rows.end());
  }

  ManifestCache& cache_;
  const std::set<std::string>& data_files_;
  DeleteFileCache deletes_;
  std::vector<ManifestEntry> candidates_;
  std::set<std::string> has_vector_;
  std::map<std::string, std::int64_t> sequence_numbers_;
  FormerDeletes found_;
};

}  // namespace

Result<FormerDeletes> former_deletes(io::ObjectStore& store, ManifestCache& cache,
                                     const iceberg::Snapshot* snapshot,
                                     const std::set<std::string>& data_files) {
  if (snapshot == nullptr || data_files.empty()) return FormerDeletes();
  return Search(store, cache, data_files).run(*snapshot);
}

}  // namespace tarn::table
