#include "engine/cell.h"

#include <limits>

#include "engine/duckdb/vector_view.h"

namespace tarn::engine {

bool Cell::is_null() const {
  return vector_->is_null(row_);
}

std::string Cell::text() const {
  std::string out;
  append_text(out);
  return out;
}

std::optional<std::int64_t> Cell::as_int64() const {
  if (is_null()) return std::nullopt;
  switch (vector_->type->id) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_TINYINT:
    case DUCKDB_TYPE_SMALLINT:
    case DUCKDB_TYPE_INTEGER:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UTINYINT:
    case DUCKDB_TYPE_USMALLINT:
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_HUGEINT: {
      const internal::Int128 value = vector_->integer(row_);
      if (value != static_cast<std::int64_t>(value)) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string_view> Cell::as_bytes() const {
  if (is_null()) return std::nullopt;
  const duckdb_type id = vector_->type->id;
  if (id != DUCKDB_TYPE_VARCHAR && id != DUCKDB_TYPE_BLOB) return std::nullopt;
  return vector_->bytes(row_);
}

std::optional<double> Cell::as_double() const {
  if (is_null()) return std::nullopt;
  if (vector_->type->id == DUCKDB_TYPE_DOUBLE) return vector_->value<double>(row_);
  if (vector_->type->id == DUCKDB_TYPE_FLOAT) return vector_->value<float>(row_);
  return std::nullopt;
}

std::optional<std::int64_t> Cell::as_ticks() const {
  if (is_null()) return std::nullopt;
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  const duckdb_type id = vector_->type->id;
  if (id == DUCKDB_TYPE_DATE) {
    const auto days = vector_->value<std::int32_t>(row_);
    if (!duckdb_is_finite_date({days})) return days < 0 ? kLeast : kGreatest;
    return days;
  }
  if (id == DUCKDB_TYPE_TIME) return vector_->value<std::int64_t>(row_);
  if (id == DUCKDB_TYPE_TIME_NS) return vector_->value<std::int64_t>(row_) / 1000;
  const bool is_timestamp = id == DUCKDB_TYPE_TIMESTAMP || id == DUCKDB_TYPE_TIMESTAMP_TZ ||
                            id == DUCKDB_TYPE_TIMESTAMP_S || id == DUCKDB_TYPE_TIMESTAMP_MS ||
                            id == DUCKDB_TYPE_TIMESTAMP_NS;
  if (!is_timestamp) return std::nullopt;
  const auto units = vector_->value<std::int64_t>(row_);
  if (!duckdb_is_finite_timestamp({units})) return units < 0 ? kLeast : kGreatest;
  std::int64_t micros = units;
  if (id == DUCKDB_TYPE_TIMESTAMP_S && __builtin_mul_overflow(units, std::int64_t{1'000'000}, &micros))
    return units < 0 ? kLeast : kGreatest;
  if (id == DUCKDB_TYPE_TIMESTAMP_MS && __builtin_mul_overflow(units, std::int64_t{1000}, &micros))
    return units < 0 ? kLeast : kGreatest;
  if (id == DUCKDB_TYPE_TIMESTAMP_NS) micros = units / 1000 - (units % 1000 < 0 ? 1 : 0);
  return micros;
}

std::optional<Interval> Cell::as_interval() const {
  if (is_null() || vector_->type->id != DUCKDB_TYPE_INTERVAL) return std::nullopt;
  const auto value = vector_->value<duckdb_interval>(row_);
  return Interval{value.months, value.days, value.micros};
}

std::size_t Cell::element_count() const {
  const duckdb_type id = vector_->type->id;
  if (is_null() || (id != DUCKDB_TYPE_LIST && id != DUCKDB_TYPE_ARRAY)) return 0;
  return vector_->elements(row_).length;
}

Cell Cell::element(std::size_t index) const {
  return {vector_->children.data(), vector_->elements(row_).offset + index};
}

}  // namespace tarn::engine
