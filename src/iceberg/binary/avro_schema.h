#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/types.h"

namespace tarn::iceberg {

enum class AvroKind : std::uint8_t {
  kNull,
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kBytes,
  kString,
  kFixed,
  kEnum,
  kRecord,
  kArray,
  kMap,
  kUnion,
};

struct AvroField;

/// A node of an Avro schema with the attributes that Iceberg adds ("field-id", "element-id" …; Iceberg spec,
/// Appendix A, "Avro"). Never recursive: a type that names itself is refused. Immutable.
struct AvroNode {
  AvroKind kind = AvroKind::kNull;
  std::string name;            ///< Of records, enums and fixed.
  std::string logical_type;    ///< Empty when there is none.
  bool adjust_to_utc = false;  ///< Of timestamps.
  std::int32_t size = 0;       ///< Of fixed.
  std::int32_t precision = 0;  ///< Of decimals.
  std::int32_t scale = 0;
  std::vector<AvroField> fields;  ///< Of records.
  std::vector<std::shared_ptr<const AvroNode>>
      children;  ///< A union's branches; an array's items; a map's values.

  /// No value takes fewer bytes.
  std::uint64_t min_size_bytes = 0;
  /// Nodes below and with this one, each as often as it is referred to.
  std::uint64_t weight = 1;

  /// The Iceberg type of a primitive, for columns that no schema describes any more.
  std::optional<Type> primitive_type() const;
};

struct AvroField {
  std::string name;
  std::optional<std::int32_t> field_id;
  std::shared_ptr<const AvroNode> node;
};

/// Errors: iceberg.bad_json, iceberg.bad_avro.
Result<std::shared_ptr<const AvroNode>> parse_avro_schema(std::string_view json);

}  // namespace tarn::iceberg
