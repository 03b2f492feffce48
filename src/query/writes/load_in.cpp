#include "query/writes/load_in.h"

#include <fmt/format.h>

#include <utility>

#include "engine/arrow_import.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/writes/statement_reader.h"
#include "query/writes/statement_writer.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;
using IfThere = LoadTarget::IfThere;

/// Where the rows wait until all are there.
constexpr std::string_view kRows = "tarn_loaded";

}  // namespace

struct LoadIn::Impl {
  Session& session;
  Session::Impl& inside;
  LoadTarget target;
  std::string table = {};    ///< As SQL writes it.
  std::string columns = {};  ///< The batches', with commas.
  std::string rows = {};
  std::optional<engine::ArrowImport> import = {};

  bool is_transaction() const { return target.creates || target.if_there != IfThere::kAppend; }
  /// The statements before the rows.
  Result<std::vector<std::string>> definitions();
  Status define();
  Result<std::int64_t> insert();
};

LoadIn::LoadIn(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

LoadIn::~LoadIn() {
  impl_->import.reset();
  // The rows cost memory only, until the next load of the session takes their place.
  (void)impl_->inside.connection->run(fmt::format("DROP TABLE IF EXISTS {}", impl_->rows));
}

Result<std::unique_ptr<LoadIn>> Session::begin_load(const LoadTarget& target, ::ArrowSchema& columns,
                                                    const std::vector<std::string>& names) {
  auto impl =
      std::make_unique<LoadIn::Impl>(LoadIn::Impl{.session = *this, .inside = *impl_, .target = target});
  if (!target.schema.empty()) impl->table = quote_identifier(target.schema) + ".";
  impl->table += quote_identifier(target.table);
  for (const std::string& name : names)
    impl->columns += (impl->columns.empty() ? "" : ", ") + quote_identifier(name);
  impl->rows = fmt::format("{}.main.{}", impl_->database, kRows);
  const auto start = [&]() -> Status {
    if (!impl_->can_write())
      return Error(impl_->principal == nullptr ? kReadOnly : kWriteDenied,
                   "this would change the lake, and its tables are read-only for you in SQL");
    if (names.empty()) return Error(kUnsupportedWrite, "the rows have no columns");
    TARN_RETURN_IF_ERROR(impl_->look_around());
    TARN_ASSIGN_OR_RETURN(
        impl->import,
        engine::ArrowImport::open(*impl_->connection, {"main", std::string(kRows)}, columns, names));
    return ok_status();
  };
  if (Status started = start(); !started.ok()) {
    impl_->refuse(fmt::format("INSERT INTO {} ({})", impl->table, impl->columns), started.error());
    return std::move(started).error();
  }
  return std::make_unique<LoadIn>(std::move(impl));
}

Status LoadIn::add(::ArrowArray& batch) {
  return impl_->import->add(batch);
}

Result<std::vector<std::string>> LoadIn::Impl::definitions() {
  std::vector<std::string> statements;
  if (target.if_there == IfThere::kReplace)
    statements.push_back(fmt::format("DROP TABLE {}{}", target.creates ? "IF EXISTS " : "", table));
  const bool makes = target.creates || target.if_there == IfThere::kReplace;
  if (!makes) return statements;
  TARN_ASSIGN_OR_RETURN(const engine::Statement read,
                        inside.connection->prepare(fmt::format("SELECT * FROM {}", rows)));
  std::string list;
  for (const engine::Column& column : read.columns())
    list += fmt::format("{}{} {}", list.empty() ? "" : ", ", quote_identifier(column.name), column.type);
  statements.push_back(fmt::format("CREATE TABLE {}{} ({})",
                                   target.if_there == IfThere::kAppend ? "IF NOT EXISTS " : "", table, list));
  return statements;
}

Status LoadIn::Impl::define() {
  TARN_ASSIGN_OR_RETURN(const std::vector<std::string> statements, definitions());
  for (const std::string& sql : statements) {
    TARN_ASSIGN_OR_RETURN(const engine::ResultSet done, session.run({sql, 0, sql.size()}, {}));
  }
  return ok_status();
}

Result<std::int64_t> LoadIn::Impl::insert() {
  const std::string sql = fmt::format("INSERT INTO {} ({})", table, columns);
  WriteStatement write;
  TARN_ASSIGN_OR_RETURN(write.targets, target_named(table, sql));
  const RunOptions options;
  StatementWriter writer(inside, sql, write, options);
  return writer.run_rows(columns, fmt::format("SELECT {} FROM {}", columns, rows));
}

Result<std::int64_t> LoadIn::finish() {
  TARN_RETURN_IF_ERROR(impl_->import->close());
  impl_->import.reset();
  if (!impl_->is_transaction()) return impl_->insert();
  TARN_RETURN_IF_ERROR(impl_->session.begin());
  const auto all = [&]() -> Result<std::int64_t> {
    TARN_RETURN_IF_ERROR(impl_->define());
    TARN_ASSIGN_OR_RETURN(const std::int64_t count, impl_->insert());
    TARN_RETURN_IF_ERROR(impl_->session.commit());
    return count;
  };
  Result<std::int64_t> count = all();
  if (!count.ok()) impl_->session.roll_back();
  return count;
}

}  // namespace tarn::query
