#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/errors.h"
#include "catalog/names.h"
#include "catalog/staged.h"

// New tables, and where they may lie.
namespace tarn::catalog {
namespace {

constexpr std::size_t kSuffixLength = 8;

bool is_local(std::string_view location) {
  return location.starts_with("file:") || location.starts_with('/');
}

constexpr std::string_view kLocation = "location";

std::string without_slashes(std::string location) {
  while (location.size() > 1 && location.ends_with('/')) location.pop_back();
  return location;
}

}  // namespace

bool has_path_tricks(std::string_view location) {
  const bool control = std::any_of(location.begin(), location.end(), [](char letter) {
    return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7f;
  });
  if (control || location.find('\\') != std::string_view::npos) return true;
  for (std::string_view rest = location; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  }
  return false;
}

bool Catalog::is_below(const std::string& location, const std::string& root) const {
  if (!is_local(location) || !is_local(root)) return location.starts_with(root + "/");
  // `file:/a`, `file:///a` and `/a` are one place, and a URI may hide letters behind percent signs.
  const auto path = io::local_path(location);
  const auto root_path = io::local_path(root);
  if (!path.ok() || !root_path.ok() || has_path_tricks(*path)) return false;
  return path->starts_with(*root_path == "/" ? *root_path : *root_path + "/");
}

Status Catalog::check_location(const std::string& location) const {
  const bool inside = std::any_of(roots_.begin(), roots_.end(),
                                  [&](const std::string& root) { return is_below(location, root); });
  // Not every engine takes a path without a scheme.
  const bool bare = location.starts_with('/');
  if (inside && !bare && !location.ends_with('/') && !has_path_tricks(location)) return ok_status();
  return Error(kBadLocation,
               fmt::format("the location of a table must lie below {}, without `.`, `..`, backslashes and "
                           "control characters in its path",
                           fmt::join(roots_, " or ")));
}

std::string Catalog::location_of(const std::string& schema, const Properties& properties) const {
  const auto own = properties.find(std::string(kLocation));
  if (own != properties.end()) return without_slashes(own->second);
  return fmt::format("{}/{}", warehouse_, folder_name(schema));
}

Result<std::string> Catalog::namespace_location(const std::string& name) {
  TARN_ASSIGN_OR_RETURN(const Properties properties, namespace_properties(name));
  return location_of(name, properties);
}

Result<std::string> Catalog::new_location(const TableName& name) {
  TARN_RETURN_IF_ERROR(check_table_name(name));
  TARN_ASSIGN_OR_RETURN(const auto own, state::find_namespace(database_, name.schema));
  const std::string folder =
      fmt::format("{}/{}", location_of(name.schema, own.value_or(Properties())), folder_name(name.name));
  bool taken = folder_name_is_lossy(name.schema) || folder_name_is_lossy(name.name);
  if (!taken) {
    TARN_ASSIGN_OR_RETURN(const auto objects, store_.list(folder));
    taken = !objects.empty();
  }
  // No two names share a folder without a suffix, but what was dropped or renamed may still lie there.
  return taken ? folder + "-" + new_uuid().substr(0, kSuffixLength) : folder;
}

Result<iceberg::TableMetadata> Catalog::new_metadata(const CreateTable& table) {
  TARN_RETURN_IF_ERROR(check_vacant(table.name, Kind::kTable));
  std::string location = without_slashes(table.location);
  if (location.empty()) {
    TARN_ASSIGN_OR_RETURN(location, new_location(table.name));
  }
  TARN_RETURN_IF_ERROR(check_location(location));
  return iceberg::TableMetadata::create({.table_uuid = new_uuid(),
                                         .location = location,
                                         .schema = table.schema,
                                         .spec = table.spec,
                                         .sort_order = table.sort_order,
                                         .properties = table.properties,
                                         .now_ms = now_ms(),
                                         .format_version = table.format_version});
}

Result<Table> Catalog::create_table(const CreateTable& table) {
  TARN_ASSIGN_OR_RETURN(iceberg::TableMetadata metadata, new_metadata(table));
  TARN_ASSIGN_OR_RETURN(Staged staged, stage_new(table.name, std::move(metadata)));
  std::vector<Staged> staging = {std::move(staged)};
  TARN_RETURN_IF_ERROR(publish(staging, {}));
  return std::move(staging.front().next);
}

Result<iceberg::TableMetadata> Catalog::stage_table(const CreateTable& table) {
  TARN_ASSIGN_OR_RETURN(iceberg::TableMetadata metadata, new_metadata(table));
  for (const char* folder : {"/metadata", "/data"})
    TARN_RETURN_IF_ERROR(store_.make_folder(metadata.location + folder));
  return metadata;
}

Result<Table> Catalog::register_table(const TableName& name, const std::string& metadata_location,
                                      bool overwrite) {
  TARN_RETURN_IF_ERROR(check_location(metadata_location));
  std::string expected;
  TARN_ASSIGN_OR_RETURN(const auto present, find(name, Kind::kTable));
  if (present && overwrite) {
    expected = present->metadata_location;
  } else {
    TARN_RETURN_IF_ERROR(check_vacant(name, Kind::kTable));
  }
  TARN_ASSIGN_OR_RETURN(auto metadata, read_metadata(metadata_location));
  TARN_RETURN_IF_ERROR(check_location(metadata->location));
  std::vector<Staged> staging = {{.next = {name, metadata_location, std::move(metadata)},
                                  .expected = std::move(expected),
                                  .writes_file = false}};
  TARN_RETURN_IF_ERROR(publish(staging, {}));
  return std::move(staging.front().next);
}

Result<bool> Catalog::is_alone_below(const TableName& name, const std::string& location) {
  if (!check_location(location).ok()) return false;
  TARN_ASSIGN_OR_RETURN(const auto others, state::list_tables(database_, ""));
  return std::ranges::none_of(others, [&](const state::TablePointer& other) {
    return other.table != name && is_below(other.metadata_location, location);
  });
}

}  // namespace tarn::catalog
