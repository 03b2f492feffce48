#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "iceberg/manifest.h"

namespace tarn::table {

/// A live file of a snapshot.
struct LiveFile {
  iceberg::DataFile file;
  std::int32_t spec_id = 0;
  std::int64_t sequence_number = 0;
  std::int64_t snapshot_id = 0;  ///< Of the snapshot that added it.
};

/// The delete files of a snapshot, found by what they apply to (Iceberg spec, "Scan Planning"). Filled by one
/// thread; after seal() it may be asked by many.
class DeleteIndex {
 public:
  using File = std::shared_ptr<const LiveFile>;

  /// `unpartitioned`: the file's spec has no fields, so that its equality deletes apply everywhere.
  void add(const File& file, bool unpartitioned);
  void seal();
  std::vector<File> applying_to(const LiveFile& data) const;

 private:
  using Files = std::vector<File>;
  std::unordered_map<std::string, Files> positions_by_partition_;
  std::unordered_map<std::string, Files> positions_by_path_;
  std::unordered_map<std::string, Files> equality_by_partition_;
  Files equality_everywhere_;
};

}  // namespace tarn::table
