#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "iceberg/types.h"

namespace tarn::iceberg {

__extension__ typedef __int128 Int128;
using Uuid = std::array<std::uint8_t, 16>;

/// A value of a primitive type. Immutable by custom; compare() orders as the type demands.
///
///   const Literal lower = Literal::string("Aachen");
///   const std::string bytes = lower.to_binary();                          // for a manifest
///   TARN_ASSIGN_OR_RETURN(Literal day, Literal::from_json(Type::date(), "\"2024-02-29\""));
class Literal {
 public:
  /// What holds which: boolean bool; int, date int32; long, time, timestamp, timestamptz int64; float;
  /// double; decimal Int128 (unscaled); uuid Uuid; string, fixed, binary std::string (bytes).
  using Value = std::variant<bool, std::int32_t, std::int64_t, float, double, Int128, Uuid, std::string>;

  /// Errors: iceberg.bad_value when `value` does not fit `type` (alternative, fixed length, precision,
  /// UTF-8).
  static Result<Literal> make(Type type, Value value);

  static Literal boolean(bool v) { return Literal(Type::boolean(), v); }
  static Literal int32(std::int32_t v) { return Literal(Type::int32(), v); }
  static Literal int64(std::int64_t v) { return Literal(Type::int64(), v); }
  static Literal float32(float v) { return Literal(Type::float32(), v); }
  static Literal float64(double v) { return Literal(Type::float64(), v); }
  static Literal date(std::int32_t days) { return Literal(Type::date(), days); }
  static Literal time(std::int64_t micros) { return Literal(Type::time(), micros); }
  static Literal timestamp(std::int64_t micros) { return Literal(Type::timestamp(), micros); }
  static Literal timestamptz(std::int64_t micros) { return Literal(Type::timestamptz(), micros); }
  static Literal string(std::string v) { return Literal(Type::string(), std::move(v)); }
  static Literal uuid(const Uuid& v) { return Literal(Type::uuid(), v); }
  static Literal binary(std::string v) { return Literal(Type::binary(), std::move(v)); }
  static Literal fixed(std::string v);
  static Literal decimal(const Type& type, Int128 unscaled) { return Literal(type, unscaled); }

  /// Binary single-value serialization (Iceberg spec, Appendix D). from_binary() also takes what a narrower
  /// type of an earlier schema wrote: four bytes for a long or double. Errors: iceberg.bad_value.
  std::string to_binary() const;
  static Result<Literal> from_binary(const Type& type, std::string_view bytes);

  /// JSON single-value serialization (Iceberg spec, Appendix C). Errors: iceberg.bad_json, iceberg.bad_value.
  std::string to_json() const;
  static Result<Literal> from_json(const Type& type, std::string_view json);

  const Type& type() const { return type_; }
  const Value& value() const { return value_; }
  /// Requires that the alternative is held.
  template <typename T>
  const T& get() const {
    return std::get<T>(value_);
  }

  /// For people and partition paths: "2024-02-29", "12.50", "abc"; bytes in base64.
  std::string to_string() const;
  bool operator==(const Literal& other) const;

 private:
  Literal(Type type, Value value) : type_(std::move(type)), value_(std::move(value)) {}
  Type type_;
  Value value_;
};

/// The order of the type: numbers by value with -0.0 before +0.0 and NaNs outermost (IEEE 754 totalOrder),
/// strings and bytes by unsigned bytes, false before true. `unordered` when the types differ.
std::partial_ordering compare(const Literal& a, const Literal& b);

/// Bounds are cut to this many characters (strings) or bytes (binary) by default.
inline constexpr int kDefaultBoundWidth = 16;

/// A lower bound no wider than `width`: strings and binary are cut, everything else is returned as it is.
Literal truncated_lower_bound(const Literal& value, int width = kDefaultBoundWidth);
/// An upper bound no wider than `width` characters or bytes: cut, and the last one that can be is incremented
/// (at code points, never into surrogates). Nothing when no such bound exists.
std::optional<Literal> truncated_upper_bound(const Literal& value, int width = kDefaultBoundWidth);

}  // namespace tarn::iceberg
