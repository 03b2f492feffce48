#pragma once

#include <duckdb.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/result_set.h"

namespace tarn::engine::internal {

/// A type of the engine with everything that reading its vectors needs, at all depths.
struct TypeNode {
  duckdb_type id = DUCKDB_TYPE_INVALID;
  duckdb_type storage = DUCKDB_TYPE_INVALID;  ///< Of decimals and enums: the integer that holds them.
  std::uint8_t width = 0;                     ///< Of decimals.
  std::uint8_t scale = 0;
  std::uint64_t array_size = 0;
  bool is_json = false;            ///< Text with the name JSON.
  std::vector<std::string> names;  ///< Of struct fields, union members, enum values.
  /// Struct fields; union members; of lists and arrays the element; of maps key and value.
  std::vector<TypeNode> children;

  std::string to_sql() const;
  ColumnKind kind() const;
  ColumnType precise() const;
};

/// Reads a logical type. Errors: sql.unsupported_type.
Result<TypeNode> read_type(duckdb_logical_type type);

}  // namespace tarn::engine::internal
