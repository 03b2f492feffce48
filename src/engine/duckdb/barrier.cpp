#include "engine/duckdb/barrier.h"

#include <algorithm>

#include "engine/database.h"
#include "engine/errors.h"

namespace tarn::engine::internal {
namespace {

void always_true(duckdb_function_info /*info*/, duckdb_data_chunk input, duckdb_vector output) {
  auto* values = static_cast<bool*>(duckdb_vector_get_data(output));
  std::fill_n(values, duckdb_data_chunk_get_size(input), true);
}

}  // namespace

Status define_barrier(duckdb_connection connection) {
  duckdb_scalar_function function = duckdb_create_scalar_function();
  duckdb_logical_type boolean = duckdb_create_logical_type(DUCKDB_TYPE_BOOLEAN);
  duckdb_scalar_function_set_name(function, std::string(kBarrier).c_str());
  duckdb_scalar_function_set_return_type(function, boolean);
  duckdb_scalar_function_set_volatile(function);
  duckdb_scalar_function_set_function(function, always_true);
  const duckdb_state defined = duckdb_register_scalar_function(connection, function);
  duckdb_destroy_logical_type(&boolean);
  duckdb_destroy_scalar_function(&function);
  if (defined == DuckDBSuccess) return ok_status();
  return Error(kOpenFailed, "the engine refuses a function of Tarn's own");
}

}  // namespace tarn::engine::internal
