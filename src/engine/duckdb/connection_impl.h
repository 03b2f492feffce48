#pragma once

#include "engine/connection.h"
#include "engine/duckdb/handles.h"

namespace tarn::engine {

struct Connection::Impl {
  internal::OwnedConnection handle;
  bool hides_machine = false;
};

}  // namespace tarn::engine
