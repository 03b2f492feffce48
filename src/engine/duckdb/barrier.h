#pragma once

#include "base/result.h"
#include "engine/duckdb/handles.h"

namespace tarn::engine::internal {

/// Defines the function kBarrier for all connections of a database. Errors: engine.open_failed.
Status define_barrier(duckdb_connection connection);

}  // namespace tarn::engine::internal
