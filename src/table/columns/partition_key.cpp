#include "table/columns/partition_key.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "iceberg/errors.h"

namespace tarn::table {
namespace {

constexpr std::int32_t kNullLength = -1;

void append_int32(std::string& key, std::int32_t value) {
  char bytes[sizeof(value)];
  std::memcpy(bytes, &value, sizeof(value));
  key.append(bytes, sizeof(bytes));
}

bool take_int32(std::string_view& key, std::int32_t& value) {
  if (key.size() < sizeof(value)) return false;
  std::memcpy(&value, key.data(), sizeof(value));
  key.remove_prefix(sizeof(value));
  return true;
}

}  // namespace

std::string partition_key(std::int32_t spec_id, const iceberg::PartitionTuple& tuple) {
  std::string key;
  append_int32(key, spec_id);
  for (const std::optional<iceberg::Literal>& value : tuple) {
    if (!value) {
      append_int32(key, kNullLength);
      continue;
    }
    const std::string bytes = value->to_binary();
    append_int32(key, static_cast<std::int32_t>(bytes.size()));
    key += bytes;
  }
  return key;
}

std::int32_t spec_of_key(std::string_view key) {
  std::int32_t spec_id = -1;
  return take_int32(key, spec_id) ? spec_id : -1;
}

Result<iceberg::PartitionTuple> partition_from_key(std::string_view key, const iceberg::Type& type) {
  const auto damaged = [] { return Error(iceberg::kBadValue, "a stored partition is damaged"); };
  std::int32_t number = 0;
  if (!take_int32(key, number)) return damaged();
  iceberg::PartitionTuple tuple;
  for (const iceberg::NestedField& field : type.fields()) {
    if (!take_int32(key, number)) return damaged();
    if (number == kNullLength) {
      tuple.emplace_back(std::nullopt);
      continue;
    }
    if (number < 0 || static_cast<std::size_t>(number) > key.size()) return damaged();
    TARN_ASSIGN_OR_RETURN(auto value, iceberg::Literal::from_binary(
                                          field.type, key.substr(0, static_cast<std::size_t>(number))));
    tuple.emplace_back(std::move(value));
    key.remove_prefix(static_cast<std::size_t>(number));
  }
  if (!key.empty()) return damaged();
  return tuple;
}

const iceberg::Schema& schema_of_spec(const iceberg::TableMetadata& metadata,
                                      const iceberg::PartitionSpec& spec) {
  const auto has_all = [&](const iceberg::Schema& schema) {
    return std::ranges::all_of(spec.fields, [&](const iceberg::PartitionField& field) {
      return schema.find(field.source_id) != nullptr;
    });
  };
  const iceberg::Schema* best = &metadata.current_schema();
  if (has_all(*best)) return *best;
  for (const iceberg::Schema& schema : metadata.schemas)
    if (has_all(schema) && (!has_all(*best) || schema.id() > best->id())) best = &schema;
  return *best;
}

}  // namespace tarn::table
