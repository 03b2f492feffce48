#include "table/columns/conform.h"

#include <arrow/api.h>

#include <string>
#include <utility>
#include <vector>

#include "iceberg/literal.h"
#include "table/arrow_schema.h"
#include "table/columns/arrow_result.h"
#include "table/columns/compute.h"

namespace tarn::table {
namespace {

using iceberg::Literal;
using iceberg::NestedField;
using iceberg::Type;
using iceberg::TypeId;

Error mismatch(const NestedField& field, const arrow::DataType& type) {
  return Error(kBatchMismatch, "column `" + field.name + "` is " + field.type.to_string() +
                                   ", the rows have " + type.ToString());
}

/// Whether compute's cast from `from` to the type of an Iceberg column keeps every value or fails.
bool may_cast(const arrow::DataType& from, const Type& to) {
  const auto micros_fit = [](arrow::TimeUnit::type unit) { return unit != arrow::TimeUnit::NANO; };
  switch (to.id()) {
    case TypeId::kInt:
      return from.id() == arrow::Type::INT8 || from.id() == arrow::Type::INT16 ||
             from.id() == arrow::Type::UINT8 || from.id() == arrow::Type::UINT16;
    case TypeId::kLong:
      return arrow::is_integer(from.id()) && from.id() != arrow::Type::UINT64;
    case TypeId::kDouble:
      return from.id() == arrow::Type::FLOAT;
    case TypeId::kDecimal: {
      if (!arrow::is_decimal(from.id())) return false;
      const auto& decimal = static_cast<const arrow::DecimalType&>(from);
      return decimal.scale() == to.scale() && decimal.precision() <= to.precision();
    }
    case TypeId::kTime:
      return arrow::is_time(from.id()) && micros_fit(static_cast<const arrow::TimeType&>(from).unit());
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz: {
      if (from.id() != arrow::Type::TIMESTAMP) return false;
      const auto& timestamp = static_cast<const arrow::TimestampType&>(from);
      return micros_fit(timestamp.unit()) && timestamp.timezone().empty() == (to.id() == TypeId::kTimestamp);
    }
    case TypeId::kString:
      return from.id() == arrow::Type::LARGE_STRING || from.id() == arrow::Type::STRING_VIEW;
    case TypeId::kBinary:
      return from.id() == arrow::Type::LARGE_BINARY || from.id() == arrow::Type::BINARY_VIEW;
    default:
      return false;
  }
}

using Children = std::vector<std::shared_ptr<arrow::ArrayData>>;

/// `data` with other children, under another type.
std::shared_ptr<arrow::Array> rebuilt(const arrow::ArrayData& data, std::shared_ptr<arrow::DataType> type,
                                      Children children) {
  auto copy = data.Copy();
  copy->type = std::move(type);
  copy->child_data = std::move(children);
  return arrow::MakeArray(copy);
}

Result<std::shared_ptr<arrow::Array>> conform_struct(const arrow::ArrayData& data, const NestedField& field,
                                                     std::shared_ptr<arrow::DataType> type) {
  Children children;
  for (const NestedField& child : field.type.fields()) {
    const int at = find_child(data.type->fields(), child);
    std::shared_ptr<arrow::Array> column;
    if (at < 0) {
      if (child.required && !child.initial_default)
        return Error(kNullInRequired, "field `" + child.name + "` of `" + field.name + "` is required");
      TARN_ASSIGN_OR_RETURN(column, missing_column(child, data.offset + data.length));
    } else {
      const auto raw = arrow::MakeArray(data.child_data[static_cast<std::size_t>(at)]);
      TARN_ASSIGN_OR_RETURN(column, conform_array(raw, child));
    }
    children.push_back(column->data());
  }
  return rebuilt(data, std::move(type), std::move(children));
}

Result<std::shared_ptr<arrow::Array>> conform_map(const arrow::ArrayData& data, const NestedField& field,
                                                  std::shared_ptr<arrow::DataType> type) {
  auto entries = data.child_data[0]->Copy();
  for (std::size_t side = 0; side < 2; ++side) {
    const NestedField& child = side == 0 ? field.type.key() : field.type.value();
    TARN_ASSIGN_OR_RETURN(auto column, conform_array(arrow::MakeArray(entries->child_data[side]), child));
    entries->child_data[side] = column->data();
  }
  entries->type = type->field(0)->type();
  return rebuilt(data, std::move(type), {std::move(entries)});
}

Result<std::shared_ptr<arrow::Scalar>> default_scalar(const Literal& value,
                                                      const std::shared_ptr<arrow::DataType>& type) {
  // Bytes in the order that Arrow holds them: fixed-width values are what Appendix D writes, but for
  // decimals.
  if (value.type().id() == TypeId::kDecimal) {
    const auto unscaled = value.get<iceberg::Int128>();
    const arrow::Decimal128 decimal(static_cast<std::int64_t>(unscaled >> 64),
                                    static_cast<std::uint64_t>(unscaled));
    return std::shared_ptr<arrow::Scalar>(std::make_shared<arrow::Decimal128Scalar>(decimal, type));
  }
  if (value.type().id() == TypeId::kBoolean)
    return std::shared_ptr<arrow::Scalar>(std::make_shared<arrow::BooleanScalar>(value.get<bool>()));
  const std::string bytes = value.to_binary();
  const auto buffer = arrow::Buffer::FromString(bytes);
  if (arrow::is_base_binary_like(type->id()) || type->id() == arrow::Type::FIXED_SIZE_BINARY) {
    TARN_ARROW_ASSIGN_OR_RETURN(auto scalar, arrow::MakeScalar(type, buffer));
    return scalar;
  }
  const auto one = arrow::ArrayData::Make(type, 1, {nullptr, buffer}, 0);
  TARN_ARROW_ASSIGN_OR_RETURN(auto scalar, arrow::MakeArray(one)->GetScalar(0));
  return scalar;
}

}  // namespace

int find_child(const arrow::FieldVector& fields, const NestedField& field) {
  int by_name = -1;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::optional<std::int32_t> id = field_id_of(*fields[i]);
    if (id == field.id) return static_cast<int>(i);
    if (!id && by_name < 0 && fields[i]->name() == field.name) by_name = static_cast<int>(i);
  }
  return by_name;
}

