// What changes when a contract and its table differ.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "iceberg/schema_update.h"
#include "ingest/errors.h"
#include "ingest/table_shape.h"

namespace tarn::ingest {
namespace {

using iceberg::NestedField;
using iceberg::Type;

// Whether the contract asks for another layout than it did when it last shaped the table.
bool layout_changed(const iceberg::TableMetadata& table, const TableShape& shape, std::string_view property) {
  const auto wanted = shape.properties.find(std::string(property));
  if (wanted == shape.properties.end()) return false;
  const auto former = table.properties.find(std::string(property));
  return former == table.properties.end() || former->second != wanted->second;
}

// What rows that are there were told apart by, and what a history was made of: under other columns they might
// clash, or lack values.
struct LastingColumns {
  std::string_view property;
  std::string_view what;
};
constexpr LastingColumns kLasting[] = {{kKeyProperty, "key"},
                                       {kVersionProperty, "`version_column`"},
                                       {kDeleteProperty, "column of `delete_when`"},
                                       {kTrackProperty, "`track`"},
                                       {kPreviousProperty, "`previous`"},
                                       {kScopeProperty, "scope (`replace: by`)"}};

// The names of a list, as the contract calls them now.
std::string renamed_list(const std::string& names, const TableShape& shape) {
  std::string renamed;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(", ", at), names.size());
    const std::string name = names.substr(at, end - at);
    const auto rename = shape.renames.find(name);
    renamed += (renamed.empty() ? "" : ", ") + (rename == shape.renames.end() ? name : rename->second);
    at = end + 2;
  }
  return renamed;
}

Status check_lasting(const iceberg::TableMetadata& table, const TableShape& shape) {
  for (const LastingColumns& lasting : kLasting) {
    const auto former = table.properties.find(std::string(lasting.property));
    const auto wanted = shape.properties.find(std::string(lasting.property));
    if (former == table.properties.end() || wanted == shape.properties.end()) continue;
    if (former->second == wanted->second || renamed_list(former->second, shape) == wanted->second) continue;
    return Error(kIncompatibleTable,
                 fmt::format("the {} of {} was ({}) and is ({}) in the contract", lasting.what,
                             shape.name.to_string(), former->second, wanted->second))
        .with_hint(
            lasting.property == kKeyProperty
                ? "give the feed a new table, or put the former key back"
                : "give the feed a new table, which its files can be loaded into anew, or put the former "
                  "value back");
  }
  return ok_status();
}

// A history and a table of another mode do not become one another.
Status check_mode(const iceberg::TableMetadata& table, const TableShape& shape) {
  constexpr std::pair<std::string_view, std::string_view> kHistories[] = {{kTrackProperty, "scd2"},
                                                                          {kPreviousProperty, "scd3"}};
  for (const auto& [property, mode] : kHistories) {
    const bool is_history = table.properties.contains(std::string(property));
    if (is_history == shape.properties.contains(std::string(property))) continue;
    Error error(kIncompatibleTable,
                is_history ? fmt::format("the `mode` of {} was {} and is another in the contract",
                                         shape.name.to_string(), mode)
                           : fmt::format("{} was loaded in another mode than {} and lacks versions",
                                         shape.name.to_string(), mode));
    if (shape.mode_span.line > 0) error = std::move(error).with_span(shape.mode_span);
    return std::move(error).with_hint("give the feed a new table, or put the former mode back");
  }
  return ok_status();
}

