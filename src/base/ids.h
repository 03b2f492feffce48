#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace tarn {

/// A value that cannot be mistaken for another of the same representation.
///
///   using BatchId = StrongId<struct BatchIdTag, std::string>;
template <typename Tag, typename Rep>
class StrongId {
 public:
  StrongId() = default;
  explicit StrongId(Rep value) : value_(std::move(value)) {}
  const Rep& value() const { return value_; }
  auto operator<=>(const StrongId&) const = default;

 private:
  Rep value_{};
};

/// The position of an arrived file in its ledger: 1, 2, 3 … in order of arrival.
using ArrivalId = StrongId<struct ArrivalIdTag, std::int64_t>;
/// A batch of ingested data; a UUID version 7, so that ids sort by time. Travels in the snapshot summary.
using BatchId = StrongId<struct BatchIdTag, std::string>;

/// A namespace and a name, such as `curated`.`encounter`. Nested namespaces are joined with dots.
struct TableName {
  std::string schema;
  std::string name;
  std::string to_string() const { return schema + "." + name; }
  auto operator<=>(const TableName&) const = default;
};

/// A UUID of version 4 from 16 random bytes (RFC 9562, section 5.4), in its 36-character form.
std::string uuid_v4(const std::array<std::uint8_t, 16>& random);
/// A UUID of version 7 (RFC 9562, section 5.7) from a Unix time in milliseconds and 16 random bytes.
std::string uuid_v7(std::int64_t unix_ms, const std::array<std::uint8_t, 16>& random);

}  // namespace tarn
