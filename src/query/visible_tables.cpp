#include "query/visible_tables.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "catalog/if_present.h"
#include "query/ops_tables.h"
#include "query/views/materialized_view.h"
#include "query/views/type_sql.h"
#include "query/views/view_text.h"

namespace tarn::query {
namespace {

using engine::TypeId;

std::int64_t count_of(const iceberg::Snapshot* snapshot, const char* key) {
  if (snapshot == nullptr) return 0;
  const auto found = snapshot->summary.find(key);
  std::int64_t count = 0;
  if (found == snapshot->summary.end()) return count;
  // Another engine may write anything here: then it counts as nothing.
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), count);
  return std::max<std::int64_t>(count, 0);
}

void add_columns(VisibleTable& visible, const iceberg::Schema& schema) {
  const std::vector<std::int32_t>& key = schema.identifier_field_ids();
  for (const iceberg::NestedField& field : schema.fields()) {
    const auto at = std::ranges::find(key, field.id);
    visible.columns.push_back(
        {.name = field.name,
         .type = column_type(field.type),
         .sql_type = field.type.id() == iceberg::TypeId::kLater ? "VARCHAR" : type_sql(field.type),
         .required = field.required,
         .description = field.doc.value_or(""),
         .key_position = at == key.end() ? 0 : static_cast<int>(at - key.begin()) + 1});
  }
}

VisibleTable describe(const catalog::View& view) {
  VisibleTable visible{.name = view.name, .state = view.metadata_location};
  const auto comment = view.metadata->properties.find("comment");
  if (comment != view.metadata->properties.end()) visible.description = comment->second;
  visible.is_view = true;
  // One in another dialect is there, and cannot be read.
  if (const Result<ViewText> text = view_text(*view.metadata); text.ok()) visible.view_sql = text->sql;
  add_columns(visible, view_schema(*view.metadata));
  return visible;
}

VisibleTable describe(const catalog::Table& table) {
  const iceberg::TableMetadata& metadata = *table.metadata;
  VisibleTable visible{.name = table.name, .state = table.metadata_location};
  const auto comment = metadata.properties.find("comment");
  if (comment != metadata.properties.end()) visible.description = comment->second;
  visible.records = count_of(metadata.current_snapshot(), "total-records");
  visible.size_bytes = count_of(metadata.current_snapshot(), "total-files-size");
  if (auto kept = materialized_view(metadata)) {
    visible.is_materialized = true;
    visible.view_sql = std::move(kept->text.sql);
  }
  add_columns(visible, metadata.current_schema());
  return visible;
}

/// How much there is of what a filter hides is hidden, too.
void keep_visible(VisibleTable& table, const TablePolicy& policy) {
  if (!policy.filter.empty()) table.records = table.size_bytes = 0;
  std::erase_if(table.columns,
                [&](const VisibleTable::Column& column) { return policy.find(column.name) == nullptr; });
  for (VisibleTable::Column& column : table.columns) {
    const VisibleColumn& visible = *policy.find(column.name);
    if (visible.is_text) {
      column.type = {.id = TypeId::kText};
      column.sql_type = "VARCHAR";
    }
    if (!visible.is_plain) column.required = false;
  }
}

}  // namespace

Result<std::vector<VisibleTable>> visible_tables(const Lake& lake, const KnownNames& known,
                                                 const Principal* principal) {
  std::vector<VisibleTable> tables;
  for (const TableName& name : known.tables) {
    TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(lake.load_table(name)));
    if (!table) continue;
    tables.push_back(describe(*table));
    if (principal == nullptr) continue;
    keep_visible(tables.back(), principal->policy(name, *table->metadata));
    if (!principal->may_write(name)) tables.back().view_sql.clear();
  }
  for (const TableName& name : known.views) {
    TARN_ASSIGN_OR_RETURN(const auto view, catalog::if_present(lake.catalog.load_view(name)));
    if (!view) continue;
    tables.push_back(describe(*view));
    if (principal == nullptr) continue;
    const iceberg::Schema& schema = view_schema(*view->metadata);
    keep_visible(tables.back(), principal->policy(name, schema));
    // What the query names may be none of the reader's business.
    if (!principal->may_write(name)) tables.back().view_sql.clear();
  }
  for (const std::string_view name : OpsTables::names()) {
    if (principal == nullptr || principal->sees({"ops", std::string(name)}))
      tables.push_back(OpsTables::describe(name));
  }
  return tables;
}

}  // namespace tarn::query
