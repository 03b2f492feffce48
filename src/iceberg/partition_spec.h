#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/transform.h"

namespace tarn::iceberg {

/// The values of a file's partition, in the order of its spec's fields; nothing means null.
using PartitionTuple = std::vector<std::optional<Literal>>;

inline constexpr std::int32_t kFirstPartitionFieldId = 1000;

struct PartitionField {
  std::int32_t source_id = 0;  ///< Of the schema's column.
  std::int32_t field_id = 0;   ///< Of the partition field, from 1000 on.
  std::string name = {};
  Transform transform = {};
  bool operator==(const PartitionField&) const = default;
};

/// A column and what to do with it, before ids are known.
struct PartitionTerm {
  std::string column = {};  ///< Full name.
  Transform transform = {};
  std::string name =
      "";  ///< Empty: column, column_bucket, column_trunc, column_year, … as the reference names them.
};

/// How rows become partitions (Iceberg spec, "Partitioning"). A plain value.
struct PartitionSpec {
  std::int32_t spec_id = 0;
  std::vector<PartitionField> fields = {};

  bool is_unpartitioned() const { return fields.empty(); }
  /// kFirstPartitionFieldId - 1 when there are no fields.
  std::int32_t highest_field_id() const;
  /// Same sources, transforms and names in the same order; ids do not count.
  bool is_equivalent(const PartitionSpec& other) const;

  /// A spec from columns of `schema`, its field ids 1000, 1001, … Errors: iceberg.bad_partition_spec,
  /// iceberg.column_not_found, iceberg.bad_transform.
  static Result<PartitionSpec> bind(const Schema& schema, std::span<const PartitionTerm> terms);
  /// Every source exists, is primitive, outside of lists and maps, and fits its transform; names are unique
  /// and clash with no column but by identity. Errors: iceberg.bad_partition_spec, iceberg.bad_transform.
  Status validate(const Schema& schema) const;
  /// The struct type of a partition tuple; every field optional. A field whose source was dropped, or whose
  /// transform is unknown, has the type string. Errors: iceberg.bad_transform.
  Result<Type> partition_type(const Schema& schema) const;
  /// "admitted_at_month=2024-02/facility_bucket=3", names and values percent-encoded; empty when
  /// unpartitioned. Requires `tuple` to have as many values as the spec has fields.
  std::string path_of(std::span<const std::optional<Literal>> tuple) const;

  std::string to_json() const;
  /// The array of fields alone, as manifests hold it.
  std::string fields_to_json() const;
  static Result<PartitionSpec> from_json(std::string_view json);
  static Result<PartitionSpec> from_fields_json(std::int32_t spec_id, std::string_view json);

  bool operator==(const PartitionSpec&) const = default;
};

}  // namespace tarn::iceberg
