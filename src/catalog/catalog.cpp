#include "catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/errors.h"
#include "catalog/metadata_cache.h"
#include "catalog/names.h"
#include "catalog/staged.h"
#include "io/errors.h"
#include "state/errors.h"

namespace tarn::catalog {
namespace {

/// Of metadata files, in the cache.
constexpr std::size_t kCachedBytes = 64 * 1024 * 1024;
constexpr int kLoadAttempts = 3;

// The codes of the state's rows as those of the catalog.
Status recode(Status status, const ErrorCode& conflict, const ErrorCode& not_found) {
  if (status.ok()) return status;
  if (status.error().name() == state::kConflict.name) return recoded(status.error(), conflict);
  if (status.error().name() == state::kNotFound.name) return recoded(status.error(), not_found);
  return status;
}

std::string without_slash(std::string location) {
  while (location.size() > 1 && location.ends_with('/')) location.pop_back();
  return location;
}

Error no_file(const std::string& location) {
  return Error(kMetadataNotFound, fmt::format("Failed to open input stream for file: {}", location));
}

const char* noun(state::EntryKind kind) {
  return kind == state::EntryKind::kTable ? "Table" : "View";
}

}  // namespace

Error recoded(const Error& error, const ErrorCode& code) {
  return Error(code, error.message());
}

Error no_namespace(const std::string& name) {
  return Error(kNamespaceNotFound, fmt::format("Namespace does not exist: {}", name));
}

Error no_entry(const TableName& name, state::EntryKind kind) {
  return Error(kind == state::EntryKind::kTable ? kTableNotFound : kViewNotFound,
               fmt::format("{} does not exist: {}", noun(kind), name.to_string()));
}

Error entry_exists(const TableName& name, state::EntryKind present, state::EntryKind wanted) {
  return Error(present == state::EntryKind::kTable ? kTableExists : kViewExists,
               fmt::format("{}{} already exists: {}", noun(present),
                           present == wanted ? "" : " with same name", name.to_string()));
}

Catalog::Catalog(state::Database& database, io::ObjectStore& store, io::Clock& clock, io::Random& random,
                 std::string warehouse, std::vector<std::string> more_locations)
    : database_(database),
      store_(store),
      clock_(clock),
      random_(random),
      warehouse_(without_slash(std::move(warehouse))),
      roots_{warehouse_},
      cache_(std::make_unique<MetadataCache>(kCachedBytes)) {
  for (std::string& location : more_locations) roots_.push_back(without_slash(std::move(location)));
}

Catalog::~Catalog() = default;

std::string Catalog::new_uuid() {
  return uuid_v4(random_.bytes16());
}

std::int64_t Catalog::now_ms() {
  return clock_.now_us() / 1000;
}

Status Catalog::create_namespace(const std::string& name, const Properties& properties) {
  TARN_RETURN_IF_ERROR(check_namespace_name(name));
  return write(database_, [&](state::Transaction& transaction) -> Status {
    for (std::string_view parent = parent_namespace(name); !parent.empty();
         parent = parent_namespace(parent)) {
      Status made = state::insert_namespace(transaction, std::string(parent), {});
      if (!made.ok() && made.error().name() != state::kConflict.name) return made;
    }
    Status made = state::insert_namespace(transaction, name, properties);
    if (!made.ok() && made.error().name() == state::kConflict.name)
      return Error(kNamespaceExists, fmt::format("Namespace already exists: {}", name));
    return made;
  });
}

Status Catalog::drop_namespace(const std::string& name) {
  return write(database_, [&](state::Transaction& transaction) -> Status {
    Status removed = state::remove_namespace(transaction, name);
    if (!removed.ok() && removed.error().name() == state::kNotFound.name) return no_namespace(name);
    if (!removed.ok() && removed.error().name() == state::kConflict.name)
      return Error(kNamespaceNotEmpty, fmt::format("Namespace {} is not empty", name));
    return removed;
  });
}

Result<Properties> Catalog::namespace_properties(const std::string& name) {
  TARN_ASSIGN_OR_RETURN(auto properties, state::find_namespace(database_, name));
  if (!properties) return no_namespace(name);
  return *std::move(properties);
}

Result<bool> Catalog::namespace_exists(const std::string& name) {
  TARN_ASSIGN_OR_RETURN(const auto properties, state::find_namespace(database_, name));
  return properties.has_value();
}

Result<PropertyChanges> Catalog::update_namespace_properties(const std::string& name, const Properties& set,
                                                             std::span<const std::string> remove) {
  PropertyChanges changes;
  const Status written = write(database_, [&](state::Transaction& transaction) -> Status {
    // Read by the other connection; nobody else can write while this transaction is open.
    TARN_ASSIGN_OR_RETURN(Properties properties, namespace_properties(name));
    for (const std::string& key : remove) {
      if (set.contains(key))
        return Error(kPropertyConflict, fmt::format("Cannot set and remove the same key: {}", key));
      (properties.erase(key) > 0 ? changes.removed : changes.missing).push_back(key);
    }
    for (const auto& [key, value] : set) {
      properties[key] = value;
      changes.updated.push_back(key);
    }
    return recode(state::replace_namespace_properties(transaction, name, properties), kNamespaceExists,
                  kNamespaceNotFound);
  });
  TARN_RETURN_IF_ERROR(written);
  return changes;
}

Result<std::vector<std::string>> Catalog::list_namespaces(const std::optional<std::string>& parent) {
  TARN_ASSIGN_OR_RETURN(std::vector<std::string> names, state::list_namespaces(database_));
  if (!parent) return names;
  TARN_RETURN_IF_ERROR(namespace_properties(*parent));
  std::erase_if(names, [&](const std::string& name) { return parent_namespace(name) != *parent; });
  return names;
}

Result<std::string> Catalog::read_file(const std::string& location) {
  // Asked first, so that whatever a client registers cannot fill the memory.
  auto info = store_.stat(location);
  if (info.ok() && info->size_bytes > kMaxMetadataBytes)
    return Error(kMetadataTooLarge, fmt::format("{} has {} bytes", location, info->size_bytes));
  auto bytes = info.ok() ? store_.read(location) : Result<std::string>(std::move(info).error());
  if (!bytes.ok() && bytes.error().name() == io::kNotFound.name) return no_file(location);
  return bytes;
}

Result<std::shared_ptr<const iceberg::TableMetadata>> Catalog::read_metadata(const std::string& location) {
  if (auto cached = cache_->find(location)) return cached;
  TARN_ASSIGN_OR_RETURN(const std::string bytes, read_file(location));
  auto parsed = iceberg::TableMetadata::from_json(bytes);
  if (!parsed.ok()) return std::move(parsed).error().with_context("reading " + location);
  auto metadata = std::make_shared<const iceberg::TableMetadata>(std::move(parsed).value());
  cache_->insert(location, metadata, bytes.size());
  return metadata;
}

Result<std::optional<state::TablePointer>> Catalog::find(const TableName& name, Kind kind) {
  TARN_ASSIGN_OR_RETURN(auto pointer, state::find_table(database_, name));
  if (pointer && pointer->kind != kind) pointer.reset();
  return pointer;
}

Result<Table> Catalog::load_table(const TableName& name) {
  std::string missing;
  for (int attempt = 1;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(const auto pointer, find(name, Kind::kTable));
    if (!pointer) return no_entry(name, Kind::kTable);
    auto metadata = read_metadata(pointer->metadata_location);
    if (metadata.ok()) return Table{name, pointer->metadata_location, std::move(metadata).value()};
    // Commits may have moved the pointer on and trimmed the file since it was looked up; then look again.
    const bool trimmed =
        metadata.error().name() == kMetadataNotFound.name && pointer->metadata_location != missing;
    if (!trimmed || attempt == kLoadAttempts)
      return std::move(metadata).error().with_context("loading the table " + name.to_string());
    missing = pointer->metadata_location;
  }
}

Status Catalog::check_metadata_file(const Table& table) {
  const auto info = store_.stat(table.metadata_location);
  if (info.ok()) return ok_status();
  if (info.error().name() == io::kNotFound.name) return no_file(table.metadata_location);
  return info.error();
}

Result<bool> Catalog::table_exists(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const auto pointer, find(name, Kind::kTable));
  return pointer.has_value();
}

