#include "table/maintenance/z_curve.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <utility>
#include <variant>

#include "table/columns/source_column.h"
#include "table/columns/transformed.h"
#include "table/errors.h"
#include "table/maintenance/compaction.h"

namespace tarn::table {
namespace {

using iceberg::Int128;
using iceberg::NestedField;
using Texts = std::vector<std::string_view>;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

std::uint64_t number_of(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}

/// Decimals beyond 64 bits are rare; those share the ends.
std::uint64_t number_of(Int128 value) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  if (value < kLeast) return number_of(kLeast);
  return number_of(value > kMost ? kMost : static_cast<std::int64_t>(value));
}

/// The eight bytes behind those that all texts share.
std::uint64_t number_of(std::string_view text, std::size_t shared) {
  const std::string_view rest = text.substr(std::min(shared, text.size()));
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, rest.data(), std::min(sizeof(bytes), rest.size()));
  return __builtin_bswap64(bytes);
}

Result<TransformedColumn> values_of(const SourceColumn& source) {
  return transform_column(*source.array, source.field->type, iceberg::Transform::identity());
}

bool is_null(const TransformedColumn& column, std::size_t row) {
  return !column.nulls.empty() && column.nulls[row] != 0;
}

/// A row's place in each column.
struct Item {
  std::array<std::uint64_t, ZCurve::kMostColumns> places{};
  std::uint32_t row = 0;
};

/// Compares as if the bits of all columns were shuffled into one number: what decides is the column in which
/// the highest bit differs (T. M. Chan, "A minimalist's implementation of an approximate nearest neighbor
/// algorithm", 2006).
bool is_before(const Item& a, const Item& b) {
  std::size_t decides = 0;
  std::uint64_t highest = 0;
  for (std::size_t i = 0; i < ZCurve::kMostColumns; ++i) {
    const std::uint64_t differing = a.places[i] ^ b.places[i];
    if (highest >= differing || highest >= (highest ^ differing)) continue;
    highest = differing;
    decides = i;
  }
  if (highest == 0) return a.row < b.row;
  return a.places[decides] < b.places[decides];
}

}  // namespace

Result<std::optional<ZCurve>> ZCurve::of_table(const iceberg::TableMetadata& metadata) {
  const auto property = metadata.properties.find(std::string(kZOrderProperty));
  if (property == metadata.properties.end() || trimmed(property->second).empty())
    return std::optional<ZCurve>();
  const auto bad = [&](const std::string& why) {
    return Error(kBadZOrder, "the table's property `" + std::string(kZOrderProperty) + "` is `" +
                                 property->second + "`: " + why);
  };
  ZCurve curve;
  std::string_view rest = property->second;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = trimmed(rest.substr(0, comma));
    const auto& fields = metadata.current_schema().fields();
    const auto field = std::ranges::find(fields, name, &NestedField::name);
    if (field == fields.end()) return bad("there is no column `" + std::string(name) + "`");
    if (field->type.is_nested()) return bad("`" + field->name + "` has no order");
    if (std::ranges::find(curve.dimensions_, field->id, &Dimension::field_id) != curve.dimensions_.end())
      return bad("it names `" + field->name + "` twice");
    curve.dimensions_.push_back({.field_id = field->id});
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (curve.dimensions_.size() > kMostColumns)
    return bad("a curve goes through at most " + std::to_string(kMostColumns) + " columns");
  return std::optional(std::move(curve));
}

std::vector<std::int32_t> ZCurve::field_ids() const {
  std::vector<std::int32_t> ids;
  for (const Dimension& dimension : dimensions_) ids.push_back(dimension.field_id);
  return ids;
}

std::uint64_t ZCurve::Dimension::place(std::uint64_t value) const {
  return (std::clamp(value, least, most) - least) << shift;
}

Status ZCurve::observe(const arrow::RecordBatch& batch, const iceberg::Schema& schema) {
  for (Dimension& dimension : dimensions_) {
    TARN_ASSIGN_OR_RETURN(const SourceColumn source, source_column(batch, schema, dimension.field_id));
    TARN_ASSIGN_OR_RETURN(const TransformedColumn column, values_of(source));
    std::visit(
        [&]<typename T>(const std::vector<T>& values) {
          constexpr bool kText = std::is_same_v<T, std::string_view>;
          dimension.is_text = kText;
          for (std::size_t row = 0; row < values.size(); ++row) {
            if (is_null(column, row)) continue;
            const bool is_first = !std::exchange(dimension.is_seen, true);
            if constexpr (kText) {
              if (is_first || values[row] < dimension.first) dimension.first = values[row];
              if (is_first || values[row] > dimension.last) dimension.last = values[row];
            } else {
              const std::uint64_t value = number_of(values[row]);
              dimension.least = is_first ? value : std::min(dimension.least, value);
              dimension.most = is_first ? value : std::max(dimension.most, value);
            }
          }
        },
        column.values);
  }
  return ok_status();
}

void ZCurve::fit() {
  for (Dimension& dimension : dimensions_) {
    if (dimension.is_text) {
      const auto differ = std::ranges::mismatch(dimension.first, dimension.last);
      dimension.shared = static_cast<std::size_t>(differ.in1 - dimension.first.begin());
      dimension.least = number_of(dimension.first, dimension.shared);
      dimension.most = number_of(dimension.last, dimension.shared);
    }
    const std::uint64_t range = dimension.most - dimension.least;
    dimension.shift = range == 0 ? 0 : std::countl_zero(range);
  }
}

Result<std::vector<std::uint32_t>> ZCurve::ordered_rows(const arrow::RecordBatch& batch,
                                                        const iceberg::Schema& schema) const {
  if (batch.num_rows() > std::int64_t{UINT32_MAX})
    return Error(kTooLarge, "a batch of " + std::to_string(batch.num_rows()) + " rows is too large");
  std::vector<Item> items(static_cast<std::size_t>(batch.num_rows()));
  for (std::uint32_t row = 0; row < items.size(); ++row) items[row].row = row;
  for (std::size_t i = 0; i < dimensions_.size(); ++i) {
    const Dimension& dimension = dimensions_[i];
    TARN_ASSIGN_OR_RETURN(const SourceColumn source, source_column(batch, schema, dimension.field_id));
    TARN_ASSIGN_OR_RETURN(const TransformedColumn column, values_of(source));
    std::visit(
        [&]<typename T>(const std::vector<T>& values) {
          for (std::size_t row = 0; row < values.size(); ++row) {
            if (is_null(column, row)) continue;
            if constexpr (std::is_same_v<T, std::string_view>)
              items[row].places[i] = dimension.place(number_of(values[row], dimension.shared));
            else
              items[row].places[i] = dimension.place(number_of(values[row]));
          }
        },
        column.values);
  }
  std::ranges::sort(items, is_before);
  std::vector<std::uint32_t> rows;
  rows.reserve(items.size());
  for (const Item& item : items) rows.push_back(item.row);
  return rows;
}

}  // namespace tarn::table
