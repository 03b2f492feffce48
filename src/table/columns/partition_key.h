#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iceberg/partition_spec.h"
#include "iceberg/table_metadata.h"

namespace tarn::table {

/// Bytes that are equal for equal partitions of equal specs only; usable as a key, and read back by
/// partition_from_key().
std::string partition_key(std::int32_t spec_id, const iceberg::PartitionTuple& tuple);

/// The spec id of a key; -1 when it is damaged.
std::int32_t spec_of_key(std::string_view key);

/// The tuple of a key. `type` is PartitionSpec::partition_type(). Errors: iceberg.bad_value.
Result<iceberg::PartitionTuple> partition_from_key(std::string_view key, const iceberg::Type& type);

/// The schema that a spec's partitions are written with: the current one, or, where columns that the spec
/// needs were dropped since, the latest that has them all. Valid as long as `metadata`.
const iceberg::Schema& schema_of_spec(const iceberg::TableMetadata& metadata,
                                      const iceberg::PartitionSpec& spec);

}  // namespace tarn::table
