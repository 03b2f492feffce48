#include "table/history/version_values.h"

#include <arrow/api.h>

#include <bit>
#include <cstdint>
#include <cstring>

#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/row_identity.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

using iceberg::TypeId;

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  std::memcpy(&value, bytes.data(), sizeof(value));
  return __builtin_bswap64(value);
}
std::int64_t integer(std::string_view bytes) {
  return static_cast<std::int64_t>(big_endian(bytes) ^ kSignBit);
}
double number(std::string_view bytes) {
  const std::uint64_t ordered = big_endian(bytes);
  return std::bit_cast<double>((ordered & kSignBit) != 0 ? ordered ^ kSignBit : ~ordered);
}

/// Whether the bytes of a value have an end of their own.
bool is_ended(const iceberg::Type& type) {
  return type.id() == TypeId::kString || type.id() == TypeId::kBinary || type.id() == TypeId::kUuid ||
         type.id() == TypeId::kFixed;
}

/// The bytes of a value that is_ended(): without the end, 0x00 0xFF as 0x00.
std::string unescaped(std::string_view bytes) {
  bytes.remove_suffix(2);
  std::string value;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    value += bytes[at];
    if (bytes[at] == '\0') ++at;
  }
  return value;
}

/// `bytes` are those of a value, of the type's size.
arrow::Status append(arrow::ArrayBuilder& builder, const iceberg::Type& type, std::string_view bytes) {
  switch (type.id()) {
    case TypeId::kInt:
      return static_cast<arrow::Int32Builder&>(builder).Append(static_cast<std::int32_t>(integer(bytes)));
    case TypeId::kDate:
      return static_cast<arrow::Date32Builder&>(builder).Append(static_cast<std::int32_t>(integer(bytes)));
    case TypeId::kFloat:
      return static_cast<arrow::FloatBuilder&>(builder).Append(static_cast<float>(number(bytes)));
    case TypeId::kDouble:
      return static_cast<arrow::DoubleBuilder&>(builder).Append(number(bytes));
    case TypeId::kDecimal:
      return static_cast<arrow::Decimal128Builder&>(builder).Append(
          arrow::Decimal128(integer(bytes), big_endian(bytes.substr(sizeof(std::uint64_t)))));
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return static_cast<arrow::TimestampBuilder&>(builder).Append(integer(bytes));
    case TypeId::kTime:
      return static_cast<arrow::Time64Builder&>(builder).Append(integer(bytes));
    case TypeId::kBoolean:
      return static_cast<arrow::BooleanBuilder&>(builder).Append(integer(bytes) != 0);
    case TypeId::kString:
    case TypeId::kBinary:
      return static_cast<arrow::BinaryBuilder&>(builder).Append(unescaped(bytes));
    case TypeId::kUuid:
    case TypeId::kFixed:
      return static_cast<arrow::FixedSizeBinaryBuilder&>(builder).Append(unescaped(bytes));
    default:
      return static_cast<arrow::Int64Builder&>(builder).Append(integer(bytes));
  }
}

}  // namespace

bool can_order_versions(const iceberg::Type& type) {
  switch (type.id()) {
    case TypeId::kInt:
    case TypeId::kLong:
    case TypeId::kFloat:
    case TypeId::kDouble:
    case TypeId::kDecimal:
    case TypeId::kDate:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return true;
    default:
      return false;
  }
}

void append_value(std::string& out, const arrow::Array& array, const iceberg::Type& type, std::int64_t row) {
  const bool null = array.IsNull(row);
  out += null ? '\0' : '\1';
  if (!null) append_ordered(out, array, type, row);
}

std::size_t version_size(const iceberg::Type& type, std::string_view rank) {
  // A byte tells whether there is a value.
  if (rank.empty() || rank[0] == '\0') return rank.empty() ? 0 : 1;
  return 1 + (type.id() == TypeId::kDecimal ? 2 : 1) * sizeof(std::uint64_t);
}

Result<std::shared_ptr<arrow::Array>> values_of_versions(const iceberg::Type& type,
                                                         std::span<const std::string_view> versions) {
  TARN_ASSIGN_OR_RETURN(const auto arrow_type, to_arrow_type(type));
  TARN_ARROW_ASSIGN_OR_RETURN(const auto builder, arrow::MakeBuilder(arrow_type));
  TARN_ARROW_RETURN_IF_ERROR(builder->Reserve(static_cast<std::int64_t>(versions.size())));
  for (const std::string_view version : versions) {
    const bool is_null = version.empty() || version[0] == '\0';
    if (!is_null && (is_ended(type) ? version.size() < 3 : version.size() != version_size(type, version)))
      return Error(kIndexFailed, "a version of the history index is damaged");
    TARN_ARROW_RETURN_IF_ERROR(is_null ? builder->AppendNull() : append(*builder, type, version.substr(1)));
  }
  TARN_ARROW_ASSIGN_OR_RETURN(auto array, builder->Finish());
  return array;
}

}  // namespace tarn::table
