#include "iceberg/binary/manifest_schema.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "iceberg/json/text_encoding.h"
#include "iceberg/json/view.h"

namespace tarn::iceberg {
namespace {

Json field(std::int32_t id, std::string_view name, Json type) {
  return {{"name", name}, {"field-id", id}, {"type", std::move(type)}};
}

Json optional_field(std::int32_t id, std::string_view name, Json type) {
  Json json = field(id, name, Json::array({"null", std::move(type)}));
  json["default"] = nullptr;
  return json;
}

Json record(std::string_view name, Json fields) {
  return {{"type", "record"}, {"name", name}, {"fields", std::move(fields)}};
}

/// A map with int keys, which Avro has as an array of pairs.
Json column_map(std::int32_t id, std::string_view name, std::int32_t key_id, std::int32_t value_id,
                Json value_type) {
  const std::string pair_name = fmt::format("k{}_v{}", key_id, value_id);
  const Json pair = record(
      pair_name, Json::array({field(key_id, "key", "int"), field(value_id, "value", std::move(value_type))}));
  return optional_field(id, name, {{"type", "array"}, {"logicalType", "map"}, {"items", pair}});
}

Json list_field(std::int32_t id, std::string_view name, std::int32_t element_id, Json items) {
  return optional_field(id, name,
                        {{"type", "array"}, {"element-id", element_id}, {"items", std::move(items)}});
}

/// Fixed types are named after their field, because Avro defines a name once.
Json partition_value_type(const NestedField& part) {
  const Type& type = part.type;
  switch (type.id()) {
    case TypeId::kDate:
      return {{"type", "int"}, {"logicalType", "date"}};
    case TypeId::kTime:
      return {{"type", "long"}, {"logicalType", "time-micros"}};
    case TypeId::kTimestamp:
      return {{"type", "long"}, {"logicalType", "timestamp-micros"}, {"adjust-to-utc", false}};
    case TypeId::kTimestamptz:
      return {{"type", "long"}, {"logicalType", "timestamp-micros"}, {"adjust-to-utc", true}};
    case TypeId::kUuid:
      return {{"type", "fixed"},
              {"size", 16},
              {"logicalType", "uuid"},
              {"name", fmt::format("uuid_{}", part.id)}};
    case TypeId::kFixed:
      return {{"type", "fixed"}, {"size", type.length()}, {"name", fmt::format("fixed_{}", part.id)}};
    case TypeId::kDecimal:
      return {{"type", "fixed"},          {"size", decimal_width_bytes(type.precision())},
              {"logicalType", "decimal"}, {"precision", type.precision()},
              {"scale", type.scale()},    {"name", fmt::format("decimal_{}", part.id)}};
    case TypeId::kBinary:
      return "bytes";
    default:
      return type.to_string();  // boolean, int, long, float, double and string are called the same.
  }
}

/// A name as Avro allows it, made as the reference does: "_x" and the code in hexadecimal for other
/// characters.
std::string avro_name(std::string_view name) {
  std::string safe;
  for (std::size_t at = 0; at < name.size();) {
    const char c = name[at];
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (letter || (digit && at > 0)) {
      safe.push_back(c);
    } else if (digit) {
      safe += fmt::format("_{}", c);
    } else {
      safe += fmt::format("_x{:X}", static_cast<std::uint32_t>(code_point_at(name, at)));
    }
    at += code_point_length(name, at).value_or(1);
  }
  return safe;
}

Json partition_fields(const Type& partition_type) {
  Json fields = Json::array();
  for (const NestedField& part : partition_type.fields()) {
    const std::string name = avro_name(part.name);
    Json item = optional_field(part.id, name, partition_value_type(part));
    if (name != part.name) item["iceberg-field-name"] = part.name;
    fields.push_back(std::move(item));
  }
  return fields;
}

}  // namespace

std::int32_t decimal_width_bytes(std::int32_t precision) {
  // The smallest width whose greatest value, 2^(8 * width - 1) - 1, has room for all digits.
  std::int32_t width = 1;
  for (double digits = 2.1072; digits < precision && width < 16; digits += 2.40824) ++width;
  return width;
}

std::string manifest_entry_schema(const Type& partition_type, std::int32_t format_version) {
  Json fields =
      Json::array({field(file_id::kContent, "content", "int"), field(file_id::kPath, "file_path", "string"),
                   field(file_id::kFormat, "file_format", "string"),
                   field(file_id::kPartition, "partition", record("r102", partition_fields(partition_type))),
                   field(file_id::kRecordCount, "record_count", "long"),
                   field(file_id::kSizeBytes, "file_size_in_bytes", "long"),
                   column_map(file_id::kColumnSizes, "column_sizes", 117, 118, "long"),
                   column_map(file_id::kValueCounts, "value_counts", 119, 120, "long"),
                   column_map(file_id::kNullValueCounts, "null_value_counts", 121, 122, "long"),
                   column_map(file_id::kNanValueCounts, "nan_value_counts", 138, 139, "long"),
                   column_map(file_id::kLowerBounds, "lower_bounds", 126, 127, "bytes"),
                   column_map(file_id::kUpperBounds, "upper_bounds", 129, 130, "bytes"),
                   optional_field(file_id::kKeyMetadata, "key_metadata", "bytes"),
                   list_field(file_id::kSplitOffsets, "split_offsets", 133, "long"),
                   list_field(file_id::kEqualityIds, "equality_ids", 136, "int"),
                   optional_field(file_id::kSortOrderId, "sort_order_id", "int")});
  const bool is_v3 = format_version > 2;
  if (is_v3) fields.push_back(optional_field(file_id::kFirstRowId, "first_row_id", "long"));
  fields.push_back(optional_field(file_id::kReferencedDataFile, "referenced_data_file", "string"));
  if (is_v3) {
    fields.push_back(optional_field(file_id::kContentOffset, "content_offset", "long"));
    fields.push_back(optional_field(file_id::kContentSizeBytes, "content_size_in_bytes", "long"));
  }
  const Json data_file = record("r2", std::move(fields));
  return dump_json(
      record("manifest_entry",
             Json::array({field(entry_id::kStatus, "status", "int"),
                          optional_field(entry_id::kSnapshotId, "snapshot_id", "long"),
                          optional_field(entry_id::kSequenceNumber, "sequence_number", "long"),
                          optional_field(entry_id::kFileSequenceNumber, "file_sequence_number", "long"),
                          field(entry_id::kDataFile, "data_file", data_file)})));
}

std::string manifest_list_schema(std::int32_t format_version) {
  const Json summary =
      record("r508", Json::array({field(list_id::kContainsNull, "contains_null", "boolean"),
                                  optional_field(list_id::kContainsNan, "contains_nan", "boolean"),
                                  optional_field(list_id::kLowerBound, "lower_bound", "bytes"),
                                  optional_field(list_id::kUpperBound, "upper_bound", "bytes")}));
  Json fields = Json::array({field(list_id::kPath, "manifest_path", "string"),
                             field(list_id::kLengthBytes, "manifest_length", "long"),
                             field(list_id::kSpecId, "partition_spec_id", "int"),
                             field(list_id::kContent, "content", "int"),
                             field(list_id::kSequenceNumber, "sequence_number", "long"),
                             field(list_id::kMinSequenceNumber, "min_sequence_number", "long"),
                             field(list_id::kAddedSnapshotId, "added_snapshot_id", "long"),
                             field(list_id::kAddedFiles, "added_files_count", "int"),
                             field(list_id::kExistingFiles, "existing_files_count", "int"),
                             field(list_id::kDeletedFiles, "deleted_files_count", "int"),
                             field(list_id::kAddedRows, "added_rows_count", "long"),
                             field(list_id::kExistingRows, "existing_rows_count", "long"),
                             field(list_id::kDeletedRows, "deleted_rows_count", "long"),
                             list_field(list_id::kPartitions, "partitions", 508, summary),
                             optional_field(list_id::kKeyMetadata, "key_metadata", "bytes")});
  if (format_version > 2) fields.push_back(optional_field(list_id::kFirstRowId, "first_row_id", "long"));
  return dump_json(record("manifest_file", std::move(fields)));
}

}  // namespace tarn::iceberg
