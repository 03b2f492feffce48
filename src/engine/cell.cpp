#include "engine/cell.h"

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

}  // namespace tarn::engine
