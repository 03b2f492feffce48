#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "iceberg/literal.h"

namespace tarn::iceberg {

enum class TransformKind : std::uint8_t {
  kIdentity,
  kBucket,
  kTruncate,
  kYear,
  kMonth,
  kDay,
  kHour,
  kVoid,
  kUnknown
};

/// A partition or sort transform (Iceberg spec, "Partition Transforms").
///
///   TARN_ASSIGN_OR_RETURN(const Transform month, Transform::parse("month"));
///   TARN_ASSIGN_OR_RETURN(std::optional<Literal> value, month.apply(Literal::date(19782)));
///   month.to_human(value);                      // "2024-02"
class Transform {
 public:
  /// identity
  Transform() = default;
  static Transform identity() { return Transform(TransformKind::kIdentity); }
  static Transform bucket(std::int32_t count) { return Transform(TransformKind::kBucket, count); }
  static Transform truncate(std::int32_t width) { return Transform(TransformKind::kTruncate, width); }
  static Transform year() { return Transform(TransformKind::kYear); }
  static Transform month() { return Transform(TransformKind::kMonth); }
  static Transform day() { return Transform(TransformKind::kDay); }
  static Transform hour() { return Transform(TransformKind::kHour); }
  static Transform always_null() { return Transform(TransformKind::kVoid); }

  /// "bucket[16]" and so on, ignoring case. A name that the specification does not know gives kUnknown, which
  /// is kept and printed but not applied. Errors: iceberg.bad_transform (bucket[0], truncate[x]).
  static Result<Transform> parse(std::string_view text);
  std::string to_string() const;

  TransformKind kind() const { return kind_; }
  /// The N of bucket[N], the W of truncate[W]; else 0.
  std::int32_t parameter() const { return parameter_; }

  /// Errors: iceberg.bad_transform when it cannot be applied to `source`.
  Result<Type> result_type(const Type& source) const;
  /// Null gives null. Errors: iceberg.bad_transform.
  Result<std::optional<Literal>> apply(const std::optional<Literal>& value) const;
  /// The value of a partition as people and paths show it: "2024-02", "7", "null".
  std::string to_human(const std::optional<Literal>& value) const;

  bool operator==(const Transform&) const = default;

 private:
  explicit Transform(TransformKind kind, std::int32_t parameter = 0) : kind_(kind), parameter_(parameter) {}
  TransformKind kind_ = TransformKind::kIdentity;
  std::int32_t parameter_ = 0;
  std::string unknown_text_;
};

// The same on bare values, for whole columns.

/// Murmur3, x86, 32 bits, seed 0 (Iceberg spec, Appendix B).
std::int32_t bucket_hash_bytes(std::string_view bytes);
/// int, long, date, time, timestamp and timestamptz.
std::int32_t bucket_hash_int64(std::int64_t value);
std::int32_t bucket_hash_decimal(Int128 unscaled);
/// The bucket of a hash: always 0 … count - 1.
inline std::int32_t bucket_of(std::int32_t hash, std::int32_t count) {
  return (hash & 0x7fffffff) % count;
}
/// `value` rounded down to a multiple of `width`; wraps around at the least values as the reference does.
std::int32_t truncate_int32(std::int32_t value, std::int32_t width);
std::int64_t truncate_int64(std::int64_t value, std::int64_t width);
/// The first `width` code points of UTF-8 text.
std::string_view truncate_utf8(std::string_view text, std::int32_t width);
std::int32_t years_since_epoch(std::int32_t days);
std::int32_t months_since_epoch(std::int32_t days);
/// Rounded down, also before 1970.
std::int32_t days_of_micros(std::int64_t micros);
std::int32_t hours_of_micros(std::int64_t micros);

}  // namespace tarn::iceberg
