#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"

// Views (Iceberg view spec, "Appendix A") and their updates (Iceberg REST spec, "ViewUpdate").
namespace tarn::iceberg {
namespace {

template <typename T, typename Parse>
Result<std::vector<T>> list_from(const JsonView& view, Parse parse) {
  TARN_RETURN_IF_ERROR(view.expect_array());
  std::vector<T> list;
  for (std::size_t i = 0; i < view.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(T item, parse(view.element(i)));
    list.push_back(std::move(item));
  }
  return list;
}

Result<ViewRepresentation> representation_from(const JsonView& view) {
  ViewRepresentation representation;
  TARN_ASSIGN_OR_RETURN(const std::string type, view.text("type"));
  if (type != "sql") return view.wrong(fmt::format("a representation of type `{}` is not known", type));
  TARN_ASSIGN_OR_RETURN(representation.sql, view.text("sql"));
  TARN_ASSIGN_OR_RETURN(representation.dialect, view.text("dialect"));
  return representation;
}

Result<ViewLogEntry> log_entry_from(const JsonView& view) {
  ViewLogEntry entry;
  TARN_ASSIGN_OR_RETURN(entry.timestamp_ms, view.int64("timestamp-ms"));
  TARN_ASSIGN_OR_RETURN(entry.version_id, view.int32("version-id"));
  return entry;
}

Json json_of(const ViewVersion& version) {
  Json representations = Json::array();
  for (const ViewRepresentation& item : version.representations)
    representations.push_back({{"type", "sql"}, {"sql", item.sql}, {"dialect", item.dialect}});
  Json json = {{"version-id", version.version_id},
               {"timestamp-ms", version.timestamp_ms},
               {"schema-id", version.schema_id},
               {"summary", version.summary},
               {"representations", std::move(representations)},
               {"default-namespace", version.default_namespace}};
  if (version.default_catalog) json["default-catalog"] = *version.default_catalog;
  return json;
}

template <typename Update>
Result<ViewUpdate> of_text(const JsonView& view, std::string_view key) {
  TARN_ASSIGN_OR_RETURN(std::string text, view.text(key));
  return ViewUpdate(Update{std::move(text)});
}

template <typename Update>
Result<ViewUpdate> of_number(const JsonView& view, std::string_view key) {
  TARN_ASSIGN_OR_RETURN(const std::int32_t number, view.int32(key));
  return ViewUpdate(Update{number});
}

}  // namespace

Result<ViewVersion> view_version_from(const JsonView& view) {
  TARN_RETURN_IF_ERROR(view.expect_object());
  ViewVersion version;
  TARN_ASSIGN_OR_RETURN(version.version_id, view.int32("version-id"));
  TARN_ASSIGN_OR_RETURN(version.timestamp_ms, view.int64("timestamp-ms"));
  TARN_ASSIGN_OR_RETURN(version.schema_id, view.int32("schema-id"));
  TARN_ASSIGN_OR_RETURN(version.summary, view.text_map("summary"));
  TARN_ASSIGN_OR_RETURN(const JsonView representations, view.member("representations"));
  TARN_ASSIGN_OR_RETURN(version.representations,
                        list_from<ViewRepresentation>(representations, representation_from));
  TARN_ASSIGN_OR_RETURN(version.default_catalog, view.optional_text("default-catalog"));
  TARN_ASSIGN_OR_RETURN(const JsonView levels, view.member("default-namespace"));
  TARN_ASSIGN_OR_RETURN(version.default_namespace, levels.as_text_list());
  return version;
}

Result<ViewUpdate> view_update_from(const JsonView& view) {
  TARN_ASSIGN_OR_RETURN(const std::string name, view.text("action"));
  if (name == "assign-uuid") return of_text<AssignUuid>(view, "uuid");
  if (name == "upgrade-format-version") return of_number<UpgradeFormatVersion>(view, "format-version");
  if (name == "set-location") return of_text<SetLocation>(view, "location");
  if (name == "set-current-view-version") return of_number<SetCurrentViewVersion>(view, "view-version-id");
  if (name == "add-schema") {
    TARN_ASSIGN_OR_RETURN(const JsonView member, view.member("schema"));
    TARN_ASSIGN_OR_RETURN(Schema schema, schema_from(member));
    return ViewUpdate(AddSchema{std::move(schema)});
  }
  if (name == "set-properties") {
    TARN_ASSIGN_OR_RETURN(const JsonView member, view.member("updates"));
    TARN_ASSIGN_OR_RETURN(auto properties, member.as_text_map());
    return ViewUpdate(SetProperties{std::move(properties)});
  }
  if (name == "remove-properties") {
    TARN_ASSIGN_OR_RETURN(const JsonView member, view.member("removals"));
    TARN_ASSIGN_OR_RETURN(auto keys, member.as_text_list());
    return ViewUpdate(RemoveProperties{std::move(keys)});
  }
  if (name == "add-view-version") {
    TARN_ASSIGN_OR_RETURN(const JsonView member, view.member("view-version"));
    TARN_ASSIGN_OR_RETURN(ViewVersion version, view_version_from(member));
    return ViewUpdate(AddViewVersion{std::move(version)});
  }
  return view.wrong(fmt::format("the action `{}` is not known for views", name));
}

Result<AssertViewUuid> view_requirement_from(const JsonView& view) {
  TARN_ASSIGN_OR_RETURN(const std::string name, view.text("type"));
  if (name != "assert-view-uuid")
    return view.wrong(fmt::format("the requirement `{}` is not known for views", name));
  TARN_ASSIGN_OR_RETURN(std::string uuid, view.text("uuid"));
  return AssertViewUuid{std::move(uuid)};
}

Result<ViewMetadata> ViewMetadata::from_json(std::string_view text) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(text));
  const JsonView view(value, kBadMetadata);
  TARN_RETURN_IF_ERROR(view.expect_object());
  ViewMetadata metadata;
  TARN_ASSIGN_OR_RETURN(metadata.format_version, view.int32("format-version"));
  if (metadata.format_version != 1) {
    return Error(kUnsupportedVersion,
                 fmt::format("version {} of views cannot be read", metadata.format_version));
  }
  TARN_ASSIGN_OR_RETURN(metadata.view_uuid, view.text("view-uuid"));
  TARN_ASSIGN_OR_RETURN(metadata.location, view.text("location"));
  TARN_ASSIGN_OR_RETURN(metadata.current_version_id, view.int32("current-version-id"));
  TARN_ASSIGN_OR_RETURN(const JsonView versions, view.member("versions"));
  TARN_ASSIGN_OR_RETURN(metadata.versions, list_from<ViewVersion>(versions, view_version_from));
  TARN_ASSIGN_OR_RETURN(const JsonView log, view.member("version-log"));
  TARN_ASSIGN_OR_RETURN(metadata.version_log, list_from<ViewLogEntry>(log, log_entry_from));
  TARN_ASSIGN_OR_RETURN(const JsonView schemas, view.member("schemas"));
  TARN_ASSIGN_OR_RETURN(metadata.schemas,
                        list_from<Schema>(schemas, [](const JsonView& item) { return schema_from(item); }));
  TARN_ASSIGN_OR_RETURN(metadata.properties, view.text_map("properties"));
  std::set<std::int32_t> ids;
  for (const ViewVersion& version : metadata.versions) {
    if (!ids.insert(version.version_id).second)
      return view.wrong(fmt::format("two versions have the id {}", version.version_id));
  }
  if (metadata.version_by_id(metadata.current_version_id) == nullptr)
    return view.wrong(fmt::format("there is no version {}", metadata.current_version_id));
  return metadata;
}

std::string ViewMetadata::to_json() const {
  Json json = {{"view-uuid", view_uuid},
               {"format-version", format_version},
               {"location", location},
               {"current-version-id", current_version_id},
               {"properties", properties}};
  json["versions"] = Json::array();
  for (const ViewVersion& version : versions) json["versions"].push_back(json_of(version));
  json["version-log"] = Json::array();
  for (const ViewLogEntry& entry : version_log)
    json["version-log"].push_back({{"version-id", entry.version_id}, {"timestamp-ms", entry.timestamp_ms}});
  json["schemas"] = Json::array();
  for (const Schema& schema : schemas) json["schemas"].push_back(iceberg::json_of(schema));
  return dump_json(json);
}

const ViewVersion* ViewMetadata::version_by_id(std::int32_t id) const {
  const auto found = std::find_if(versions.begin(), versions.end(),
                                  [&](const ViewVersion& version) { return version.version_id == id; });
  return found == versions.end() ? nullptr : &*found;
}

}  // namespace tarn::iceberg
