#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "table/columns/partition_key.h"
#include "table/key_index.h"
#include "table/upsert.h"

namespace tarn::table {

/// Gathers positions to delete by the partition of their files, which `Index` knows by their ids.
template <typename Index>
  requires requires(const Index& index, std::uint64_t id, const iceberg::TableMetadata& metadata) {
    { index.file(id, metadata) } -> std::same_as<Result<IndexedFile>>;
  }
class DeleteCollector {
 public:
  DeleteCollector(const Index& index, const iceberg::TableMetadata& metadata)
      : index_(index), metadata_(metadata) {}

  Status add(const IndexedRow& row) { return add(row.file_id, row.position); }
  Status add(std::uint64_t file_id, std::int64_t position) {
    auto at = files_.find(file_id);
    if (at == files_.end()) {
      TARN_ASSIGN_OR_RETURN(IndexedFile file, index_.file(file_id, metadata_));
      at = files_.emplace(file_id, Positions{std::move(file), {}}).first;
    }
    at->second.positions.push_back(position);
    return ok_status();
  }

  std::vector<UpsertPlan::PartitionDeletes> finish() && {
    std::map<std::string, UpsertPlan::PartitionDeletes> by_partition;
    for (auto& [id, entry] : files_) {
      auto& deletes = by_partition[partition_key(entry.file.spec_id, entry.file.partition)];
      deletes.spec_id = entry.file.spec_id;
      deletes.partition = entry.file.partition;
      // A file that was met twice by a rebuild has two ids.
      auto& positions = deletes.positions[entry.file.path];
      positions.insert(positions.end(), entry.positions.begin(), entry.positions.end());
    }
    std::vector<UpsertPlan::PartitionDeletes> result;
    for (auto& [key, deletes] : by_partition) {
      for (auto& [path, positions] : deletes.positions) std::ranges::sort(positions);
      result.push_back(std::move(deletes));
    }
    return result;
  }

 private:
  struct Positions {
    IndexedFile file;
    std::vector<std::int64_t> positions;
  };
  const Index& index_;
  const iceberg::TableMetadata& metadata_;
  std::unordered_map<std::uint64_t, Positions> files_;
};

}  // namespace tarn::table
