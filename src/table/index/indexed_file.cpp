#include "table/index/indexed_file.h"

#include <utility>

#include "table/columns/partition_key.h"
#include "table/errors.h"

namespace tarn::table {

KeyDatabase::File database_file(std::string path, std::int32_t spec_id,
                                const iceberg::PartitionTuple& partition) {
  return {std::move(path), partition_key(spec_id, partition)};
}

Result<IndexedFile> indexed_file(const KeyDatabase& database, std::uint64_t file_id,
                                 const iceberg::TableMetadata& metadata) {
  TARN_ASSIGN_OR_RETURN(const KeyDatabase::File file, database.file(file_id));
  const iceberg::PartitionSpec* spec = metadata.spec_by_id(spec_of_key(file.partition_key));
  if (spec == nullptr) return Error(kIndexFailed, "the index names a partition spec that the table lacks");
  TARN_ASSIGN_OR_RETURN(const iceberg::Type type, spec->partition_type(schema_of_spec(metadata, *spec)));
  TARN_ASSIGN_OR_RETURN(auto partition, partition_from_key(file.partition_key, type));
  return IndexedFile{file.path, spec->spec_id, std::move(partition)};
}

}  // namespace tarn::table
