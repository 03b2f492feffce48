#include <fmt/format.h>

#include <array>
#include <utility>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"
#include "iceberg/update.h"

// The JSON of Iceberg's REST catalog for updates ("action") and requirements ("type").
namespace tarn::iceberg {
namespace {

Json action(const char* name, Json rest) {
  rest["action"] = name;
  return rest;
}

struct UpdateToJson {
  Json operator()(const AssignUuid& u) const { return action("assign-uuid", {{"uuid", u.uuid}}); }
  Json operator()(const UpgradeFormatVersion& u) const {
    return action("upgrade-format-version", {{"format-version", u.format_version}});
  }
  Json operator()(const AddSchema& u) const {
    return action("add-schema",
                  {{"schema", json_of(u.schema)}, {"last-column-id", u.schema.highest_field_id()}});
  }
  Json operator()(const SetCurrentSchema& u) const {
    return action("set-current-schema", {{"schema-id", u.schema_id}});
  }
  Json operator()(const AddPartitionSpec& u) const { return action("add-spec", {{"spec", json_of(u.spec)}}); }
  Json operator()(const SetDefaultSpec& u) const {
    return action("set-default-spec", {{"spec-id", u.spec_id}});
  }
  Json operator()(const AddSortOrder& u) const {
    return action("add-sort-order", {{"sort-order", json_of(u.sort_order)}});
  }
  Json operator()(const SetDefaultSortOrder& u) const {
    return action("set-default-sort-order", {{"sort-order-id", u.sort_order_id}});
  }
  Json operator()(const AddSnapshot& u) const {
    return action("add-snapshot", {{"snapshot", json_of(u.snapshot)}});
  }
  Json operator()(const SetSnapshotRef& u) const {
    Json json = json_of(u.ref);
    json["ref-name"] = u.name;
    return action("set-snapshot-ref", std::move(json));
  }
  Json operator()(const RemoveSnapshots& u) const {
    return action("remove-snapshots", {{"snapshot-ids", u.snapshot_ids}});
  }
  Json operator()(const RemoveSnapshotRef& u) const {
    return action("remove-snapshot-ref", {{"ref-name", u.name}});
  }
  Json operator()(const SetLocation& u) const { return action("set-location", {{"location", u.location}}); }
  Json operator()(const SetProperties& u) const {
    return action("set-properties", {{"updates", u.properties}});
  }
  Json operator()(const RemoveProperties& u) const {
    return action("remove-properties", {{"removals", u.keys}});
  }
  Json operator()(const SetStatistics& u) const {
    return action("set-statistics", {{"statistics", json_of(u.statistics)}});
  }
  Json operator()(const RemoveStatistics& u) const {
    return action("remove-statistics", {{"snapshot-id", u.snapshot_id}});
  }
  Json operator()(const SetPartitionStatistics& u) const {
    return action("set-partition-statistics", {{"partition-statistics", json_of(u.statistics)}});
  }
  Json operator()(const RemovePartitionStatistics& u) const {
    return action("remove-partition-statistics", {{"snapshot-id", u.snapshot_id}});
  }
  Json operator()(const RemovePartitionSpecs& u) const {
    return action("remove-partition-specs", {{"spec-ids", u.spec_ids}});
  }
  Json operator()(const RemoveSchemas& u) const {
    return action("remove-schemas", {{"schema-ids", u.schema_ids}});
  }
  Json operator()(const AddEncryptionKey& u) const {
    return action("add-encryption-key", {{"encryption-key", json_of(u.key)}});
  }
  Json operator()(const RemoveEncryptionKey& u) const {
    return action("remove-encryption-key", {{"key-id", u.key_id}});
  }
};

Json requirement(const char* name, Json rest = Json::object()) {
  rest["type"] = name;
  return rest;
}

struct RequirementToJson {
  Json operator()(const AssertCreate&) const { return requirement("assert-create"); }
  Json operator()(const AssertTableUuid& r) const {
    return requirement("assert-table-uuid", {{"uuid", r.uuid}});
  }
  Json operator()(const AssertRefSnapshotId& r) const {
    return requirement(
        "assert-ref-snapshot-id",
        {{"ref", r.ref}, {"snapshot-id", r.snapshot_id ? Json(*r.snapshot_id) : Json(nullptr)}});
  }
  Json operator()(const AssertLastAssignedFieldId& r) const {
    return requirement("assert-last-assigned-field-id",
                       {{"last-assigned-field-id", r.last_assigned_field_id}});
  }
  Json operator()(const AssertCurrentSchemaId& r) const {
    return requirement("assert-current-schema-id", {{"current-schema-id", r.current_schema_id}});
  }
  Json operator()(const AssertLastAssignedPartitionId& r) const {
    return requirement("assert-last-assigned-partition-id",
                       {{"last-assigned-partition-id", r.last_assigned_partition_id}});
  }
  Json operator()(const AssertDefaultSpecId& r) const {
    return requirement("assert-default-spec-id", {{"default-spec-id", r.default_spec_id}});
  }
  Json operator()(const AssertDefaultSortOrderId& r) const {
    return requirement("assert-default-sort-order-id", {{"default-sort-order-id", r.default_sort_order_id}});
  }
};

/// A reader that takes one member and makes the update of it.
template <typename Update, typename Value>
Result<TableUpdate> from_member(const JsonView& view, std::string_view key,
                                Result<Value> (*read)(const JsonView& member)) {
  TARN_ASSIGN_OR_RETURN(const JsonView member, view.member(key));
  TARN_ASSIGN_OR_RETURN(Value value, read(member));
  return TableUpdate(Update{std::move(value)});
}

Result<std::int32_t> int32_of(const JsonView& view) {
  return view.as_int32();
}
Result<std::int64_t> int64_of(const JsonView& view) {
  return view.as_int64();
}
Result<std::string> text_of(const JsonView& view) {
  return view.as_text();
}
Result<std::vector<std::int32_t>> int32s_of(const JsonView& view) {
  return view.as_int32_list();
}
Result<std::vector<std::int64_t>> int64s_of(const JsonView& view) {
  return view.as_int64_list();
}
Result<std::vector<std::string>> texts_of(const JsonView& view) {
  return view.as_text_list();
}
Result<std::map<std::string, std::string>> text_map_of(const JsonView& view) {
  return view.as_text_map();
}
Result<Schema> schema_of(const JsonView& view) {
  return schema_from(view);
}

Result<TableUpdate> set_snapshot_ref_from(const JsonView& view) {
  SetSnapshotRef update;
  TARN_ASSIGN_OR_RETURN(update.name, view.text("ref-name"));
  TARN_ASSIGN_OR_RETURN(update.ref, snapshot_ref_from(view));
  return TableUpdate(std::move(update));
}

Result<TableUpdate> set_properties_from(const JsonView& view) {
  // Older clients say "updated".
  return from_member<SetProperties>(view, view.find("updates") ? "updates" : "updated", &text_map_of);
}

Result<TableUpdate> remove_properties_from(const JsonView& view) {
  return from_member<RemoveProperties>(view, view.find("removals") ? "removals" : "removed", &texts_of);
}

using UpdateReader = Result<TableUpdate> (*)(const JsonView&);
#define TARN_MEMBER(Update, key, read) [](const JsonView& v) { return from_member<Update>(v, key, &read); }
constexpr std::array<std::pair<std::string_view, UpdateReader>, 23> kUpdateReaders = {{
    {"assign-uuid", TARN_MEMBER(AssignUuid, "uuid", text_of)},
    {"upgrade-format-version", TARN_MEMBER(UpgradeFormatVersion, "format-version", int32_of)},
    {"add-schema", TARN_MEMBER(AddSchema, "schema", schema_of)},
    {"set-current-schema", TARN_MEMBER(SetCurrentSchema, "schema-id", int32_of)},
    {"add-spec", TARN_MEMBER(AddPartitionSpec, "spec", partition_spec_from)},
    {"set-default-spec", TARN_MEMBER(SetDefaultSpec, "spec-id", int32_of)},
    {"add-sort-order", TARN_MEMBER(AddSortOrder, "sort-order", sort_order_from)},
    {"set-default-sort-order", TARN_MEMBER(SetDefaultSortOrder, "sort-order-id", int32_of)},
    {"add-snapshot", TARN_MEMBER(AddSnapshot, "snapshot", snapshot_from)},
    {"set-snapshot-ref", &set_snapshot_ref_from},
    {"remove-snapshots", TARN_MEMBER(RemoveSnapshots, "snapshot-ids", int64s_of)},
    {"remove-snapshot-ref", TARN_MEMBER(RemoveSnapshotRef, "ref-name", text_of)},
    {"set-location", TARN_MEMBER(SetLocation, "location", text_of)},
    {"set-properties", &set_properties_from},
    {"remove-properties", &remove_properties_from},
    {"set-statistics", TARN_MEMBER(SetStatistics, "statistics", statistics_from)},
    {"remove-statistics", TARN_MEMBER(RemoveStatistics, "snapshot-id", int64_of)},
    {"set-partition-statistics",
     TARN_MEMBER(SetPartitionStatistics, "partition-statistics", partition_statistics_from)},
    {"remove-partition-statistics", TARN_MEMBER(RemovePartitionStatistics, "snapshot-id", int64_of)},
    {"remove-partition-specs", TARN_MEMBER(RemovePartitionSpecs, "spec-ids", int32s_of)},
    {"remove-schemas", TARN_MEMBER(RemoveSchemas, "schema-ids", int32s_of)},
    {"add-encryption-key", TARN_MEMBER(AddEncryptionKey, "encryption-key", encrypted_key_from)},
    {"remove-encryption-key", TARN_MEMBER(RemoveEncryptionKey, "key-id", text_of)},
}};
#undef TARN_MEMBER

}  // namespace

std::string to_json(const TableUpdate& update) {
  return dump_json(std::visit(UpdateToJson{}, update));
}

std::string to_json(const TableRequirement& requirement) {
  return dump_json(std::visit(RequirementToJson{}, requirement));
}

Result<TableUpdate> update_from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return update_from(JsonView(value, kBadUpdate));
}

