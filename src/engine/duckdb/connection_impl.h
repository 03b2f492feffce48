#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/connection.h"
#include "engine/duckdb/handles.h"
#include "engine/duckdb/row_filters.h"

namespace tarn::engine {

struct Statement::Impl {
  std::shared_ptr<const internal::SourceText> source;
  duckdb_connection connection = nullptr;  ///< Which it must not outlive.
  internal::OwnedStatement handle;
  std::vector<std::string> parameters;
};

struct Connection::Impl {
  internal::OwnedConnection handle;
  std::shared_ptr<internal::RowFilters> filters;  ///< The database's.
  bool hides_machine = false;
};

}  // namespace tarn::engine