Result<std::vector<TableName>> Catalog::list(const std::string& schema, Kind kind) {
  TARN_ASSIGN_OR_RETURN(const auto pointers, state::list_tables(database_, schema));
  std::vector<TableName> names;
  names.reserve(pointers.size());
  for (const state::TablePointer& pointer : pointers)
    if (pointer.kind == kind) names.push_back(pointer.table);
  return names;
}

Result<std::vector<TableName>> Catalog::list_tables(const std::optional<std::string>& schema) {
  if (schema) TARN_RETURN_IF_ERROR(namespace_properties(*schema));
  return list(schema.value_or(""), Kind::kTable);
}

// Said before anything is written; the transaction that inserts the row has the last word.
Status Catalog::check_vacant(const TableName& name, Kind kind) {
  TARN_RETURN_IF_ERROR(check_table_name(name));
  TARN_RETURN_IF_ERROR(namespace_properties(name.schema));
  TARN_ASSIGN_OR_RETURN(const auto present, state::find_table(database_, name));
  if (present) return entry_exists(name, present->kind, kind);
  return ok_status();
}

Status Catalog::drop(const TableName& name, Kind kind) {
  return write(database_, [&](state::Transaction& transaction) -> Status {
    TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(transaction, name));
    if (!pointer || pointer->kind != kind) return no_entry(name, kind);
    return state::remove_table(transaction, name);
  });
}

Status Catalog::rename(const TableName& from, const TableName& to, Kind kind) {
  TARN_RETURN_IF_ERROR(check_table_name(to));
  return write(database_, [&](state::Transaction& transaction) -> Status {
    TARN_ASSIGN_OR_RETURN(const auto source, state::find_table(transaction, from));
    if (!source || source->kind != kind) return no_entry(from, kind);
    TARN_ASSIGN_OR_RETURN(const auto target, state::find_table(transaction, to));
    if (target) {
      return Error(target->kind == Kind::kTable ? kTableExists : kViewExists,
                   fmt::format("Cannot rename {} to {}. {} already exists", from.to_string(), to.to_string(),
                               noun(target->kind)));
    }
    Status renamed = state::rename_table(transaction, from, to);
    if (!renamed.ok() && renamed.error().name() == state::kNotFound.name) return no_namespace(to.schema);
    return renamed;
  });
}

Status Catalog::rename_table(const TableName& from, const TableName& to) {
  return rename(from, to, Kind::kTable);
}

}  // namespace tarn::catalog