Result<TableUpdate> update_from(const JsonView& view) {
  TARN_ASSIGN_OR_RETURN(const std::string name, view.text("action"));
  for (const auto& [known, read] : kUpdateReaders)
    if (name == known) return read(view);
  return view.wrong(fmt::format("the action `{}` is not known", name));
}

Result<TableRequirement> requirement_from_json(std::string_view json) {
  TARN_ASSIGN_OR_RETURN(const Json value, parse_json(json));
  return requirement_from(JsonView(value, kBadUpdate));
}

Result<TableRequirement> requirement_from(const JsonView& view) {
  TARN_ASSIGN_OR_RETURN(const std::string name, view.text("type"));
  if (name == "assert-create") return TableRequirement(AssertCreate{});
  if (name == "assert-table-uuid") {
    TARN_ASSIGN_OR_RETURN(std::string uuid, view.text("uuid"));
    return TableRequirement(AssertTableUuid{std::move(uuid)});
  }
  if (name == "assert-ref-snapshot-id") {
    AssertRefSnapshotId required;
    TARN_ASSIGN_OR_RETURN(required.ref, view.text("ref"));
    TARN_ASSIGN_OR_RETURN(required.snapshot_id, view.optional_int64("snapshot-id"));
    return TableRequirement(std::move(required));
  }
  if (!name.starts_with("assert-")) return view.wrong(fmt::format("the requirement `{}` is not known", name));
  // The rest hold one number under the name of what they assert.
  const std::string key = name.substr(7);
  const auto number = [&] { return view.int32(key); };
  if (name == "assert-last-assigned-field-id") {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, number());
    return TableRequirement(AssertLastAssignedFieldId{id});
  }
  if (name == "assert-current-schema-id") {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, number());
    return TableRequirement(AssertCurrentSchemaId{id});
  }
  if (name == "assert-last-assigned-partition-id") {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, number());
    return TableRequirement(AssertLastAssignedPartitionId{id});
  }
  if (name == "assert-default-spec-id") {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, number());
    return TableRequirement(AssertDefaultSpecId{id});
  }
  if (name == "assert-default-sort-order-id") {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, number());
    return TableRequirement(AssertDefaultSortOrderId{id});
  }
  return view.wrong(fmt::format("the requirement `{}` is not known", name));
}

}  // namespace tarn::iceberg
