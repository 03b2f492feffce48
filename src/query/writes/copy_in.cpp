#include "query/writes/copy_in.h"

#include <fmt/format.h>

#include <set>
#include <utility>

#include "engine/errors.h"
#include "engine/source_place.h"
#include "engine/utf8.h"
#include "query/errors.h"
#include "query/views/type_sql.h"
#include "query/writes/statement_reader.h"
#include "query/writes/statement_writer.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;

/// Where the texts wait until all are there.
constexpr std::string_view kTexts = "tarn_copied";

/// A column that is copied into.
struct CopiedColumn {
  std::string name;
  iceberg::Type type;
  std::string text;  ///< Of the texts' table.

  /// PostgreSQL writes bytes as `\x0a`, and lists as `{1,2}`.
  std::string value(std::string_view cast) const {
    const std::string to = type_sql(type);
    if (type.id() == iceberg::TypeId::kBinary || type.id() == iceberg::TypeId::kFixed)
      return fmt::format("CASE WHEN starts_with({0}, '\\x') THEN unhex(substr({0}, 3)) ELSE encode({0}) END",
                         text);
    if (type.id() == iceberg::TypeId::kList)
      return fmt::format(
          "{0}(CASE WHEN starts_with({1}, '{{') THEN '[' || substr({1}, 2, length({1}) - 2) || "
          "']' ELSE {1} END AS {2})",
          cast, text, to);
    return fmt::format("{}({} AS {})", cast, text, to);
  }
};

}  // namespace

struct CopyIn::Impl {
  Session::Impl& session;
  std::string sql;
  WriteStatement write;
  RunOptions options = {};
  std::vector<CopiedColumn> columns = {};
  std::string texts = {};
  std::optional<engine::Appender> appender = {};

  Error explain(Error error);
};

CopyIn::CopyIn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

CopyIn::~CopyIn() {
  impl_->appender.reset();
  // The texts cost memory only, until the next COPY of the session takes their place.
  (void)impl_->session.connection->run(fmt::format("DROP TABLE IF EXISTS {}", impl_->texts));
}

std::vector<engine::ColumnType> CopyIn::types() const {
  std::vector<engine::ColumnType> types;
  for (const CopiedColumn& column : impl_->columns) types.push_back(column_type(column.type));
  return types;
}

Result<std::unique_ptr<CopyIn>> Session::begin_copy(std::string_view sql, const CopyTarget& target) {
  auto impl =
      std::make_unique<CopyIn::Impl>(CopyIn::Impl{.session = *impl_, .sql = std::string(sql), .write = {}});
  const auto start = [&]() -> Status {
    if (!impl_->can_write())
      return Error(impl_->principal == nullptr ? kReadOnly : kWriteDenied,
                   "COPY would change the lake, and its tables are read-only for you in SQL");
    TARN_ASSIGN_OR_RETURN(impl->write.targets, target_named(target.table, sql));
    impl->write.columns = target.columns;
    TARN_RETURN_IF_ERROR(impl_->look_around());
    StatementWriter writer(*impl_, impl->sql, impl->write, impl->options);
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, writer.loaded_target());
    const iceberg::Schema& schema = table.metadata->current_schema();
    std::vector<const iceberg::NestedField*> fields;
    for (const std::string& column : target.columns) {
      fields.push_back(find_column(schema, column));
      if (fields.back() == nullptr)
        return Error(engine::kBinder, fmt::format("column \"{}\" of relation \"{}\" does not exist", column,
                                                  table.name.to_string()));
    }
    if (target.columns.empty())
      for (const iceberg::NestedField& field : schema.fields()) fields.push_back(&field);
    std::string list = "line BIGINT";
    for (std::size_t i = 0; i < fields.size(); ++i) {
      impl->columns.push_back({fields[i]->name, fields[i]->type, fmt::format("_tarn_{}", i)});
      list += fmt::format(", _tarn_{} VARCHAR", i);
    }
    impl->texts = fmt::format("{}.main.{}", impl_->database, kTexts);
    TARN_RETURN_IF_ERROR(
        impl_->connection->run(fmt::format("CREATE OR REPLACE TABLE {} ({})", impl->texts, list)));
    TARN_ASSIGN_OR_RETURN(impl->appender, impl_->connection->append_to({"main", std::string(kTexts)}));
    return ok_status();
  };
  if (Status started = start(); !started.ok()) {
    impl_->refuse(sql, started.error());
    return std::move(started).error();
  }
  return std::make_unique<CopyIn>(std::move(impl));
}

Status CopyIn::add_row(std::span<const std::optional<std::string_view>> fields, std::int64_t line) {
  if (fields.size() != impl_->columns.size()) {
    return Error(kBadCopyData, fmt::format("line {} has {} fields, and {} are expected", line, fields.size(),
                                           impl_->columns.size()));
  }
  engine::Appender& rows = *impl_->appender;
  for (const auto& field : fields) {
    for (std::size_t at = 0; field && at < field->size();) {
      const std::size_t length = engine::utf8_sequence_length(*field, at);
      if (length == 0) return Error(kBadCopyData, fmt::format("line {} is not UTF-8", line));
      at += length;
    }
  }
  rows.int64(line);
  for (const auto& field : fields) {
    if (field)
      rows.text(*field);
    else
      rows.null();
  }
  return rows.end_row();
}

Result<std::int64_t> CopyIn::finish() {
  TARN_RETURN_IF_ERROR(impl_->appender->close());
  impl_->appender.reset();
  std::string names;
  std::string values;
  for (const CopiedColumn& column : impl_->columns) {
    names += (names.empty() ? "" : ", ") + quote_identifier(column.name);
    values += (values.empty() ? "" : ", ") + column.value("CAST");
  }
  StatementWriter writer(impl_->session, impl_->sql, impl_->write, impl_->options);
  Result<std::int64_t> rows =
      writer.run_rows(names, fmt::format("SELECT {} FROM {} ORDER BY line", values, impl_->texts));
  return rows.ok() ? rows : Result<std::int64_t>(impl_->explain(std::move(rows).error()));
}

/// The first line with a value that is none of its column's type.
Error CopyIn::Impl::explain(Error error) {
  if (error.error_class() != ErrorClass::kUser || &error.code() == &kNotNull) return error;
  for (const CopiedColumn& column : columns) {
    if (column.type.id() == iceberg::TypeId::kBinary || column.type.id() == iceberg::TypeId::kFixed) continue;
    auto rows =
        session.connection->query(fmt::format("SELECT min(line) FROM {} WHERE {} IS NOT NULL AND {} IS NULL",
                                              texts, column.text, column.value("TRY_CAST")));
    if (!rows.ok()) return error;
    const auto found = engine::read_texts(*rows);
    if (!found.ok() || found->empty() || !found->front().front()) continue;
    return Error(engine::kConversion,
                 fmt::format("line {}, column {}: a value is no {}", *found->front().front(), column.name,
                             column.type.to_string()))
        .with_hint("correct the line: nothing of this COPY was written");
  }
  return error;
}

}  // namespace tarn::query
