#include "engine/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/duckdb/connection_impl.h"
#include "engine/duckdb/failure.h"
#include "engine/duckdb/result_impl.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "engine/utf8.h"

namespace tarn::engine {
namespace {

using internal::make_failure;
using internal::SourceText;

StatementKind to_kind(duckdb_statement_type type) {
  switch (type) {
    case DUCKDB_STATEMENT_TYPE_SELECT:
      return StatementKind::kSelect;
    case DUCKDB_STATEMENT_TYPE_EXPLAIN:
      return StatementKind::kExplain;
    case DUCKDB_STATEMENT_TYPE_PREPARE:
      return StatementKind::kPrepare;
    case DUCKDB_STATEMENT_TYPE_EXECUTE:
      return StatementKind::kExecute;
    case DUCKDB_STATEMENT_TYPE_VARIABLE_SET:
    case DUCKDB_STATEMENT_TYPE_SET:
      return StatementKind::kSet;
    case DUCKDB_STATEMENT_TYPE_TRANSACTION:
      return StatementKind::kTransactionControl;
    case DUCKDB_STATEMENT_TYPE_CALL:
      return StatementKind::kCall;
    case DUCKDB_STATEMENT_TYPE_PRAGMA:
      return StatementKind::kPragma;
    case DUCKDB_STATEMENT_TYPE_COPY:
    case DUCKDB_STATEMENT_TYPE_EXPORT:
    case DUCKDB_STATEMENT_TYPE_COPY_DATABASE:
      return StatementKind::kCopy;
    case DUCKDB_STATEMENT_TYPE_INSERT:
      return StatementKind::kInsert;
    case DUCKDB_STATEMENT_TYPE_UPDATE:
      return StatementKind::kUpdate;
    case DUCKDB_STATEMENT_TYPE_DELETE:
      return StatementKind::kDelete;
    case DUCKDB_STATEMENT_TYPE_MERGE_INTO:
      return StatementKind::kMerge;
    case DUCKDB_STATEMENT_TYPE_CREATE:
    case DUCKDB_STATEMENT_TYPE_CREATE_FUNC:
      return StatementKind::kCreate;
    case DUCKDB_STATEMENT_TYPE_ALTER:
      return StatementKind::kAlter;
    case DUCKDB_STATEMENT_TYPE_DROP:
      return StatementKind::kDrop;
    case DUCKDB_STATEMENT_TYPE_ATTACH:
    case DUCKDB_STATEMENT_TYPE_DETACH:
      return StatementKind::kAttach;
    case DUCKDB_STATEMENT_TYPE_LOAD:
    case DUCKDB_STATEMENT_TYPE_EXTENSION:
    case DUCKDB_STATEMENT_TYPE_UPDATE_EXTENSIONS:
      return StatementKind::kLoad;
    default:
      return StatementKind::kOther;
  }
}

/// The C API takes texts that end at the first NUL: a statement with one would be cut in silence.
Status refuse_nul(std::string_view sql, std::string_view source) {
  const std::size_t nul = sql.find('\0');
  if (nul == std::string_view::npos) return ok_status();
  return Error(kSyntax, "the statement holds a NUL byte").with_span(span_at(sql, nul, 1, source));
}

Status describe_columns(duckdb_result* result, std::vector<Column>& columns,
                        std::vector<internal::TypeNode>& types) {
  const idx_t count = duckdb_column_count(result);
  for (idx_t i = 0; i < count; ++i) {
    duckdb_logical_type type = duckdb_column_logical_type(result, i);
    Result<internal::TypeNode> node = internal::read_type(type);
    duckdb_destroy_logical_type(&type);
    const std::string name = duckdb_column_name(result, i);
    if (!node.ok()) return std::move(node).error().with_context(fmt::format("reading the column `{}`", name));
    columns.push_back({name, node->to_sql(), node->kind(), node->precise()});
    types.push_back(std::move(*node));
  }
  return ok_status();
}

}  // namespace

Statement::Statement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Statement::Statement(Statement&&) noexcept = default;
Statement& Statement::operator=(Statement&&) noexcept = default;
Statement::~Statement() = default;

StatementKind Statement::kind() const {
  return to_kind(duckdb_prepared_statement_type(impl_->handle.get()));
}

const std::vector<std::string>& Statement::parameters() const {
  return impl_->parameters;
}

Status Statement::bind(std::string_view name, std::string_view value) {
  const auto found = std::ranges::find(impl_->parameters, name);
  if (found == impl_->parameters.end()) {
    return Error(kParameter, fmt::format("the statement has no parameter `${}`", name));
  }
  const auto index = static_cast<idx_t>(found - impl_->parameters.begin()) + 1;
  const bool valid = to_valid_utf8(value) == value;
  if (valid &&
      duckdb_bind_varchar_length(impl_->handle.get(), index, value.data(), value.size()) == DuckDBSuccess) {
    return ok_status();
  }
  return Error(kParameter, fmt::format("the value of `${}` is not UTF-8 text", name));
}

Status Statement::bind_null(std::string_view name) {
  const auto found = std::ranges::find(impl_->parameters, name);
  if (found == impl_->parameters.end() ||
      duckdb_bind_null(impl_->handle.get(), static_cast<idx_t>(found - impl_->parameters.begin()) + 1) !=
          DuckDBSuccess) {
    return Error(kParameter, fmt::format("the statement has no parameter `${}`", name));
  }
  return ok_status();
}

Status Statement::bind_value(std::string_view name, const ParameterValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return bind(name, std::string_view(*text));
  if (std::holds_alternative<std::monostate>(value)) return bind_null(name);
  const auto found = std::ranges::find(impl_->parameters, name);
  const auto index = static_cast<idx_t>(found - impl_->parameters.begin()) + 1;
  duckdb_state bound = DuckDBError;
  if (found != impl_->parameters.end()) {
    duckdb_prepared_statement handle = impl_->handle.get();
    if (const auto* truth = std::get_if<bool>(&value)) bound = duckdb_bind_boolean(handle, index, *truth);
    if (const auto* whole = std::get_if<std::int64_t>(&value))
      bound = duckdb_bind_int64(handle, index, *whole);
    if (const auto* real = std::get_if<double>(&value)) bound = duckdb_bind_double(handle, index, *real);
    if (const auto* bytes = std::get_if<BinaryValue>(&value))
      bound = duckdb_bind_blob(handle, index, bytes->bytes.data(), bytes->bytes.size());
  }
  if (bound == DuckDBSuccess) return ok_status();
  return Error(kParameter, fmt::format("the statement has no parameter `${}`", name));
}

ColumnType Statement::parameter_type(std::size_t index) const {
  duckdb_logical_type type = duckdb_param_logical_type(impl_->handle.get(), index + 1);
  if (type == nullptr) return {};
  const Result<internal::TypeNode> node = internal::read_type(type);
  duckdb_destroy_logical_type(&type);
  return node.ok() ? node->precise() : ColumnType{};
}

std::vector<Column> Statement::columns() const {
  std::vector<Column> columns;
  const idx_t count = duckdb_prepared_statement_column_count(impl_->handle.get());
  for (idx_t i = 0; i < count; ++i) {
    const char* name = duckdb_prepared_statement_column_name(impl_->handle.get(), i);
    Column& column = columns.emplace_back();
    if (name != nullptr) column.name = name;
    duckdb_free(const_cast<char*>(name));
    duckdb_logical_type type = duckdb_prepared_statement_column_logical_type(impl_->handle.get(), i);
    const Result<internal::TypeNode> node = internal::read_type(type);
    duckdb_destroy_logical_type(&type);
    if (!node.ok()) continue;  // Its parameters decide.
    column.type = node->to_sql();
    column.kind = node->kind();
    column.precise = node->precise();
  }
  return columns;
}

Result<ResultSet> Statement::execute() {
  auto result = std::make_unique<ResultSet::Impl>();
  result->source = impl_->source;
  internal::OwnedPending pending;
  if (duckdb_pending_prepared_streaming(impl_->handle.get(), pending.out()) != DuckDBSuccess) {
    return make_failure(DUCKDB_ERROR_INVALID, duckdb_pending_error(pending.get()), *impl_->source);
  }
  if (duckdb_execute_pending(pending.get(), result->result.get()) != DuckDBSuccess) {
    return make_failure(duckdb_result_error_type(result->result.get()),
                        duckdb_result_error(result->result.get()), *impl_->source);
  }
  std::vector<internal::TypeNode> types;
  TARN_RETURN_IF_ERROR(describe_columns(result->result.get(), result->columns, types));
  result->types = std::make_shared<const std::vector<internal::TypeNode>>(std::move(types));
  result->has_rows = duckdb_result_return_type(*result->result.get()) == DUCKDB_RESULT_TYPE_QUERY_RESULT;
  return ResultSet(std::move(result));
}

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

Status Connection::run(std::string_view sql) {
  TARN_RETURN_IF_ERROR(refuse_nul(sql, "sql"));
  const std::string text(sql);
  internal::OwnedResult result;
  if (duckdb_query(impl_->handle.get(), text.c_str(), result.get()) == DuckDBSuccess) return ok_status();
  return make_failure(duckdb_result_error_type(result.get()), duckdb_result_error(result.get()), text, "sql");
}

Result<Statement> Connection::prepare(std::string_view sql, std::string_view source) {
  TARN_RETURN_IF_ERROR(refuse_nul(sql, source));
  auto impl = std::make_unique<Statement::Impl>();
  impl->connection = impl_->handle.get();
  impl->source = std::make_shared<const SourceText>(
      SourceText{std::string(sql), std::string(source), impl_->hides_machine});
  internal::OwnedExtracted extracted;
  const idx_t count =
      duckdb_extract_statements(impl_->handle.get(), impl->source->sql.c_str(), extracted.out());
  if (count == 0) {
    const char* message = duckdb_extract_statements_error(extracted.get());
    if (message == nullptr) return Error(kSyntax, "there is no statement");
    return make_failure(DUCKDB_ERROR_PARSER, message, *impl->source);
  }
  // Some statements (PIVOT) are several to the engine: those before the last prepare the ground.
  for (idx_t i = 0; i < count; ++i) {
    impl->handle = internal::OwnedStatement();
    if (duckdb_prepare_extracted_statement(impl_->handle.get(), extracted.get(), i, impl->handle.out()) !=
        DuckDBSuccess) {
      return make_failure(DUCKDB_ERROR_INVALID, duckdb_prepare_error(impl->handle.get()), *impl->source);
    }
    if (i + 1 == count) break;
    internal::OwnedResult dropped;
    if (duckdb_execute_prepared(impl->handle.get(), dropped.get()) != DuckDBSuccess) {
      return make_failure(duckdb_result_error_type(dropped.get()), duckdb_result_error(dropped.get()),
                          *impl->source);
    }
  }
  const idx_t parameters = duckdb_nparams(impl->handle.get());
  for (idx_t i = 1; i <= parameters; ++i) {
    const char* name = duckdb_parameter_name(impl->handle.get(), i);
    impl->parameters.emplace_back(name == nullptr ? "" : name);
    duckdb_free(const_cast<char*>(name));
  }
  return Statement(std::move(impl));
}

Result<ResultSet> Connection::query(std::string_view sql, std::string_view source) {
  TARN_ASSIGN_OR_RETURN(Statement statement, prepare(sql, source));
  return statement.execute();
}

Result<std::vector<std::string>> Connection::table_names(std::string_view sql) {
  TARN_RETURN_IF_ERROR(refuse_nul(sql, "sql"));
  const std::string text(sql);
  const internal::OwnedValue names(duckdb_get_table_names(impl_->handle.get(), text.c_str(), true));
  if (names.get() == nullptr) {
    // The engine keeps the reason to itself: preparing the statement tells whether it is SQL at all.
    const Result<Statement> statement = prepare(sql);
    if (!statement.ok() && &statement.error().code() == &kSyntax) return statement.error();
    return Error(kBinder, "the tables of this statement cannot be told");
  }
  std::vector<std::string> found;
  for (idx_t i = 0; i < duckdb_get_list_size(names.get()); ++i) {
    const internal::OwnedValue name(duckdb_get_list_child(names.get(), i));
    char* taken = duckdb_get_varchar(name.get());
    found.emplace_back(taken);
    duckdb_free(taken);
  }
  std::ranges::sort(found);
  return found;
}

std::uint64_t Connection::id() const {
  duckdb_client_context context = nullptr;
  duckdb_connection_get_client_context(impl_->handle.get(), &context);
  const idx_t id = duckdb_client_context_get_connection_id(context);
  duckdb_destroy_client_context(&context);
  return id;
}

Result<std::string> Connection::parse_tree(std::string_view sql) {
  TARN_RETURN_IF_ERROR(refuse_nul(sql, "sql"));
  TARN_ASSIGN_OR_RETURN(
      ResultSet rows,
      query(fmt::format(
          "SELECT json_serialize_sql({}, skip_default := true, skip_empty := true, skip_null := true)",
          quote_literal(sql))));
  TARN_ASSIGN_OR_RETURN(auto texts, read_texts(rows));
  if (texts.size() != 1 || texts[0].size() != 1 || !texts[0][0])
    return Error(kInternal, "the engine has no parse tree of the statement");
  return *std::move(texts[0][0]);
}

void Connection::hide_machine() {
  impl_->hides_machine = true;
}

RowFilterUse Connection::use_filter(std::shared_ptr<RowFilter> filter) {
  const std::uint64_t number = impl_->filters->add(std::move(filter));
  return {impl_->filters, number};
}

void Connection::interrupt() {
  duckdb_interrupt(impl_->handle.get());
}

double Connection::progress() const {
  return duckdb_query_progress(impl_->handle.get()).percentage;
}

}  // namespace tarn::engine
