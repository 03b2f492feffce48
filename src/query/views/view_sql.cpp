#include "query/views/view_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/source_place.h"
#include "iceberg/errors.h"
#include "io/object_store.h"
#include "query/views/type_sql.h"

namespace tarn::query {
namespace {

using engine::quote_identifier;
using engine::quote_literal;
using iceberg::NestedField;
using iceberg::Schema;

/// Files that can be read by one call of read_parquet().
struct Group {
  const Schema* written_with = nullptr;  ///< Null: names of nested fields are the scan's.
  std::vector<const table::ScanTask*> tasks;
};

bool needs_written_schema(const Schema& written, const Schema& wanted) {
  return std::ranges::any_of(wanted.fields(), [&](const NestedField& field) {
    const NestedField* old = written.find(field.id);
    return old != nullptr && !names_agree(old->type, field.type);
  });
}

/// The schema that the snapshot wrote with which the file came; null when that makes no difference.
const Schema* written_schema(const table::LiveFile& file, const Schema& wanted,
                             const iceberg::TableMetadata& metadata) {
  const iceberg::Snapshot* snapshot = metadata.snapshot_by_id(file.snapshot_id);
  if (snapshot == nullptr) return nullptr;
  const Schema& written = metadata.schema_of(*snapshot);
  return needs_written_schema(written, wanted) ? &written : nullptr;
}

std::vector<Group> group_files(const table::Scan& scan, const iceberg::TableMetadata& metadata) {
  const bool nested =
      std::ranges::any_of(scan.schema.fields(), [](const NestedField& f) { return f.type.is_nested(); });
  std::map<std::pair<std::int32_t, bool>, Group> groups;
  for (const table::ScanTask& task : scan.tasks) {
    const Schema* written = nested ? written_schema(*task.data, scan.schema, metadata) : nullptr;
    Group& group = groups[{written == nullptr ? -1 : written->id(), !task.deletes.empty()}];
    group.written_with = written;
    group.tasks.push_back(&task);
  }
  std::vector<Group> list;
  for (auto& [key, group] : groups) list.push_back(std::move(group));
  return list;
}

/// The name of a column inside of read_parquet(): its own, unless the engine has a hidden column of that
/// name.
std::string inner_name(const NestedField& field) {
  static constexpr std::array<std::string_view, 3> kHidden = {"filename", "file_row_number", "file_index"};
  const bool hidden = std::ranges::any_of(kHidden, [&](std::string_view name) {
    return std::ranges::equal(
        name, field.name, [](char a, char b) { return a == std::tolower(static_cast<unsigned char>(b)); });
  });
  return hidden ? fmt::format("_tarn_{}", field.id) : field.name;
}

/// A v3 default (JSON of a primitive) as text for the engine to cast, or NULL.
std::string default_sql(const NestedField& field) {
  if (!field.initial_default || field.type.is_nested() || *field.initial_default == "null")
    return "NULL::VARCHAR";
  const std::string& json = *field.initial_default;
  const bool text = json.size() >= 2 && json.front() == '"' && json.find('\\') == std::string::npos;
  return quote_literal(text ? std::string_view(json).substr(1, json.size() - 2) : std::string_view(json));
}

std::string schema_map(const Schema& wanted, const Schema* written_with) {
  std::string map;
  for (const NestedField& field : wanted.fields()) {
    const NestedField* old = written_with == nullptr ? nullptr : written_with->find(field.id);
    map += fmt::format("{}{}: {{'name': {}, 'type': {}, 'default_value': {}}}", map.empty() ? "" : ", ",
                       field.id, quote_literal(inner_name(field)),
                       quote_literal(type_sql(old == nullptr ? field.type : old->type)), default_sql(field));
  }
  return fmt::format("MAP {{{}}}", map);
}

std::string select_list(const Schema& wanted, const Schema* written_with) {
  std::string list;
  for (const NestedField& field : wanted.fields()) {
    const std::string inner = "d." + quote_identifier(inner_name(field));
    const NestedField* old = written_with == nullptr ? nullptr : written_with->find(field.id);
    const bool remap = old != nullptr && field.type.is_nested();
    list +=
        fmt::format("{}{} AS {}", list.empty() ? "" : ", ",
                    remap ? remap_sql(inner, old->type, field.type) : inner, quote_identifier(field.name));
  }
  return list;
}

// Types that only format version 3 has are passed on to other engines, and not read here.
Status check_readable(const iceberg::Type& type, const std::string& column) {
  if (type.id() == iceberg::TypeId::kLater) {
    return Error(iceberg::kUnsupportedType,
                 fmt::format("column `{}` is a {}, which this SQL cannot read", column, type.to_string()))
        .with_hint("read the table with an engine that knows Iceberg version 3");
  }
  for (const NestedField& field : type.fields()) TARN_RETURN_IF_ERROR(check_readable(field.type, column));
  return ok_status();
}

Result<std::string> file_list(const std::vector<std::string>& locations) {
  std::string list;
  for (const std::string& location : locations) {
    TARN_ASSIGN_OR_RETURN(const std::string path, engine_path(location));
    list += (list.empty() ? "" : ", ") + quote_literal(path);
  }
  return "[" + list + "]";
}

/// Leaves out rows deleted by position.
std::string live_sql(const Group& group, ScanFilters& filters) {
  std::vector<table::ScanTask> tasks;
  for (const table::ScanTask* task : group.tasks) tasks.push_back(*task);
  filters.uses.push_back(filters.connection.use_filter(
      std::make_shared<ScanFilter>(filters.store, filters.rows, std::move(tasks))));
  return fmt::format("{}({}, d.file_index, d.file_row_number)", engine::kIsLive,
                     filters.uses.back().number());
}

/// The engine reads a list of one file with one thread, however many row groups it has, since it looks into
/// no file before it runs. Named twice and read once, it is read by all.
bool is_big_and_alone(const Group& group) {
  return group.tasks.size() == 1 && group.tasks.front()->data->file.split_offsets.size() > 1;
}

Result<std::string> group_sql(const Group& group, const Schema& wanted, ScanFilters& filters, Places places) {
  std::vector<std::string> locations;
  std::int64_t rows = 0;
  for (const table::ScanTask* task : group.tasks) {
    locations.push_back(task->data->file.file_path);
    rows += task->data->file.record_count;
  }
  std::string condition;
  if (is_big_and_alone(group)) {
    locations.push_back(locations.front());
    condition = " WHERE d.file_index = 0";
  }
  if (!group.tasks.front()->deletes.empty())
    condition += (condition.empty() ? " WHERE " : " AND ") + live_sql(group, filters);
  TARN_ASSIGN_OR_RETURN(const std::string files, file_list(locations));
  std::string list = select_list(wanted, group.written_with);
  if (places == Places::kWith)
    list += fmt::format(", d.filename AS {}, d.file_row_number AS {}", kPlaceFile, kPlaceRow);
  return fmt::format("SELECT {} FROM read_parquet({}, explicit_cardinality = {}, schema = {}) d{}", list,
                     files, rows, schema_map(wanted, group.written_with), condition);
}

std::string empty_sql(const Schema& wanted, Places places) {
  std::string list;
  for (const NestedField& field : wanted.fields()) {
    list += fmt::format("{}CAST(NULL AS {}) AS {}", list.empty() ? "" : ", ", type_sql(field.type),
                        quote_identifier(field.name));
  }
  if (places == Places::kWith)
    list += fmt::format(", CAST(NULL AS VARCHAR) AS {}, CAST(NULL AS BIGINT) AS {}", kPlaceFile, kPlaceRow);
  return fmt::format("SELECT {} WHERE false", list.empty() ? "NULL AS no_columns" : list);
}

}  // namespace

Result<std::string> engine_path(const std::string& location) {
  for (const std::string_view scheme : {"s3://", "s3a://"}) {
    if (location.starts_with(scheme)) return "s3://" + location.substr(scheme.size());
  }
  return io::local_path(location);
}

Result<std::string> scan_sql(const table::Scan& scan, const iceberg::TableMetadata& metadata,
                             ScanFilters& filters, Places places) {
  for (const NestedField& field : scan.schema.fields())
    TARN_RETURN_IF_ERROR(check_readable(field.type, field.name));
  if (scan.tasks.empty() || scan.schema.fields().empty()) return empty_sql(scan.schema, places);
  std::string sql;
  for (const Group& group : group_files(scan, metadata)) {
    TARN_ASSIGN_OR_RETURN(const std::string part, group_sql(group, scan.schema, filters, places));
    sql += (sql.empty() ? "" : " UNION ALL ") + part;
  }
  return sql;
}

}  // namespace tarn::query
