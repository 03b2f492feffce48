#include "table/deletes/write_deletes.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "table/deletes/former_deletes.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

constexpr std::int32_t kFirstWithVectors = 3;

std::string file_name(const DeleteFileNames& names, std::uint32_t number, const std::string& ending) {
  return file_name_prefix(names.batch_id) + std::to_string(number) + "-deletes." + ending;
}

Result<WrittenDeletes> write_files(io::ObjectStore& store, const iceberg::TableMetadata& metadata,
                                   std::span<const PartitionDeletes> deletes, const DeleteFileNames& names) {
  WrittenDeletes written;
  std::uint32_t number = names.first_number;
  for (const PartitionDeletes& some : deletes) {
    const iceberg::PartitionSpec* spec = metadata.spec_by_id(some.spec_id);
    if (spec == nullptr) return Error(kBadChange, "the table has no spec " + std::to_string(some.spec_id));
    const std::string location = data_file_location(metadata.location, spec->path_of(some.partition),
                                                    file_name(names, number++, "parquet"));
    TARN_ASSIGN_OR_RETURN(iceberg::DataFile file, write_position_deletes(store, location, some.positions));
    file.partition = some.partition;
    written.files.push_back({std::move(file), some.spec_id});
  }
  return written;
}

Result<WrittenDeletes> write_vectors(io::ObjectStore& store, ManifestCache& cache,
                                     const iceberg::TableMetadata& metadata,
                                     std::span<const PartitionDeletes> deletes,
                                     const DeleteFileNames& names) {
  std::map<std::string, const PartitionDeletes*> partitions;  // by data file
  std::set<std::string> data_files;
  for (const PartitionDeletes& some : deletes) {
    for (const auto& [path, positions] : some.positions) {
      partitions.emplace(path, &some);
      data_files.insert(path);
    }
  }
  TARN_ASSIGN_OR_RETURN(FormerDeletes former,
                        former_deletes(store, cache, metadata.current_snapshot(), data_files));
  WrittenDeletes written{.replaced = std::move(former.own_files)};
  std::uint32_t number = names.first_number;
  for (const auto& [path, some] : partitions) {
    DeletedPositions one;
    std::ranges::set_union(former.positions[path], some->positions.at(path), std::back_inserter(one[path]));
    const std::string location =
        data_file_location(metadata.location, "", file_name(names, number++, "puffin"));
    TARN_ASSIGN_OR_RETURN(auto vectors, write_deletion_vectors(store, location, one));
    vectors.front().partition = some->partition;
    written.files.push_back({std::move(vectors.front()), some->spec_id});
  }
  return written;
}

}  // namespace

Result<WrittenDeletes> write_deletes(io::ObjectStore& store, ManifestCache& cache,
                                     const iceberg::TableMetadata& metadata,
                                     std::span<const PartitionDeletes> deletes,
                                     const DeleteFileNames& names) {
  if (deletes.empty()) return WrittenDeletes();
  if (metadata.format_version < kFirstWithVectors) return write_files(store, metadata, deletes, names);
  return write_vectors(store, cache, metadata, deletes, names);
}

}  // namespace tarn::table
