#include "catalog/catalog.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/errors.h"
#include "catalog/metadata_cache.h"
#include "catalog/names.h"
#include "catalog/staged.h"
#include "io/errors.h"
#include "state/errors.h"
#include "state/table_pointers.h"

namespace tarn::catalog {
namespace {

constexpr std::size_t kCachedTables = 256;
constexpr int kLoadAttempts = 3;
constexpr std::size_t kSuffixLength = 8;

Error no_namespace(const std::string& name) {
  return Error(kNamespaceNotFound, fmt::format("there is no namespace `{}`", name));
}

Error no_table(const TableName& name) {
  return Error(kTableNotFound, fmt::format("there is no table `{}`", name.to_string()));
}

// Runs `body` in a transaction of its own.
template <std::invocable<state::Transaction&> Body>
Status write(state::Database& database, Body body) {
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database.begin());
  TARN_RETURN_IF_ERROR(body(transaction));
  return transaction.commit();
}

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

}  // namespace

Error recoded(const Error& error, const ErrorCode& code) {
  return Error(code, error.message());
}

Catalog::Catalog(state::Database& database, io::ObjectStore& store, io::Clock& clock, io::Random& random,
                 std::string warehouse)
    : database_(database),
      store_(store),
      clock_(clock),
      random_(random),
      warehouse_(without_slash(std::move(warehouse))),
      cache_(std::make_unique<MetadataCache>(kCachedTables)) {}

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
    return recode(state::insert_namespace(transaction, name, properties), kNamespaceExists,
                  kNamespaceNotFound);
  });
}

Status Catalog::drop_namespace(const std::string& name) {
  return write(database_, [&](state::Transaction& transaction) {
    return recode(state::remove_namespace(transaction, name), kNamespaceNotEmpty, kNamespaceNotFound);
  });
}

Result<Properties> Catalog::namespace_properties(const std::string& name) {
  TARN_ASSIGN_OR_RETURN(auto properties, state::find_namespace(database_, name));
  if (!properties) return no_namespace(name);
  return *std::move(properties);
}

Status Catalog::update_namespace_properties(const std::string& name, const Properties& set,
                                            std::span<const std::string> remove) {
  return write(database_, [&](state::Transaction& transaction) -> Status {
    // Read by the other connection; nobody else can write while this transaction is open.
    TARN_ASSIGN_OR_RETURN(Properties properties, namespace_properties(name));
    for (const auto& [key, value] : set) properties[key] = value;
    for (const std::string& key : remove) properties.erase(key);
    return recode(state::replace_namespace_properties(transaction, name, properties), kNamespaceExists,
                  kNamespaceNotFound);
  });
}

Result<std::vector<std::string>> Catalog::list_namespaces(const std::optional<std::string>& parent) {
  TARN_ASSIGN_OR_RETURN(std::vector<std::string> names, state::list_namespaces(database_));
  if (!parent) return names;
  TARN_RETURN_IF_ERROR(namespace_properties(*parent));
  std::erase_if(names, [&](const std::string& name) { return parent_namespace(name) != *parent; });
  return names;
}

Result<std::shared_ptr<const iceberg::TableMetadata>> Catalog::read_metadata(const std::string& location) {
  if (auto cached = cache_->find(location)) return cached;
  TARN_ASSIGN_OR_RETURN(const std::string bytes, store_.read(location));
  auto parsed = iceberg::TableMetadata::from_json(bytes);
  if (!parsed.ok()) return std::move(parsed).error().with_context("reading " + location);
  auto metadata = std::make_shared<const iceberg::TableMetadata>(std::move(parsed).value());
  cache_->insert(location, metadata);
  return metadata;
}

Result<Table> Catalog::load_table(const TableName& name) {
  std::string missing;
  for (int attempt = 1;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(database_, name));
    if (!pointer) return no_table(name);
    auto metadata = read_metadata(pointer->metadata_location);
    if (metadata.ok()) return Table{name, pointer->metadata_location, std::move(metadata).value()};
    // Commits may have moved the pointer on and trimmed the file since it was looked up; then look again.
    const bool trimmed =
        metadata.error().name() == io::kNotFound.name && pointer->metadata_location != missing;
    if (!trimmed || attempt == kLoadAttempts)
      return std::move(metadata).error().with_context("loading the table " + name.to_string());
    missing = pointer->metadata_location;
  }
}

Result<bool> Catalog::table_exists(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(database_, name));
  return pointer.has_value();
}

Result<std::vector<TableName>> Catalog::list_tables(const std::optional<std::string>& schema) {
  if (schema) TARN_RETURN_IF_ERROR(namespace_properties(*schema));
  TARN_ASSIGN_OR_RETURN(const auto pointers, state::list_tables(database_, schema.value_or("")));
  std::vector<TableName> names;
  names.reserve(pointers.size());
  for (const state::TablePointer& pointer : pointers) names.push_back(pointer.table);
  return names;
}

Status Catalog::drop_table(const TableName& name) {
  return write(database_, [&](state::Transaction& transaction) {
    return recode(state::remove_table(transaction, name), kCommitConflict, kTableNotFound);
  });
}

Status Catalog::rename_table(const TableName& from, const TableName& to) {
  TARN_RETURN_IF_ERROR(check_table_name(to));
  return write(database_, [&](state::Transaction& transaction) -> Status {
    TARN_ASSIGN_OR_RETURN(const auto source, state::find_table(transaction, from));
    if (!source) return no_table(from);
    return recode(state::rename_table(transaction, from, to), kTableExists, kNamespaceNotFound);
  });
}

Result<std::string> Catalog::new_location(const TableName& name) {
  TARN_RETURN_IF_ERROR(check_table_name(name));
  const std::string folder =
      fmt::format("{}/{}/{}", warehouse_, folder_name(name.schema), folder_name(name.name));
  bool taken = folder_name_is_lossy(name.schema) || folder_name_is_lossy(name.name);
  if (!taken) {
    TARN_ASSIGN_OR_RETURN(const auto objects, store_.list(folder));
    taken = !objects.empty();
  }
  // No two names share a folder without a suffix, but what was dropped or renamed may still lie there.
  return taken ? folder + "-" + new_uuid().substr(0, kSuffixLength) : folder;
}

Result<Table> Catalog::create_table(const CreateTable& table) {
  TARN_ASSIGN_OR_RETURN(const std::string location, new_location(table.name));
  TARN_ASSIGN_OR_RETURN(iceberg::TableMetadata metadata,
                        iceberg::TableMetadata::create({.table_uuid = new_uuid(),
                                                        .location = location,
                                                        .schema = table.schema,
                                                        .spec = table.spec,
                                                        .sort_order = table.sort_order,
                                                        .properties = table.properties,
                                                        .now_ms = now_ms()}));
  TARN_ASSIGN_OR_RETURN(Staged staged, stage_new(table.name, std::move(metadata)));
  std::vector<Staged> staging = {std::move(staged)};
  TARN_RETURN_IF_ERROR(publish(staging, {}));
  return std::move(staging.front().next);
}

Result<Table> Catalog::register_table(const TableName& name, const std::string& metadata_location) {
  TARN_RETURN_IF_ERROR(check_table_name(name));
  TARN_ASSIGN_OR_RETURN(auto metadata, read_metadata(metadata_location));
  std::vector<Staged> staging = {
      {.next = {name, metadata_location, std::move(metadata)}, .writes_file = false}};
  TARN_RETURN_IF_ERROR(publish(staging, {}));
  return std::move(staging.front().next);
}

}  // namespace tarn::catalog
