#include "engine/arrow_import.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/duckdb/connection_impl.h"
#include "engine/duckdb/failure.h"
#include "engine/duckdb/type_node.h"
#include "engine/source_place.h"

namespace tarn::engine {
namespace {

using OwnedColumns = internal::Owned<duckdb_arrow_converted_schema, duckdb_destroy_arrow_converted_schema>;

/// `outcome` of a call that has no statement's text.
Status check(duckdb_error_data outcome) {
  return internal::check(internal::OwnedErrorData(outcome), std::string_view(), std::string_view("sql"));
}

}  // namespace

struct ArrowImport::Impl {
  Connection& connection;
  duckdb_connection handle;
  TableName table;
  std::vector<std::string> names = {};
  OwnedColumns columns = {};
  internal::OwnedAppender appender = {};

  Status make_table(duckdb_data_chunk chunk);
  Status check_appender(duckdb_state state) const { return internal::check_appender(appender.get(), state); }
};

ArrowImport::ArrowImport(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArrowImport::ArrowImport(ArrowImport&&) noexcept = default;
ArrowImport& ArrowImport::operator=(ArrowImport&&) noexcept = default;
ArrowImport::~ArrowImport() = default;

Result<ArrowImport> ArrowImport::open(Connection& connection, const TableName& table, ::ArrowSchema& columns,
                                      std::vector<std::string> names) {
  auto impl = std::make_unique<Impl>(Impl{.connection = connection,
                                          .handle = connection.impl_->handle.get(),
                                          .table = table,
                                          .names = std::move(names)});
  TARN_RETURN_IF_ERROR(check(duckdb_schema_from_arrow(impl->handle, &columns, impl->columns.out())));
  return ArrowImport(std::move(impl));
}

Status ArrowImport::Impl::make_table(duckdb_data_chunk chunk) {
  std::string list;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const internal::OwnedLogicalType type(
        duckdb_vector_get_column_type(duckdb_data_chunk_get_vector(chunk, i)));
    TARN_ASSIGN_OR_RETURN(const internal::TypeNode node, internal::read_type(type.get()));
    // Nothing but NULLs goes into any type.
    const std::string sql = node.id == DUCKDB_TYPE_SQLNULL ? "VARCHAR" : node.to_sql();
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", quote_identifier(names[i]), sql);
  }
  TARN_RETURN_IF_ERROR(
      connection.run(fmt::format("CREATE OR REPLACE TABLE {}.{} ({})", quote_identifier(table.schema),
                                 quote_identifier(table.name), list)));
  return check_appender(
      duckdb_appender_create(handle, table.schema.c_str(), table.name.c_str(), appender.out()));
}

Status ArrowImport::add(::ArrowArray& batch) {
  internal::OwnedChunk chunk;
  TARN_RETURN_IF_ERROR(
      check(duckdb_data_chunk_from_arrow(impl_->handle, &batch, impl_->columns.get(), chunk.out())));
  if (impl_->appender.get() == nullptr) TARN_RETURN_IF_ERROR(impl_->make_table(chunk.get()));
  if (duckdb_data_chunk_get_size(chunk.get()) == 0) return ok_status();
  return impl_->check_appender(duckdb_append_data_chunk(impl_->appender.get(), chunk.get()));
}

Status ArrowImport::close() {
  return impl_->check_appender(duckdb_appender_close(impl_->appender.get()));
}

}  // namespace tarn::engine
