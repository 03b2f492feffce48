#pragma once

#include <duckdb.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>
#include <vector>

#include "engine/duckdb/type_node.h"

namespace tarn::engine::internal {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

/// A vector of a data chunk, opened for reading: the pointers to its values and nulls, and its children's.
struct VectorView {
  const TypeNode* type = nullptr;
  const void* data = nullptr;
  const std::uint64_t* validity = nullptr;  ///< Null: every value is there.
  std::vector<VectorView> children;         ///< As the type's; of unions the tag comes first.

  bool is_null(std::size_t row) const {
    return validity != nullptr && ((validity[row / 64] >> (row % 64)) & 1U) == 0;
  }
  template <typename T>
    requires std::is_trivially_copyable_v<T>
  T value(std::size_t row) const {
    T copied;
    std::memcpy(&copied, static_cast<const char*>(data) + row * sizeof(T), sizeof(T));
    return copied;
  }
  /// Of VARCHAR, BLOB, BIT, BIGNUM and GEOMETRY: the stored bytes.
  std::string_view bytes(std::size_t row) const;
  /// Of lists, maps and arrays: where the row's elements lie in children[0].
  duckdb_list_entry elements(std::size_t row) const;
  /// Of a decimal, an enum or any integer: its value.
  Int128 integer(std::size_t row) const;
};

/// Opens `vector`, whose type is `type`; both must outlive the view.
VectorView open_vector(const TypeNode& type, duckdb_vector vector);

}  // namespace tarn::engine::internal
