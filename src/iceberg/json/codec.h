#pragma once

#include "iceberg/json/view.h"
#include "iceberg/literal.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/snapshot.h"
#include "iceberg/sort_order.h"
#include "iceberg/table_metadata.h"
#include "iceberg/types.h"
#include "iceberg/update.h"
#include "iceberg/view_metadata.h"

/// The parts of the JSON forms (Iceberg spec, Appendix C), for one another's use. The public forms take
/// texts.
namespace tarn::iceberg {

Json json_of(const Type& type);
Json json_of(const Schema& schema);
Json json_of(const Literal& literal);
Json json_of_fields(const PartitionSpec& spec);
Json json_of(const PartitionSpec& spec);
Json json_of(const SortOrder& order);
Json json_of(const Snapshot& snapshot);
Json json_of(const SnapshotRef& ref);
Json json_of(const StatisticsFile& file);
Json json_of(const PartitionStatisticsFile& file);
Json json_of(const EncryptedKey& key);
Json json_of(const TableMetadata& table);

Result<Type> type_from(const JsonView& view, int depth = 0);
/// `default_schema_id` where the schema does not say (v1).
Result<Schema> schema_from(const JsonView& view, std::int32_t default_schema_id = 0);
Result<Literal> literal_from(const Type& type, const JsonView& view);
Result<PartitionSpec> partition_fields_from(std::int32_t spec_id, const JsonView& view);
Result<PartitionSpec> partition_spec_from(const JsonView& view);
Result<SortOrder> sort_order_from(const JsonView& view);
Result<Snapshot> snapshot_from(const JsonView& view);
Result<SnapshotRef> snapshot_ref_from(const JsonView& view);
Result<StatisticsFile> statistics_from(const JsonView& view);
Result<PartitionStatisticsFile> partition_statistics_from(const JsonView& view);
Result<EncryptedKey> encrypted_key_from(const JsonView& view);
Result<TableMetadata> table_metadata_from(const JsonView& view);

/// One of a commit's "updates" or "requirements". Errors: iceberg.bad_update and those of the parts.
Result<TableUpdate> update_from(const JsonView& view);
Result<TableRequirement> requirement_from(const JsonView& view);
Result<ViewVersion> view_version_from(const JsonView& view);
Result<ViewUpdate> view_update_from(const JsonView& view);
Result<AssertViewUuid> view_requirement_from(const JsonView& view);

}  // namespace tarn::iceberg
