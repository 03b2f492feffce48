#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

/// Iceberg's types (Iceberg spec, "Schemas and Data Types"). Values, immutable, cheap to copy, safe to share.
///
///   const Type money = Type::decimal(18, 2);
///   const Type lines = Type::list({.id = 7, .name = "element", .required = true, .type = money});
///   lines.to_string();                       // "list<decimal(18, 2)>"
namespace tarn::iceberg {

enum class TypeId : std::uint8_t {
  kBoolean,
  kInt,
  kLong,
  kFloat,
  kDouble,
  kDecimal,
  kDate,         ///< Days since 1970-01-01.
  kTime,         ///< Microseconds since midnight.
  kTimestamp,    ///< Microseconds since the epoch, no zone.
  kTimestamptz,  ///< Microseconds since the epoch, UTC.
  kString,
  kUuid,
  kFixed,
  kBinary,
  kLater,  ///< Of format version 3, kept by its text: Tarn passes it on, but neither reads nor writes its
           ///< values.
  kStruct,
  kList,
  kMap,
};

struct NestedField;

class Type {
 public:
  /// A boolean, to have a default.
  Type() = default;

  static Type boolean() { return Type(TypeId::kBoolean); }
  static Type int32() { return Type(TypeId::kInt); }
  static Type int64() { return Type(TypeId::kLong); }
  static Type float32() { return Type(TypeId::kFloat); }
  static Type float64() { return Type(TypeId::kDouble); }
  static Type date() { return Type(TypeId::kDate); }
  static Type time() { return Type(TypeId::kTime); }
  static Type timestamp() { return Type(TypeId::kTimestamp); }
  static Type timestamptz() { return Type(TypeId::kTimestamptz); }
  static Type string() { return Type(TypeId::kString); }
  static Type uuid() { return Type(TypeId::kUuid); }
  static Type binary() { return Type(TypeId::kBinary); }
  /// `precision` 1 … 38, `scale` 0 … precision; checked by parse() and Schema::make(), not here.
  static Type decimal(std::int32_t precision, std::int32_t scale);
  static Type fixed(std::int32_t length_bytes);
  static Type structure(std::vector<NestedField> fields);
  /// The element's name is always "element".
  static Type list(NestedField element);
  /// The names are always "key" and "value"; the key is always required.
  static Type map(NestedField key, NestedField value);

  /// A primitive type from the spec's text, such as "decimal(10, 2)" or "fixed[16]" (Appendix C).
  /// Types that only version 3 has (variant, geometry, nanoseconds …) become TypeId::kLater.
  /// Errors: iceberg.bad_type.
  static Result<Type> parse(std::string_view text);

  TypeId id() const { return id_; }
  bool is_primitive() const { return id_ < TypeId::kStruct; }
  bool is_nested() const { return !is_primitive(); }

  std::int32_t precision() const { return a_; }  ///< Of a decimal.
  std::int32_t scale() const { return b_; }      ///< Of a decimal.
  std::int32_t length() const { return a_; }     ///< Of a fixed, in bytes.
  /// Whether it is `timestamp_ns` or `timestamptz_ns`.
  bool is_nanoseconds() const;

  /// A struct's fields; a list's element (one); a map's key and value (two); empty for primitives. Valid as
  /// long as any copy of this type lives.
  std::span<const NestedField> fields() const;
  const NestedField& element() const;  ///< Requires a list.
  const NestedField& key() const;      ///< Requires a map.
  const NestedField& value() const;    ///< Requires a map.

  /// The spec's text for primitives; "struct<…>", "list<…>", "map<…>" for people.
  std::string to_string() const;

  /// Deep: nested names, ids, requiredness and docs count.
  bool operator==(const Type& other) const;

 private:
  explicit Type(TypeId id) : id_(id) {}

  TypeId id_ = TypeId::kBoolean;
  std::int32_t a_ = 0;
  std::int32_t b_ = 0;
  std::shared_ptr<const std::vector<NestedField>> fields_;
  std::shared_ptr<const std::string> text_;  ///< Of kLater.
};

/// A named, numbered place in a struct, list or map.
struct NestedField {
  std::int32_t id = 0;  ///< Unique in the table, never reused.
  std::string name = {};
  bool required = false;
  Type type = {};
  std::optional<std::string> doc = std::nullopt;
  /// The v3 defaults as JSON text (Appendix C), kept as they came.
  std::optional<std::string> initial_default = std::nullopt;
  std::optional<std::string> write_default = std::nullopt;

  bool operator==(const NestedField&) const = default;
};

/// True when a column of type `from` may become `to` (Iceberg spec, "Schema Evolution"): int to long, float
/// to double, a decimal of the same scale and no fewer digits, or the same type.
bool can_widen(const Type& from, const Type& to);

/// Field ids above this are reserved for metadata columns (Iceberg spec, "Reserved Field IDs").
inline constexpr std::int32_t kMaxFieldId = 2147483447;
/// A row's position in its file.
inline constexpr std::int32_t kRowPositionId = 2147483645;
/// The columns of row lineage (Iceberg spec, "Row Lineage").
inline constexpr std::int32_t kRowId = 2147483540;
inline constexpr std::int32_t kLastUpdatedSequenceNumberId = 2147483539;
/// The columns of positional delete files.
inline constexpr std::int32_t kDeleteFilePathId = 2147483546;
inline constexpr std::int32_t kDeletePosId = 2147483545;
/// Types may nest this deep; deeper ones are refused when parsed.
inline constexpr int kMaxTypeDepth = 64;

}  // namespace tarn::iceberg
