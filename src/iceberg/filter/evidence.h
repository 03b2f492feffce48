#pragma once

#include <cstdint>
#include <vector>

#include "iceberg/filter/filter.h"
#include "iceberg/filter/value_range.h"
#include "iceberg/manifest.h"
#include "iceberg/partition_spec.h"

/// What partitions and metrics say about a filter, before any row is read (Iceberg spec, "Scan Planning").
/// Pure; the schema is the one that the filter is bound to.
namespace tarn::iceberg {

/// What is left of a filter for the rows of a file: predicates that hold for all of its rows, or for none,
/// are decided. Kind::kFalse: no row can match, Kind::kTrue: every row does.
Filter residual(const Filter& filter, const DataFile& file, const PartitionSpec& spec, const Schema& schema);

/// False when no file of a manifest can match, by what the manifest list says of its partitions.
/// `partition_type` is the spec's.
bool may_match(const Filter& filter, const ManifestFile& manifest, const PartitionSpec& spec,
               const Type& partition_type, const Schema& schema);

}  // namespace tarn::iceberg
