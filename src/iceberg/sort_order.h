#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/transform.h"

namespace tarn::iceberg {

enum class SortDirection : std::uint8_t { kAscending, kDescending };
enum class NullOrder : std::uint8_t { kNullsFirst, kNullsLast };

struct SortField {
  Transform transform = {};
  std::int32_t source_id = 0;
  SortDirection direction = SortDirection::kAscending;
  NullOrder null_order = NullOrder::kNullsFirst;
  bool operator==(const SortField&) const = default;
};

/// A column and its direction, before ids are known.
struct SortTerm {
  std::string column = {};
  Transform transform = {};
  SortDirection direction = SortDirection::kAscending;
  NullOrder null_order = NullOrder::kNullsFirst;
};

/// How rows are sorted within files (Iceberg spec, "Sorting"). Order 0 is the unsorted one. A plain value.
struct SortOrder {
  std::int32_t order_id = 0;
  std::vector<SortField> fields = {};

  bool is_unsorted() const { return fields.empty(); }
  /// An order of id 1 (0 without terms). Errors: iceberg.column_not_found, iceberg.bad_sort_order,
  /// iceberg.bad_transform.
  static Result<SortOrder> bind(const Schema& schema, std::span<const SortTerm> terms);
  /// Errors: iceberg.bad_sort_order, iceberg.bad_transform.
  Status validate(const Schema& schema) const;

  std::string to_json() const;
  static Result<SortOrder> from_json(std::string_view json);

  bool operator==(const SortOrder&) const = default;
};

}  // namespace tarn::iceberg
