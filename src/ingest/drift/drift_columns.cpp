#include "ingest/drift/drift_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "iceberg/schema_update.h"

namespace tarn::ingest {
namespace {

using iceberg::NestedField;
using iceberg::Type;

// Between a name that a header has several times and its number; no header is written with it.
constexpr char kRepeat = '\x1F';

bool takes_text(const NestedField& field) {
  return field.type.id() == iceberg::TypeId::kString && !field.required;
}

std::string property_of(const NestedField& field) {
  return std::string(kDriftProperty) + std::to_string(field.id);
}

/// Chooses the columns of one table.
class Placing {
 public:
  Placing(const iceberg::TableMetadata& table, const iceberg::Schema* companion,
          const project::FeedSpec& feed);
  DriftColumns place(std::span<const DriftSource> sources);

 private:
  bool is_free(const std::string& name) const;
  void give(const DriftSource& source, std::string column);

  std::set<std::string> taken_;                              // in lower case: engines do not tell them apart
  std::map<std::string, std::string> open_;                  // by that, text whose source is not known
  std::map<std::string, std::string, std::less<>> columns_;  // by source
  DriftColumns placed_;
};

Placing::Placing(const iceberg::TableMetadata& table, const iceberg::Schema* companion,
                 const project::FeedSpec& feed) {
  std::vector<std::string> of_contract = project::added_column_names(feed);
  for (const std::string_view name : project::audit_column_names()) of_contract.emplace_back(name);
  for (const project::ColumnSpec& column : feed.columns) of_contract.push_back(*column.name);
  for (const std::string& name : of_contract) taken_.insert(to_lower_ascii(name));
  const std::set<std::string> reserved = taken_;
  std::vector<const NestedField*> fields;
  for (const NestedField& field : table.current_schema().fields()) fields.push_back(&field);
  // The youngest column counts where several have a source: a contract had the others in between.
  std::ranges::sort(fields, std::ranges::greater(), &NestedField::id);
  for (const NestedField* field : fields) {
    const std::string lower = to_lower_ascii(field->name);
    if (reserved.contains(lower)) continue;
    const auto source = table.properties.find(property_of(*field));
    if (source == table.properties.end() && takes_text(*field) && open_.emplace(lower, field->name).second)
      continue;
    taken_.insert(lower);
    if (source != table.properties.end() && takes_text(*field)) columns_.emplace(source->second, field->name);
  }
  if (companion == nullptr) return;
  for (const NestedField& field : companion->fields())
    if (!takes_text(field)) taken_.insert(to_lower_ascii(field.name));
}

bool Placing::is_free(const std::string& name) const {
  const std::string lower = to_lower_ascii(name);
  if (taken_.contains(lower)) return false;
  const auto open = open_.find(lower);
  return open == open_.end() || open->second == name;
}

void Placing::give(const DriftSource& source, std::string column) {
  taken_.insert(to_lower_ascii(column));
  placed_[source.source] = std::move(column);
}

DriftColumns Placing::place(std::span<const DriftSource> sources) {
  // Known ones first, so that no new one takes what is theirs.
  for (const DriftSource& source : sources) {
    const auto known = columns_.find(source.source);
    if (known != columns_.end()) give(source, known->second);
  }
  for (const DriftSource& source : sources) {
    if (placed_.contains(source.source)) continue;
    std::string column = source.name;
    for (std::size_t n = 2; !is_free(column); ++n) column = fmt::format("{}_{}", source.name, n);
    give(source, std::move(column));
  }
  return std::move(placed_);
}

// For those who read the table.
std::string doc_of(const DriftSource& source) {
  const std::size_t repeat = source.source.rfind(kRepeat);
  if (repeat == std::string::npos)
    return fmt::format("Added by drift from `{}`: not in the contract yet", source.source);
  return fmt::format("Added by drift from `{}` (number {} of that name): not in the contract yet",
                     source.source.substr(0, repeat), source.source.substr(repeat + 1));
}

}  // namespace

std::string repeated_source(std::string_view name, std::size_t nth) {
  return nth == 1 ? std::string(name) : fmt::format("{}{}{}", name, kRepeat, nth);
}

std::string drift_name(std::string_view text, std::string_view prefix) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0)
      name += static_cast<char>(std::tolower(byte));
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0) name.insert(0, prefix);
  return name;
}

DriftColumns place_drift(const iceberg::TableMetadata& table, const iceberg::Schema* companion,
                         const project::FeedSpec& feed, std::span<const DriftSource> sources) {
  return Placing(table, companion, feed).place(sources);
}

Result<std::vector<iceberg::TableUpdate>> updates_to_add(const iceberg::TableMetadata& table,
                                                         const DriftColumns& columns,
                                                         std::span<const DriftSource> sources) {
  iceberg::SchemaUpdate update(table.current_schema(), table.last_column_id);
  for (const DriftSource& source : sources) {
    const std::string& name = columns.at(source.source);
    if (table.current_schema().find(name) != nullptr) continue;
    TARN_RETURN_IF_ERROR(update.add({.name = name, .type = Type::string(), .doc = doc_of(source)}));
  }
  TARN_ASSIGN_OR_RETURN(const auto outcome, update.finish());
  std::vector<iceberg::TableUpdate> updates;
  if (!outcome.schema.same_fields(table.current_schema()))
    updates = {iceberg::AddSchema{outcome.schema}, iceberg::SetCurrentSchema{}};
  iceberg::SetProperties remembered;
  for (const DriftSource& source : sources) {
    const NestedField& field = *outcome.schema.find(columns.at(source.source));
    const auto known = table.properties.find(property_of(field));
    if (known == table.properties.end() || known->second != source.source)
      remembered.properties[property_of(field)] = source.source;
  }
  if (!remembered.properties.empty()) updates.emplace_back(std::move(remembered));
  return updates;
}

}  // namespace tarn::ingest
