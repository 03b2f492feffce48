#include "table/partition.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/hash.h"
#include "table/columns/source_column.h"
#include "table/columns/transformed.h"
#include "table/columns/values.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

using iceberg::Int128;
using iceberg::Literal;

struct ValueHash {
  std::size_t operator()(std::int64_t value) const {
    return static_cast<std::size_t>(static_cast<std::uint64_t>(value) * 0x9E3779B97F4A7C15ULL >> 7);
  }
  std::size_t operator()(Int128 value) const {
    return (*this)(static_cast<std::int64_t>(value) ^ static_cast<std::int64_t>(value >> 64));
  }
  std::size_t operator()(std::string_view value) const { return xxh3_64(value); }
};

/// Small numbers for the distinct values of a column, in order of first appearance.
struct Codes {
  std::vector<std::uint32_t> of_row;
  std::vector<std::uint32_t> first_row;  // by code
};

template <typename T>
Codes number_values(const std::vector<T>& values, const std::vector<std::uint8_t>& nulls) {
  Codes codes;
  codes.of_row.resize(values.size());
  std::unordered_map<T, std::uint32_t, ValueHash> seen;
  std::optional<std::uint32_t> null_code;
  const T* last = nullptr;
  std::uint32_t last_code = 0;
  const auto next = [&](std::size_t row) {
    codes.first_row.push_back(static_cast<std::uint32_t>(row));
    return static_cast<std::uint32_t>(codes.first_row.size() - 1);
  };
  for (std::size_t row = 0; row < values.size(); ++row) {
    if (!nulls.empty() && nulls[row] != 0) {
      if (!null_code) null_code = next(row);
      codes.of_row[row] = *null_code;
      continue;
    }
    if (last == nullptr || *last != values[row]) {
      const auto [at, added] = seen.try_emplace(values[row], 0);
      if (added) at->second = next(row);
      last_code = at->second;
      last = &values[row];
    }
    codes.of_row[row] = last_code;
  }
  return codes;
}

/// Combines the groups so far with the codes of one more field.
Codes combine(const Codes& groups, const Codes& field) {
  std::vector<std::int64_t> pairs(field.of_row.size());
  for (std::size_t row = 0; row < pairs.size(); ++row)
    pairs[row] = static_cast<std::int64_t>(std::uint64_t{groups.of_row[row]} << 32 | field.of_row[row]);
  return number_values(pairs, {});
}

/// One sort field, ready to be compared.
struct SortKey {
  SourceColumn source;  // holds what views point into
  TransformedColumn column;
  bool descending = false;
  bool nulls_first = true;

  bool is_null(std::uint32_t row) const { return !column.nulls.empty() && column.nulls[row] != 0; }
  /// 0 first, 2 last: nulls lie outside of the values whatever the direction.
  std::uint8_t null_rank(std::uint32_t row) const { return is_null(row) ? (nulls_first ? 0 : 2) : 1; }

  /// Eight bytes whose order is that of the values, as far as they go.
  std::uint64_t prefix(std::uint32_t row) const {
    if (is_null(row)) return 0;
    const std::uint64_t ascending =
        std::visit([row](const auto& values) { return to_prefix(values[row]); }, column.values);
    return descending ? ~ascending : ascending;
  }
  /// Whether two values that share `prefix` are equal.
  bool decides(std::uint64_t prefix) const {
    if (std::holds_alternative<std::vector<std::int64_t>>(column.values)) return true;
    if (!std::holds_alternative<std::vector<std::string_view>>(column.values)) return false;
    return ((descending ? ~prefix : prefix) & 0xFF) <= kTextPrefixBytes;
  }

  int compare(std::uint32_t a, std::uint32_t b) const {
    const int nulls = static_cast<int>(null_rank(a)) - static_cast<int>(null_rank(b));
    if (nulls != 0 || is_null(a)) return nulls;
    const int order = std::visit(
        [a, b](const auto& values) { return values[a] < values[b] ? -1 : (values[b] < values[a] ? 1 : 0); },
        column.values);
    return descending ? -order : order;
  }

 private:
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  static std::uint64_t to_prefix(std::int64_t value) { return static_cast<std::uint64_t>(value) ^ kSign; }
  static std::uint64_t to_prefix(Int128 value) { return static_cast<std::uint64_t>(value >> 64) ^ kSign; }
  // Text's first bytes, then its length as far as these hold it whole.
  static constexpr std::size_t kTextPrefixBytes = 7;
  static std::uint64_t to_prefix(std::string_view value) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, value.data(), std::min(kTextPrefixBytes, value.size()));
    return __builtin_bswap64(bytes) | std::min(kTextPrefixBytes + 1, value.size());
  }
};

/// A row with what mostly decides its place, so that sorting rarely touches the columns: of the first fields.
constexpr std::size_t kPrefixedFields = 2;
struct SortItem {
  std::array<std::uint64_t, kPrefixedFields> prefixes{};
  std::uint32_t row = 0;
  std::array<std::uint8_t, kPrefixedFields> null_ranks{};
};

