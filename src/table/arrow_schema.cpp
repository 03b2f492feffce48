#include "table/arrow_schema.h"

#include <arrow/api.h>
#include <arrow/extension/uuid.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "table/columns/arrow_result.h"
#include "table/columns/conform.h"

namespace tarn::table {
namespace {

using iceberg::NestedField;
using iceberg::Type;
using iceberg::TypeId;

constexpr const char* kFieldIdKey = "PARQUET:field_id";
constexpr const char* kTypeKey = "tarn.type";

Result<std::shared_ptr<arrow::DataType>> primitive_to_arrow(const Type& type) {
  switch (type.id()) {
    case TypeId::kBoolean:
      return arrow::boolean();
    case TypeId::kInt:
      return arrow::int32();
    case TypeId::kLong:
      return arrow::int64();
    case TypeId::kFloat:
      return arrow::float32();
    case TypeId::kDouble:
      return arrow::float64();
    case TypeId::kDecimal: {
      TARN_ARROW_ASSIGN_OR_RETURN(auto decimal, arrow::Decimal128Type::Make(type.precision(), type.scale()));
      return decimal;
    }
    case TypeId::kDate:
      return arrow::date32();
    case TypeId::kTime:
      return arrow::time64(arrow::TimeUnit::MICRO);
    case TypeId::kTimestamp:
      return arrow::timestamp(arrow::TimeUnit::MICRO);
    case TypeId::kTimestamptz:
      return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case TypeId::kString:
      return arrow::utf8();
    case TypeId::kUuid:
      return arrow::fixed_size_binary(16);
    case TypeId::kFixed:
      return arrow::fixed_size_binary(type.length());
    case TypeId::kBinary:
      return arrow::binary();
    default:
      return Error(kUnsupportedType, "`" + type.to_string() + "` has no Arrow type");
  }
}

/// Numbers what came without ids and turns Arrow types into Iceberg's.
class FromArrow {
 public:
  explicit FromArrow(std::int32_t highest_id) : next_id_(highest_id) {}

  Result<std::vector<NestedField>> fields(const arrow::FieldVector& fields) {
    std::vector<NestedField> result;
    for (const auto& field : fields) {
      TARN_ASSIGN_OR_RETURN(NestedField one, nested(*field, field->name()));
      result.push_back(std::move(one));
    }
    return result;
  }

 private:
  Result<NestedField> nested(const arrow::Field& field, const std::string& name) {
    NestedField result;
    result.id = field_id_of(field).value_or(0);
    if (result.id <= 0) result.id = ++next_id_;
    result.name = name;
    result.required = !field.nullable();
    TARN_ASSIGN_OR_RETURN(result.type, type(field));
    return result;
  }

  Result<Type> type(const arrow::Field& field) {
    const arrow::DataType& arrow_type = *field.type();
    const auto refused = [&] {
      return Error(kUnsupportedType,
                   "column `" + field.name() + "` has the Arrow type " + arrow_type.ToString());
    };
    switch (arrow_type.id()) {
      case arrow::Type::LIST:
      case arrow::Type::LARGE_LIST: {
        TARN_ASSIGN_OR_RETURN(NestedField element, nested(*arrow_type.field(0), "element"));
        return Type::list(std::move(element));
      }
      case arrow::Type::MAP: {
        const auto& map = static_cast<const arrow::MapType&>(arrow_type);
        TARN_ASSIGN_OR_RETURN(NestedField key, nested(*map.key_field(), "key"));
        TARN_ASSIGN_OR_RETURN(NestedField value, nested(*map.item_field(), "value"));
        return Type::map(std::move(key), std::move(value));
      }
      case arrow::Type::STRUCT: {
        TARN_ASSIGN_OR_RETURN(auto children, fields(arrow_type.fields()));
        return Type::structure(std::move(children));
      }
      case arrow::Type::DICTIONARY:
        return type(*field.WithType(static_cast<const arrow::DictionaryType&>(arrow_type).value_type()));
      case arrow::Type::FIXED_SIZE_BINARY: {
        const auto& metadata = field.metadata();
        if (metadata && metadata->Contains(kTypeKey)) return Type::uuid();
        return Type::fixed(static_cast<const arrow::FixedSizeBinaryType&>(arrow_type).byte_width());
      }
      default:
        break;
    }
    const std::optional<Type> primitive = primitive_from_arrow(arrow_type);
    if (!primitive) return refused();
    return *primitive;
  }

  static std::optional<Type> primitive_from_arrow(const arrow::DataType& type) {
    switch (type.id()) {
      case arrow::Type::BOOL:
        return Type::boolean();
      case arrow::Type::INT8:
      case arrow::Type::INT16:
      case arrow::Type::INT32:
      case arrow::Type::UINT8:
      case arrow::Type::UINT16:
        return Type::int32();
      case arrow::Type::INT64:
      case arrow::Type::UINT32:
        return Type::int64();
      case arrow::Type::FLOAT:
        return Type::float32();
      case arrow::Type::DOUBLE:
        return Type::float64();
      case arrow::Type::DECIMAL128: {
        const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
        if (decimal.scale() < 0 || decimal.scale() > decimal.precision()) return std::nullopt;
        return Type::decimal(decimal.precision(), decimal.scale());
      }
      case arrow::Type::DATE32:
        return Type::date();
      case arrow::Type::TIME32:
        return Type::time();
      case arrow::Type::TIME64:
        if (static_cast<const arrow::Time64Type&>(type).unit() != arrow::TimeUnit::MICRO) return std::nullopt;
        return Type::time();
      case arrow::Type::TIMESTAMP: {
        const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
        if (timestamp.unit() == arrow::TimeUnit::NANO) return std::nullopt;
        return timestamp.timezone().empty() ? Type::timestamp() : Type::timestamptz();
      }
      case arrow::Type::STRING:
      case arrow::Type::LARGE_STRING:
        return Type::string();
      case arrow::Type::BINARY:
      case arrow::Type::LARGE_BINARY:
        return Type::binary();
      case arrow::Type::EXTENSION:
        if (static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.uuid")
          return Type::uuid();
        return std::nullopt;
      default:
        return std::nullopt;
    }
  }

  std::int32_t next_id_;
};

std::int32_t highest_id_of(const arrow::FieldVector& fields) {
  std::int32_t highest = 0;
  for (const auto& field : fields) {
    highest = std::max(highest, field_id_of(*field).value_or(0));
    highest = std::max(highest, highest_id_of(field->type()->fields()));
  }
  return highest;
}

}  // namespace

std::optional<std::int32_t> field_id_of(const arrow::Field& field) {
  const auto& metadata = field.metadata();
  if (!metadata) return std::nullopt;
  const int at = metadata->FindKey(kFieldIdKey);
  if (at < 0) return std::nullopt;
  const std::string& text = metadata->value(at);
  std::int32_t id = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), id);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || id < 0) return std::nullopt;
  return id;
}