// Lets a column be null. Rows that are there are told apart by the table's identifier, so its columns stay
// required: a later upsert could not find the rows that it replaces.
Status relax_column(iceberg::SchemaUpdate& update, const iceberg::TableMetadata& table,
                    const NestedField& existing, const std::string& name, const TableShape& shape) {
  const iceberg::Schema& schema = table.current_schema();
  const auto& identifier = schema.identifier_field_ids();
  if (std::ranges::find(identifier, existing.id) == identifier.end()) return update.make_optional(name);
  std::string key;
  for (const NestedField& field : schema.fields()) {
    if (std::ranges::find(identifier, field.id) == identifier.end()) continue;
    key += (key.empty() ? "" : ", ") + field.name;
  }
  const std::string property(kKeyProperty);
  const bool mode_changes = table.properties.contains(property) && !shape.properties.contains(property);
  Error error(kIncompatibleTable,
              fmt::format("`{}` identifies the rows of {}{}", name, shape.name.to_string(),
                          mode_changes ? ", whose `mode` was upsert and is append in the contract"
                                       : ", and the contract does not name it as a key"));
  if (shape.mode_span.line > 0) error = std::move(error).with_span(shape.mode_span);
  return std::move(error).with_hint(fmt::format("keep `key: [{}]`{}, or give the feed a new table", key,
                                                mode_changes ? ", which `mode: append` may have too" : ""));
}

Status evolve_column(iceberg::SchemaUpdate& update, const iceberg::TableMetadata& table,
                     const NestedField& existing, const NestedField& wanted, const TableShape& shape) {
  if (existing.type.is_primitive() && wanted.type.is_primitive()) {
    if (!(existing.type == wanted.type) && !iceberg::can_widen(wanted.type, existing.type)) {
      if (!iceberg::can_widen(existing.type, wanted.type)) {
        return Error(kIncompatibleTable,
                     fmt::format("column `{}` of {} is {} in the table and {} in the contract", wanted.name,
                                 shape.name.to_string(), existing.type.to_string(), wanted.type.to_string()))
            .with_hint("give the column a new name, or the feed a new table");
      }
      TARN_RETURN_IF_ERROR(update.widen(wanted.name, wanted.type));
    }
  } else if (existing.type.id() != wanted.type.id()) {
    return Error(kIncompatibleTable,
                 fmt::format("column `{}` of {} changes between a list and a single value", wanted.name,
                             shape.name.to_string()))
        .with_hint("give the column a new name, or the feed a new table");
  }
  if (existing.required && !wanted.required)
    TARN_RETURN_IF_ERROR(relax_column(update, table, existing, wanted.name, shape));
  if (existing.doc != wanted.doc && wanted.doc) TARN_RETURN_IF_ERROR(update.set_doc(wanted.name, wanted.doc));
  return ok_status();
}

// Members that a list<struct> gained.
Status evolve_members(iceberg::SchemaUpdate& update, const iceberg::TableMetadata& table,
                      const NestedField& existing, const NestedField& wanted, const TableShape& shape) {
  if (wanted.type.id() != iceberg::TypeId::kList || wanted.type.element().type.is_primitive())
    return ok_status();
  const std::string parent = wanted.name + ".element";
  for (const NestedField& member : wanted.type.element().type.fields()) {
    const auto members = existing.type.element().type.fields();
    const auto found = std::ranges::find(members, member.name, &NestedField::name);
    if (found == members.end()) {
      TARN_RETURN_IF_ERROR(
          update.add({.parent = parent, .name = member.name, .type = member.type, .doc = member.doc}));
    } else if (!(found->type == member.type) && !iceberg::can_widen(member.type, found->type)) {
      NestedField named = member;
      named.name = parent + "." + member.name;
      TARN_RETURN_IF_ERROR(evolve_column(update, table, *found, named, shape));
    }
  }
  return ok_status();
}

// Rows no longer bring a column that the contract dropped, so it cannot stay required.
Status relax_dropped(iceberg::SchemaUpdate& update, const iceberg::TableMetadata& table,
                     const TableShape& shape) {
  for (const NestedField& existing : table.current_schema().fields()) {
    const auto renamed = shape.renames.find(existing.name);
    const std::string& name = renamed == shape.renames.end() ? existing.name : renamed->second;
    if (!existing.required ||
        std::ranges::find(shape.columns, name, &NestedField::name) != shape.columns.end())
      continue;
    TARN_RETURN_IF_ERROR(relax_column(update, table, existing, existing.name, shape));
  }
  return ok_status();
}

