#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn::engine {

namespace internal {
struct VectorView;
}

/// A span of time; its parts do not carry over into one another.
struct Interval {
  std::int32_t months = 0;
  std::int32_t days = 0;
  std::int64_t micros = 0;
};

/// One value of a result, of any type the engine has. A small handle, valid as long as its Chunk.
class Cell {
 public:
  Cell(const internal::VectorView* vector, std::size_t row) : vector_(vector), row_(row) {}

  bool is_null() const;
  /// As SQL prints it: `2026-01-01 12:30:00`, `12.50`, `{'a': 1, 'b': [x, NULL]}`. NULL is "NULL". Times with
  /// zone are in UTC (`2026-01-01 12:30:00+00`); binary is `ab\x00`.
  void append_text(std::string& out) const;
  std::string text() const;
  /// As JSON: numbers with all their digits (NaN and infinities as strings), ISO 8601 strings for times,
  /// base64 for binary, objects for structs and for maps with text keys, arrays of {"key", "value"} for other
  /// maps.
  void append_json(std::string& out) const;

  /// The value of an integer or boolean that fits; nothing for NULL and other types.
  std::optional<std::int64_t> as_int64() const;
  /// The bytes of a text or binary value; nothing for NULL and other types.
  std::optional<std::string_view> as_bytes() const;
  /// The value of a FLOAT or DOUBLE.
  std::optional<double> as_double() const;
  /// Of a date the days since 1970; of a time the microseconds since midnight; of a timestamp, with zone or
  /// without, the microseconds since 1970, what is finer cut off. Infinite ones are the greatest and the
  /// least number.
  std::optional<std::int64_t> as_ticks() const;
  std::optional<Interval> as_interval() const;
  /// Of a list or an array; 0 for NULL and other types.
  std::size_t element_count() const;
  /// Requires index < element_count().
  Cell element(std::size_t index) const;

 private:
  const internal::VectorView* vector_;
  std::size_t row_;
};

/// Appends `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string_view text, std::string& out);

}  // namespace tarn::engine