Result<std::shared_ptr<arrow::Array>> missing_column(const NestedField& field, std::int64_t rows) {
  TARN_ASSIGN_OR_RETURN(const auto type, to_arrow_type(field.type));
  if (field.initial_default && field.type.is_primitive() && *field.initial_default != "null") {
    TARN_ASSIGN_OR_RETURN(const Literal value, Literal::from_json(field.type, *field.initial_default));
    TARN_ASSIGN_OR_RETURN(const auto scalar, default_scalar(value, type));
    TARN_ARROW_ASSIGN_OR_RETURN(auto array, arrow::MakeArrayFromScalar(*scalar, rows));
    return array;
  }
  TARN_ARROW_ASSIGN_OR_RETURN(auto array, arrow::MakeArrayOfNull(type, rows));
  return array;
}

Result<std::shared_ptr<arrow::Array>> conform_array(const std::shared_ptr<arrow::Array>& array,
                                                    const NestedField& field) {
  const arrow::DataType& from = *array->type();
  if (from.id() == arrow::Type::EXTENSION)
    return conform_array(static_cast<const arrow::ExtensionArray&>(*array).storage(), field);
  if (from.id() == arrow::Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryType&>(from);
    TARN_ASSIGN_OR_RETURN(const auto decoded, cast_array(array, dictionary.value_type()));
    return conform_array(decoded, field);
  }
  TARN_ASSIGN_OR_RETURN(auto type, to_arrow_type(field.type));
  // Nested names may be the same while the ids are not: then another field of that name was dropped.
  if (from.Equals(*type, field.type.is_nested())) return array;
  if (from.id() == arrow::Type::LARGE_LIST && type->id() == arrow::Type::LIST) {
    TARN_ASSIGN_OR_RETURN(const auto small, cast_array(array, arrow::list(from.field(0))));
    return conform_array(small, field);
  }
  if (from.id() != type->id() || field.type.is_primitive()) {
    if (!may_cast(from, field.type)) return mismatch(field, from);
    return cast_array(array, type);
  }
  const arrow::ArrayData& data = *array->data();
  switch (field.type.id()) {
    case TypeId::kStruct:
      return conform_struct(data, field, std::move(type));
    case TypeId::kMap:
      return conform_map(data, field, std::move(type));
    default: {
      TARN_ASSIGN_OR_RETURN(const auto values,
                            conform_array(arrow::MakeArray(data.child_data[0]), field.type.element()));
      return rebuilt(data, std::move(type), {values->data()});
    }
  }
}

std::shared_ptr<arrow::Array> retype(const std::shared_ptr<arrow::Array>& array,
                                     const std::shared_ptr<arrow::DataType>& type) {
  const auto relabel = [](const auto& self, const std::shared_ptr<arrow::ArrayData>& data,
                          const std::shared_ptr<arrow::DataType>& to) -> std::shared_ptr<arrow::ArrayData> {
    auto copy = data->Copy();
    copy->type = to;
    for (std::size_t i = 0; i < copy->child_data.size() && to->num_fields() > 0; ++i)
      copy->child_data[i] = self(self, data->child_data[i], to->field(static_cast<int>(i))->type());
    return copy;
  };
  return arrow::MakeArray(relabel(relabel, array->data(), type));
}

}  // namespace tarn::table
