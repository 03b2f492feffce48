#pragma once

#include <string>

#include "engine/duckdb/vector_view.h"

namespace tarn::engine::internal {

/// Appends a value of a scalar type as SQL prints it; `separator` stands between a date and its time (' ' for
/// SQL, 'T' for ISO 8601), and a time in UTC ends with "+00" for ' ' and "Z" for 'T'. The row must not be
/// null.
void append_scalar(const VectorView& vector, std::size_t row, char separator, std::string& out);

/// Appends binary as SQL prints it: printable ASCII as it is, other bytes as `\x0A`.
void append_escaped_binary(std::string_view bytes, std::string& out);

}  // namespace tarn::engine::internal
