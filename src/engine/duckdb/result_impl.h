#pragma once

#include <memory>
#include <vector>

#include "engine/duckdb/handles.h"
#include "engine/duckdb/vector_view.h"
#include "engine/result_set.h"

namespace tarn::engine {

struct Chunk::Impl {
  internal::OwnedChunk chunk;
  std::size_t rows = 0;
  /// Shared with the result: views point into it.
  std::shared_ptr<const std::vector<internal::TypeNode>> types;
  std::vector<internal::VectorView> columns;
};

struct ResultSet::Impl {
  /// The next chunk; at the end one without a handle. Errors: as of ResultSet::next().
  Result<internal::OwnedChunk> fetch();
  Result<internal::OwnedChunk> fetch_unwatched();

  std::shared_ptr<const internal::SourceText> source;
  internal::OwnedResult result;
  std::vector<Column> columns;
  std::shared_ptr<const std::vector<internal::TypeNode>> types;
  bool has_rows = false;
  bool ended = false;
  ResultSet::Watcher watcher;
};

}  // namespace tarn::engine