std::shared_ptr<arrow::Field> with_field_id(const std::shared_ptr<arrow::Field>& field, std::int32_t id) {
  return field->WithMetadata(arrow::key_value_metadata({kFieldIdKey}, {std::to_string(id)}));
}

Result<std::shared_ptr<arrow::DataType>> to_arrow_type(const Type& type) {
  switch (type.id()) {
    case TypeId::kStruct: {
      arrow::FieldVector fields;
      for (const NestedField& field : type.fields()) {
        TARN_ASSIGN_OR_RETURN(auto child, to_arrow_field(field));
        fields.push_back(std::move(child));
      }
      return arrow::struct_(fields);
    }
    case TypeId::kList: {
      TARN_ASSIGN_OR_RETURN(auto element, to_arrow_field(type.element()));
      return arrow::list(std::move(element));
    }
    case TypeId::kMap: {
      TARN_ASSIGN_OR_RETURN(auto key, to_arrow_field(type.key()));
      TARN_ASSIGN_OR_RETURN(auto value, to_arrow_field(type.value()));
      return std::shared_ptr<arrow::DataType>(
          std::make_shared<arrow::MapType>(key->WithNullable(false), std::move(value)));
    }
    default:
      return primitive_to_arrow(type);
  }
}

Result<std::shared_ptr<arrow::Field>> to_arrow_field(const NestedField& field) {
  TARN_ASSIGN_OR_RETURN(auto type, to_arrow_type(field.type));
  std::vector<std::string> keys{kFieldIdKey};
  std::vector<std::string> values{std::to_string(field.id)};
  if (field.type.id() == TypeId::kUuid) {
    keys.emplace_back(kTypeKey);
    values.emplace_back("uuid");
  }
  return arrow::field(field.name, std::move(type), !field.required,
                      arrow::key_value_metadata(std::move(keys), std::move(values)));
}

Result<std::shared_ptr<arrow::Schema>> to_arrow_schema(const iceberg::Schema& schema) {
  arrow::FieldVector fields;
  for (const NestedField& field : schema.fields()) {
    TARN_ASSIGN_OR_RETURN(auto one, to_arrow_field(field));
    fields.push_back(std::move(one));
  }
  return arrow::schema(std::move(fields));
}

Result<iceberg::Schema> from_arrow_schema(const arrow::Schema& schema) {
  FromArrow from(highest_id_of(schema.fields()));
  TARN_ASSIGN_OR_RETURN(auto fields, from.fields(schema.fields()));
  return iceberg::Schema::make({.fields = std::move(fields)});
}

bool is_text_dictionary(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) return false;
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
  return dictionary.index_type()->id() == arrow::Type::INT32 &&
         dictionary.value_type()->id() == arrow::Type::STRING;
}

Result<std::shared_ptr<arrow::RecordBatch>> conform_batch(const std::shared_ptr<arrow::RecordBatch>& batch,
                                                          const iceberg::Schema& schema,
                                                          Dictionaries dictionaries) {
  TARN_ASSIGN_OR_RETURN(auto arrow_schema, to_arrow_schema(schema));
  arrow::ArrayVector columns;
  bool same = batch->num_columns() == arrow_schema->num_fields();
  for (const NestedField& field : schema.fields()) {
    const int at = find_child(batch->schema()->fields(), field);
    if (at < 0 && field.required)
      return Error(kNullInRequired, "column `" + field.name + "` is required, and the rows lack it");
    const auto index = static_cast<int>(columns.size());
    std::shared_ptr<arrow::Array> column;
    if (at < 0) {
      TARN_ASSIGN_OR_RETURN(column, missing_column(field, batch->num_rows()));
    } else if (dictionaries == Dictionaries::kKeep && field.type.id() == TypeId::kString &&
               is_text_dictionary(*batch->column(at)->type())) {
      column = batch->column(at);
      const auto kept = arrow_schema->field(index)->WithType(column->type());
      TARN_ARROW_ASSIGN_OR_RETURN(arrow_schema, arrow_schema->SetField(index, kept));
    } else {
      TARN_ASSIGN_OR_RETURN(column, conform_array(batch->column(at), field));
    }
    if (field.required && column->null_count() > 0)
      return Error(kNullInRequired, "column `" + field.name + "` is required, and a row has none");
    same = same && at == index && column == batch->column(at);
    columns.push_back(std::move(column));
  }
  if (same) return batch;
  return arrow::RecordBatch::Make(arrow_schema, batch->num_rows(), std::move(columns));
}

}  // namespace tarn::table
