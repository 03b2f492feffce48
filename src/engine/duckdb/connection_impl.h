#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/connection.h"
#include "engine/duckdb/handles.h"

namespace tarn::engine {

struct Statement::Impl {
  std::shared_ptr<const internal::SourceText> source;
  duckdb_connection connection = nullptr;  ///< Which it must not outlive.
  internal::OwnedStatement handle;
  std::vector<std::string> parameters;
};

struct Connection::Impl {
  internal::OwnedConnection handle;
  bool hides_machine = false;
};

}  // namespace tarn::engine
