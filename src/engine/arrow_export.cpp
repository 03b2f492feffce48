#include <fmt/format.h>

#include <vector>

#include "engine/duckdb/connection_impl.h"
#include "engine/duckdb/failure.h"
#include "engine/duckdb/result_impl.h"
#include "engine/errors.h"

/// Results in Arrow's C data interface.
namespace tarn::engine {
namespace {

/// Columns for the engine, by the handles that it wants.
struct EngineColumns {
  std::vector<internal::OwnedLogicalType> types;
  std::vector<std::string> names;

  Status describe(duckdb_arrow_options options, const internal::SourceText& source, ::ArrowSchema& out) {
    std::vector<duckdb_logical_type> handles;
    std::vector<const char*> texts;
    for (const internal::OwnedLogicalType& type : types) handles.push_back(type.get());
    for (const std::string& name : names) texts.push_back(name.c_str());
    return internal::check(internal::OwnedErrorData(duckdb_to_arrow_schema(
                               options, handles.data(), texts.data(), handles.size(), &out)),
                           source);
  }
};

}  // namespace

Result<bool> Statement::describe_arrow(::ArrowSchema& out) const {
  EngineColumns columns;
  duckdb_prepared_statement handle = impl_->handle.get();
  const idx_t count = duckdb_prepared_statement_column_count(handle);
  for (idx_t i = 0; i < count; ++i) {
    internal::OwnedLogicalType type(duckdb_prepared_statement_column_logical_type(handle, i));
    if (type.get() == nullptr || !internal::read_type(type.get()).ok()) return false;
    columns.types.push_back(std::move(type));
    const char* const name = duckdb_prepared_statement_column_name(handle, i);
    columns.names.emplace_back(name == nullptr ? "" : name);
    duckdb_free(const_cast<char*>(name));
  }
  internal::OwnedArrowOptions options;
  duckdb_connection_get_arrow_options(impl_->connection, options.out());
  TARN_RETURN_IF_ERROR(columns.describe(options.get(), *impl_->source, out));
  return true;
}

Status ResultSet::describe_arrow(::ArrowSchema& out) {
  EngineColumns columns;
  for (idx_t i = 0; i < impl_->columns.size(); ++i) {
    columns.types.emplace_back(duckdb_column_logical_type(impl_->result.get(), i));
    columns.names.push_back(impl_->columns[i].name);
  }
  const internal::OwnedArrowOptions options(duckdb_result_get_arrow_options(impl_->result.get()));
  return columns.describe(options.get(), *impl_->source, out);
}

Result<bool> ResultSet::next_arrow(::ArrowArray& out) {
  TARN_ASSIGN_OR_RETURN(const internal::OwnedChunk chunk, impl_->fetch());
  if (chunk.get() == nullptr) return false;
  const internal::OwnedArrowOptions options(duckdb_result_get_arrow_options(impl_->result.get()));
  TARN_RETURN_IF_ERROR(
      internal::check(internal::OwnedErrorData(duckdb_data_chunk_to_arrow(options.get(), chunk.get(), &out)),
                      *impl_->source));
  return true;
}

}  // namespace tarn::engine