// New files follow the layout that a changed contract asks for; those that are there keep theirs.
Status evolve_layout(const iceberg::TableMetadata& table, const TableShape& shape,
                     const iceberg::Schema& schema, std::vector<iceberg::TableUpdate>& updates) {
  if (layout_changed(table, shape, kPartitionProperty)) {
    TARN_ASSIGN_OR_RETURN(auto spec, iceberg::PartitionSpec::bind(schema, shape.partition));
    if (!spec.is_equivalent(table.default_spec())) {
      updates.emplace_back(iceberg::AddPartitionSpec{std::move(spec)});
      updates.emplace_back(iceberg::SetDefaultSpec{});
    }
  }
  if (layout_changed(table, shape, kSortProperty)) {
    TARN_ASSIGN_OR_RETURN(auto order, iceberg::SortOrder::bind(schema, shape.sort));
    if (order.fields != table.default_sort_order().fields) {
      updates.emplace_back(iceberg::AddSortOrder{std::move(order)});
      updates.emplace_back(iceberg::SetDefaultSortOrder{});
    }
  }
  return ok_status();
}

std::vector<iceberg::TableUpdate> schema_updates(const iceberg::TableMetadata& table,
                                                 const iceberg::SchemaUpdate::Outcome& outcome) {
  if (outcome.schema.same_fields(table.current_schema())) return {};
  return {iceberg::AddSchema{outcome.schema}, iceberg::SetCurrentSchema{}};
}

}  // namespace

Result<std::vector<iceberg::TableUpdate>> updates_to_shape(const iceberg::TableMetadata& table,
                                                           const TableShape& shape) {
  TARN_RETURN_IF_ERROR(check_mode(table, shape));
  TARN_RETURN_IF_ERROR(check_lasting(table, shape));
  iceberg::SchemaUpdate update(table.current_schema(), table.last_column_id);
  for (const NestedField& wanted : shape.columns) {
    const NestedField* existing = table.current_schema().find(wanted.name);
    if (existing == nullptr) {
      const auto renamed =
          std::ranges::find(shape.renames, wanted.name, [](const auto& entry) { return entry.second; });
      if (renamed != shape.renames.end()) existing = table.current_schema().find(renamed->first);
      if (existing == nullptr) {
        TARN_RETURN_IF_ERROR(update.add({.name = wanted.name, .type = wanted.type, .doc = wanted.doc}));
        continue;
      }
      TARN_RETURN_IF_ERROR(update.rename(renamed->first, wanted.name));
    }
    TARN_RETURN_IF_ERROR(evolve_column(update, table, *existing, wanted, shape));
    TARN_RETURN_IF_ERROR(evolve_members(update, table, *existing, wanted, shape));
  }
  TARN_RETURN_IF_ERROR(relax_dropped(update, table, shape));
  TARN_ASSIGN_OR_RETURN(const auto outcome, update.finish());
  std::vector<iceberg::TableUpdate> updates = schema_updates(table, outcome);
  TARN_RETURN_IF_ERROR(evolve_layout(table, shape, outcome.schema, updates));
  iceberg::SetProperties set;
  for (const auto& [name, value] : shape.properties) {
    const auto found = table.properties.find(name);
    if (found == table.properties.end() || found->second != value) set.properties[name] = value;
  }
  if (!set.properties.empty()) updates.emplace_back(std::move(set));
  return updates;
}

Result<std::vector<BlockedFeed>> find_blocked(const project::Project& project, catalog::Catalog& catalog) {
  std::vector<BlockedFeed> blocked;
  for (std::size_t feed = 0; feed < project.feeds.size(); ++feed) {
    for (const TableShape& shape : written_shapes(project.feeds[feed])) {
      TARN_ASSIGN_OR_RETURN(const bool exists, catalog.table_exists(shape.name));
      if (!exists) continue;
      TARN_ASSIGN_OR_RETURN(const catalog::Table table, catalog.load_table(shape.name));
      auto updates = updates_to_shape(*table.metadata, shape);
      if (updates.ok()) continue;
      blocked.push_back({feed, std::move(updates).error()});
      break;
    }
  }
  return blocked;
}

}  // namespace tarn::ingest
