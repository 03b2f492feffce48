#include "iceberg/binary/partition_value.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "iceberg/binary/manifest_schema.h"
#include "iceberg/binary/single_value.h"

namespace tarn::iceberg {

void put_partition_value(AvroEncoder& out, const Literal& value) {
  switch (value.type().id()) {
    case TypeId::kBoolean:
      out.put_bool(value.get<bool>());
      break;
    case TypeId::kInt:
    case TypeId::kDate:
      out.put_long(value.get<std::int32_t>());
      break;
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      out.put_long(value.get<std::int64_t>());
      break;
    case TypeId::kFloat:
      out.put_float(value.get<float>());
      break;
    case TypeId::kDouble:
      out.put_double(value.get<double>());
      break;
    case TypeId::kDecimal:
      out.put_raw(big_endian(value.get<Int128>(),
                             static_cast<std::size_t>(decimal_width_bytes(value.type().precision()))));
      break;
    case TypeId::kUuid:
    case TypeId::kFixed:
      out.put_raw(value.to_binary());
      break;
    default:
      out.put_bytes(value.get<std::string>());
      break;
  }
}

std::optional<Literal> read_partition_value(AvroDecoder& in, const AvroNode& node, const Type& type) {
  const AvroNode* value = in.resolve(node);
  if (value == nullptr) return std::nullopt;
  const auto literal = [&](Literal::Value held) -> std::optional<Literal> {
    if (!in.ok()) return std::nullopt;
    auto made = Literal::make(type, std::move(held));
    if (made.ok()) return std::move(made).value();
    in.fail(made.error().message());
    return std::nullopt;
  };
  switch (type.id()) {
    case TypeId::kBoolean:
      return literal(in.read_boolean(*value).value_or(false));
    case TypeId::kInt:
    case TypeId::kDate:
      return literal(in.read_int32(*value).value_or(0));
    case TypeId::kLong:
    case TypeId::kTime:
    case TypeId::kTimestamp:
    case TypeId::kTimestamptz:
      return literal(in.read_integer(*value).value_or(0));
    case TypeId::kFloat:
      if (value->kind != AvroKind::kFloat) in.fail("a float is expected");
      return literal(in.read_float());
    case TypeId::kDouble:
      if (value->kind == AvroKind::kFloat) return literal(double{in.read_float()});
      if (value->kind != AvroKind::kDouble) in.fail("a double is expected");
      return literal(in.read_double());
    case TypeId::kDecimal: {
      const auto unscaled = from_big_endian(in.read_binary(*value).value_or(""));
      if (!unscaled) in.fail("a decimal is expected");
      return literal(unscaled.value_or(0));
    }
    case TypeId::kUuid: {
      const std::string_view bytes = in.read_binary(*value).value_or("");
      auto uuid = bytes.size() == 16 ? Literal::from_binary(type, bytes)
                                     : Literal::from_json(type, fmt::format("\"{}\"", bytes));
      if (in.ok() && !uuid.ok()) in.fail("a uuid is expected");
      if (!in.ok()) return std::nullopt;
      return std::move(uuid).value();
    }
    default:
      return literal(std::string(in.read_binary(*value).value_or("")));
  }
}

}  // namespace tarn::iceberg
