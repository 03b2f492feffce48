#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/errors.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/writes/statement_writer.h"

/// CREATE, ALTER and DROP of views. Like schemas they are there, or gone, at once: they are not part of the
/// transaction.
namespace tarn::query {

using engine::quote_identifier;

/// Null: there is none of that name.
Result<const TableName*> StatementWriter::existing_view(const WrittenName& name) const {
  const Result<std::string> schema = schema_of(name);
  if (!schema.ok()) return static_cast<const TableName*>(nullptr);
  const TableName* const view = find_name(session_.known.views, {*schema, name.parts.back()});
  if (view == nullptr) return view;
  if (const Status allowed = check_rights(*view, nullptr); !allowed.ok())
    return at(allowed.error(), name.place);
  return view;
}

Status StatementWriter::create_view() {
  const WrittenName& written = write_.targets.front();
  TARN_ASSIGN_OR_RETURN(const TableName* const present, existing_view(written));
  if (present != nullptr && write_.if_there) return ok_status();
  TARN_ASSIGN_OR_RETURN(const TableName name,
                        present == nullptr ? fresh(written) : Result<TableName>(*present));
  if (present == nullptr || !write_.replaces) TARN_RETURN_IF_ERROR(check_vacant(name));
  // Its types are those that whoever makes it sees.
  only_prepares_ = true;
  TARN_ASSIGN_OR_RETURN(const Query typed, source_query());
  TARN_ASSIGN_OR_RETURN(const engine::Statement described, prepare(typed, {}));
  if (!described.parameters().empty())
    return at(Error(engine::kParameter, "a view has no parameters"), write_.source);
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, schema_of(described));
  TARN_ASSIGN_OR_RETURN(const ViewText text, view_source());
  TARN_RETURN_IF_ERROR(check_view(name, text));
  TARN_RETURN_IF_ERROR(record(*typed.ready, {name}));
  if (present == nullptr) {
    TARN_RETURN_IF_ERROR(session_.lake.catalog.create_view(
        {.name = name, .schema = schema, .version = version_of(text), .properties = {}, .location = ""}));
    return ok_status();
  }
  TARN_ASSIGN_OR_RETURN(const catalog::View view, session_.lake.catalog.load_view(name));
  iceberg::ViewVersion version = version_of(text);
  version.version_id = view.metadata->current_version_id + 1;
  TARN_RETURN_IF_ERROR(session_.lake.catalog.commit_view(
      {.name = name,
       .requirements = {{view.metadata->view_uuid}},
       .updates = {iceberg::AddSchema{schema}, iceberg::AddViewVersion{std::move(version)},
                   iceberg::SetCurrentViewVersion{}}}));
  return ok_status();
}

/// What the view says, with the names of its columns in it.
Result<ViewText> StatementWriter::view_source() const {
  std::string sql(write_.source.in(sql_));
  if (!write_.columns.empty()) {
    std::string names;
    for (const std::string& column : write_.columns)
      names += (names.empty() ? "" : ", ") + quote_identifier(column);
    sql = fmt::format("SELECT * FROM ({}\n) AS source({})", sql, names);
  }
  return ViewText{std::move(sql), session_.known.default_schema,
                  session_.identity ? session_.identity->database : ""};
}

/// That it can be read as views are: by nothing but the lake's tables, and not by itself.
Status StatementWriter::check_view(const TableName& name, const ViewText& text) {
  TARN_ASSIGN_OR_RETURN(OpenedView view, session_.opened_view(name, text));
  std::vector<OpenedView> opened;
  std::vector<TableName> within{name};
  TARN_RETURN_IF_ERROR(session_.open_views(view.needs, opened, within));
  // Names of temporary tables are none of the lake's.
  std::vector<UsedView> used;
  for (const PlacedUse& use : view.needs.tables)
    if (!use.is_view) used.push_back({use.table.schema, nullptr});
  const std::vector<std::string> schemas = put_names(view.needs, used, false, view.query->rewrite);
  view.query->rewrite.finish();
  return session_.check_rows(*view.query, 0, session_.allowed_names(view.needs, schemas));
}

Status StatementWriter::drop_view() {
  std::vector<TableName> views;
  for (const WrittenName& written : write_.targets) {
    TARN_ASSIGN_OR_RETURN(const TableName* const view, existing_view(written));
    if (view != nullptr) {
      views.push_back(*view);
      continue;
    }
    const Result<TableName> table = existing(written);
    if (table.ok())
      return at(Error(kUnsupportedWrite, fmt::format("`{}` is a table", table->to_string()))
                    .with_hint("write DROP TABLE"),
                written.place);
    if (!write_.if_there)
      return at(
          Error(catalog::kViewNotFound, fmt::format("view \"{}\" does not exist", written.place.in(sql_))),
          written.place);
  }
  if (views.empty()) return ok_status();
  TARN_RETURN_IF_ERROR(record_definition(views));
  for (const TableName& view : views) TARN_RETURN_IF_ERROR(session_.lake.catalog.drop_view(view));
  return ok_status();
}

Status StatementWriter::alter_view(const TableName& name) {
  TARN_RETURN_IF_ERROR(record_definition({name}));
  TableName now = name;
  for (const Alteration& one : write_.alterations) {
    const bool renames = one.kind == Alteration::Kind::kRenameTable;
    if (!renames && one.kind != Alteration::Kind::kSetSchema)
      return at(Error(kUnsupportedWrite, "a view's columns are those of its query")
                    .with_hint("write CREATE OR REPLACE VIEW"),
                write_.targets.front().place);
    const TableName to = renames ? TableName{now.schema, one.new_name} : TableName{one.new_name, now.name};
    TARN_RETURN_IF_ERROR(check_rights(to, nullptr));
    TARN_RETURN_IF_ERROR(session_.lake.catalog.rename_view(now, to));
    now = to;
  }
  return ok_status();
}

}  // namespace tarn::query