void sort_rows(const std::vector<SortKey>& keys, std::span<std::uint32_t> rows) {
  const std::size_t prefixed = std::min(kPrefixedFields, keys.size());
  std::vector<SortItem> items;
  items.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    SortItem& item = items.emplace_back();
    item.row = row;
    for (std::size_t k = 0; k < prefixed; ++k) {
      item.prefixes[k] = keys[k].prefix(row);
      item.null_ranks[k] = keys[k].null_rank(row);
    }
  }
  std::ranges::sort(items, [&](const SortItem& a, const SortItem& b) {
    for (std::size_t k = 0; k < prefixed; ++k) {
      if (a.null_ranks[k] != b.null_ranks[k]) return a.null_ranks[k] < b.null_ranks[k];
      if (a.prefixes[k] != b.prefixes[k]) return a.prefixes[k] < b.prefixes[k];
      if (keys[k].decides(a.prefixes[k])) continue;
      const int order = keys[k].compare(a.row, b.row);
      if (order != 0) return order < 0;
    }
    for (std::size_t k = prefixed; k < keys.size(); ++k) {
      const int order = keys[k].compare(a.row, b.row);
      if (order != 0) return order < 0;
    }
    return a.row < b.row;
  });
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = items[i].row;
}

Status check_rows(const arrow::RecordBatch& batch) {
  if (batch.num_rows() > std::int64_t{UINT32_MAX})
    return Error(kTooLarge, "a batch of " + std::to_string(batch.num_rows()) + " rows is too large");
  return ok_status();
}

}  // namespace

Result<Partitioning> partition_rows(const arrow::RecordBatch& batch, const iceberg::Schema& schema,
                                    const iceberg::PartitionSpec& spec) {
  TARN_RETURN_IF_ERROR(check_rows(batch));
  Partitioning result;
  if (batch.num_rows() == 0) return result;
  Codes groups;
  groups.of_row.resize(static_cast<std::size_t>(batch.num_rows()));
  groups.first_row = {0};
  std::vector<SourceColumn> sources;
  for (const iceberg::PartitionField& field : spec.fields) {
    TARN_ASSIGN_OR_RETURN(SourceColumn source, source_column(batch, schema, field.source_id));
    TARN_ASSIGN_OR_RETURN(const TransformedColumn column,
                          transform_column(*source.array, source.field->type, field.transform));
    const Codes codes =
        std::visit([&](const auto& values) { return number_values(values, column.nulls); }, column.values);
    groups = sources.empty() ? codes : combine(groups, codes);
    sources.push_back(std::move(source));
  }
  for (const std::uint32_t row : groups.first_row) {
    iceberg::PartitionTuple tuple;
    for (std::size_t f = 0; f < sources.size(); ++f) {
      TARN_ASSIGN_OR_RETURN(const auto value, literal_at(*sources[f].array, sources[f].field->type, row));
      TARN_ASSIGN_OR_RETURN(auto transformed, spec.fields[f].transform.apply(value));
      tuple.push_back(std::move(transformed));
    }
    result.tuples.push_back(std::move(tuple));
  }
  result.group_of_row = std::move(groups.of_row);
  return result;
}

Result<std::vector<std::uint32_t>> ordered_rows(const arrow::RecordBatch& batch,
                                                const iceberg::Schema& schema,
                                                const iceberg::SortOrder& order,
                                                const Partitioning* partitioning) {
  TARN_RETURN_IF_ERROR(check_rows(batch));
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(batch.num_rows()));
  std::vector<std::size_t> starts{0, rows.size()};  // of the groups, and the end
  if (partitioning == nullptr) {
    std::iota(rows.begin(), rows.end(), 0U);
  } else {
    starts.assign(partitioning->tuples.size() + 1, 0);
    for (const std::uint32_t group : partitioning->group_of_row) ++starts[group + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    std::vector<std::size_t> next = starts;
    for (std::uint32_t row = 0; row < rows.size(); ++row) rows[next[partitioning->group_of_row[row]]++] = row;
  }
  if (order.is_unsorted() || rows.empty()) return rows;
  std::vector<SortKey> keys;
  for (const iceberg::SortField& field : order.fields) {
    TARN_ASSIGN_OR_RETURN(SourceColumn source, source_column(batch, schema, field.source_id));
    TARN_ASSIGN_OR_RETURN(TransformedColumn column,
                          transform_column(*source.array, source.field->type, field.transform));
    keys.push_back({std::move(source), std::move(column),
                    field.direction == iceberg::SortDirection::kDescending,
                    field.null_order == iceberg::NullOrder::kNullsFirst});
  }
  for (std::size_t g = 0; g + 1 < starts.size(); ++g)
    sort_rows(keys, std::span(rows).subspan(starts[g], starts[g + 1] - starts[g]));
  return rows;
}

}  // namespace tarn::table
