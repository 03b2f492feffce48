#include "iceberg/table_metadata.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <nlohmann/json.hpp>

#include "iceberg/errors.h"
#include "iceberg/update.h"

namespace tarn::iceberg {
namespace {

std::string golden(const std::string& name) {
  std::ifstream in(std::filesystem::path(TARN_TEST_DATA) / "golden" / "iceberg" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

Schema visits() {
  return Schema::make({.fields = {{.id = 10, .name = "id", .required = true, .type = Type::string()},
                                  {.id = 20, .name = "at", .type = Type::timestamp()}},
                       .identifier_field_ids = {10}})
      .value();
}

TableMetadata new_table() {
  const Schema schema = visits();
  const PartitionTerm kTerms[] = {{.column = "at", .transform = Transform::month()}};
  const SortTerm kSort[] = {{.column = "id"}};
  return TableMetadata::create({.table_uuid = "9c12d441-03fe-4693-9a96-a0705ddf69c1",
                                .location = "file:///lake/visits",
                                .schema = schema,
                                .spec = PartitionSpec::bind(schema, kTerms).value(),
                                .sort_order = SortOrder::bind(schema, kSort).value(),
                                .properties = {{"owner", "adt"}},
                                .now_ms = 1000})
      .value();
}

Snapshot snapshot(std::int64_t id, std::int64_t sequence_number,
                  std::optional<std::int64_t> parent = std::nullopt) {
  return {.snapshot_id = id,
          .parent_snapshot_id = parent,
          .sequence_number = sequence_number,
          .timestamp_ms = 1000 + sequence_number,
          .manifest_list = "file:///lake/visits/metadata/snap-" + std::to_string(id) + ".avro",
          .operation = "append",
          .summary = {{"added-records", "3"}},
          .schema_id = 0};
}

std::vector<TableUpdate> commit(const Snapshot& added) {
  return {AddSnapshot{added}, SetSnapshotRef{"main", {.snapshot_id = added.snapshot_id}}};
}

TableMetadata with_snapshots(std::int64_t count) {
  TableMetadata table = new_table();
  for (std::int64_t i = 1; i <= count; ++i) {
    table = apply(table, commit(snapshot(i, i, i > 1 ? std::optional(i - 1) : std::nullopt)),
                  {.now_ms = 1000 + i, .previous_file = "v" + std::to_string(i) + ".json"})
                .value();
  }
  return table;
}

TEST(TableMetadata, NumbersANewTableAfresh) {
  const TableMetadata table = new_table();
  EXPECT_EQ(table.current_schema().find("at")->id, 2);
  EXPECT_EQ(table.last_column_id, 2);
  EXPECT_EQ(table.default_spec().fields[0].source_id, 2);
  EXPECT_EQ(table.default_spec().fields[0].field_id, 1000);
  EXPECT_EQ(table.last_partition_id, 1000);
  EXPECT_EQ(table.default_sort_order().fields[0].source_id, 1);
  EXPECT_EQ(table.current_snapshot(), nullptr);
  EXPECT_EQ(TableMetadata::from_json(table.to_json()).value(), table);
}

TEST(TableMetadata, KeepsLogsAndRefs) {
  const TableMetadata table = with_snapshots(3);
  EXPECT_EQ(table.current_snapshot()->snapshot_id, 3);
  EXPECT_EQ(table.last_sequence_number, 3);
  EXPECT_EQ(table.next_sequence_number(), 4);
  EXPECT_EQ(table.snapshot_log.size(), 3U);
  EXPECT_EQ(table.metadata_log.back(), (MetadataLogEntry{1002, "v3.json"}));
  EXPECT_EQ(table.snapshot_as_of(1002)->snapshot_id, 2);
  EXPECT_EQ(table.snapshot_as_of(5), nullptr);
  EXPECT_EQ(table.snapshot_of_ref("main")->snapshot_id, 3);
  EXPECT_EQ(table.snapshot_of_ref("dev"), nullptr);
  EXPECT_EQ(TableMetadata::from_json(table.to_json()).value(), table);
}

TEST(TableMetadata, KeepsWhatItDoesNotKnow) {
  auto json = nlohmann::json::parse(with_snapshots(1).to_json());
  json["format-version"] = 3;
  json["next-row-id"] = 7;
  json["encryption-keys"] = {{{"key-id", "a"}, {"encrypted-key-metadata", "AA=="}}};
  json["from-the-future"] = {1, 2};
  json["snapshots"][0]["first-row-id"] = 0;
  json["snapshots"][0]["added-rows"] = 7;
  json["statistics"] = {{{"snapshot-id", 1},
                         {"statistics-path", "s.puffin"},
                         {"file-size-in-bytes", 9},
                         {"file-footer-size-in-bytes", 4},
                         {"blob-metadata", nlohmann::json::array()}}};
  const TableMetadata table = TableMetadata::from_json(json.dump()).value();
  EXPECT_EQ(nlohmann::json::parse(table.to_json()), json);
  const auto refused = apply(table, commit(snapshot(2, 2, 1)), {.now_ms = 2000});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().name(), "iceberg.bad_update");  // No row ids.
}

TEST(TableMetadata, ReadsVersionOne) {
  const TableMetadata table = TableMetadata::from_json(golden("v1.metadata.json")).value();
  EXPECT_EQ(table.format_version, 1);
  EXPECT_EQ(table.current_schema().fields().size(), 3U);
  EXPECT_EQ(table.default_spec().fields[0].field_id, 1000);
  EXPECT_TRUE(table.default_sort_order().is_unsorted());
  EXPECT_EQ(table.snapshot_log.size(), 2U);
  EXPECT_EQ(table.snapshot_of_ref("main")->snapshot_id, 22);
  EXPECT_EQ(table.snapshots[0].manifests.size(), 1U);
  EXPECT_EQ(TableMetadata::from_json(table.to_json()).value(), table);
  Snapshot next = snapshot(2, 1);
  next.timestamp_ms = table.last_updated_ms;
  const auto appended = apply(table, commit(next), {.now_ms = 2000});
  ASSERT_TRUE(appended.ok()) << appended.error().to_string();
  EXPECT_EQ(appended->last_sequence_number, 0);
  const std::vector<TableUpdate> upgrade = {AssignUuid{"0b6a4c3e-0000-4000-8000-000000000000"},
                                            UpgradeFormatVersion{2}};
  const TableMetadata upgraded = apply(table, upgrade, {.now_ms = 1}).value();
  EXPECT_EQ(upgraded.format_version, 2);
  EXPECT_EQ(TableMetadata::from_json(upgraded.to_json()).value(), upgraded);
}

TEST(TableMetadata, ReadsWhatPyIcebergWrites) {
  const TableMetadata table = TableMetadata::from_json(golden("pyiceberg/table.metadata.json")).value();
  EXPECT_EQ(table.format_version, 2);
  EXPECT_EQ(table.current_schema().find("full_name")->id, 2);
  EXPECT_EQ(table.current_schema().find("addr.zip")->id, 13);
  EXPECT_EQ(table.default_spec().fields.size(), 5U);
  EXPECT_EQ(table.refs.at("v1").kind, SnapshotRef::Kind::kTag);
  EXPECT_EQ(TableMetadata::from_json(table.to_json()).value(), table);
}

TEST(TableMetadata, RefusesBrokenFilesByCodeAndPlace) {
  using J = nlohmann::json;
  struct Case {
    const char* name;
    std::function<void(J&)> damage;
    const char* code;
    const char* place;
  };
  const Case kCases[] = {
      {"version 4", [](J& j) { j["format-version"] = 4; }, "iceberg.unsupported_version", "$.format-version"},
      {"version text", [](J& j) { j["format-version"] = "2"; }, "iceberg.bad_metadata", "$.format-version: "},
      {"no version", [](J& j) { j.erase("format-version"); }, "iceberg.bad_metadata", "$: `format-version`"},
      {"no uuid", [](J& j) { j.erase("table-uuid"); }, "iceberg.bad_metadata", "$: `table-uuid`"},
      {"no location", [](J& j) { j["location"] = ""; }, "iceberg.bad_metadata", "$.location"},
      {"no schemas", [](J& j) { j.erase("schemas"); }, "iceberg.bad_metadata", "$: `schemas`"},
      {"schema", [](J& j) { j["schemas"][0]["fields"][1]["id"] = "x"; }, "iceberg.bad_schema",
       "$.schemas[0].fields[1].id"},
      {"same schema twice", [](J& j) { j["schemas"].push_back(j["schemas"][0]); }, "iceberg.bad_metadata",
       "$.schemas[1]"},
      {"no such schema", [](J& j) { j["current-schema-id"] = 5; }, "iceberg.bad_metadata",
       "$.current-schema-id"},
      {"low column id", [](J& j) { j["last-column-id"] = 1; }, "iceberg.bad_metadata", "$.schemas[0]"},
      {"no such spec", [](J& j) { j["default-spec-id"] = 5; }, "iceberg.bad_metadata", "$.default-spec-id"},
      {"spec", [](J& j) { j["partition-specs"][0]["fields"][0]["transform"] = "bucket[0]"; },
       "iceberg.bad_partition_spec", "$.partition-specs[0].fields[0]"},
      {"order", [](J& j) { j["sort-orders"][0]["fields"] = J::array(); }, "iceberg.bad_sort_order",
       "$.sort-orders[0]"},
      {"no such order", [](J& j) { j["default-sort-order-id"] = 5; }, "iceberg.bad_metadata",
       "$.default-sort-order-id"},
      {"properties", [](J& j) { j["properties"]["a"] = 1; }, "iceberg.bad_metadata", "$.properties"},
      {"no such snapshot", [](J& j) { j["current-snapshot-id"] = 77; }, "iceberg.bad_metadata",
       "$.current-snapshot-id"},
      {"main elsewhere", [](J& j) { j["current-snapshot-id"] = 1; }, "iceberg.bad_metadata", "$.refs.main"},
      {"main a tag", [](J& j) { j["refs"]["main"]["type"] = "tag"; }, "iceberg.bad_metadata", "$.refs.main"},
      {"ref type", [](J& j) { j["refs"]["main"]["type"] = "twig"; }, "iceberg.bad_metadata", "$.refs.main"},
      {"dangling ref",
       [](J& j) {
         j["refs"]["x"] = {{"snapshot-id", 5}, {"type", "tag"}};
       },
       "iceberg.bad_metadata", "$.refs.x"},
      {"tag retention",
       [](J& j) {
         j["refs"]["x"] = {{"snapshot-id", 1}, {"type", "tag"}, {"min-snapshots-to-keep", 1}};
       },
       "iceberg.bad_metadata", "$.refs.x"},
      {"sequence", [](J& j) { j["last-sequence-number"] = 1; }, "iceberg.bad_metadata",
       "$.snapshots[1].sequence-number"},
      {"twice", [](J& j) { j["snapshots"][1]["snapshot-id"] = 1; }, "iceberg.bad_metadata", "$.snapshots[1]"},
      {"no list", [](J& j) { j["snapshots"][1].erase("manifest-list"); }, "iceberg.bad_metadata",
       "$.snapshots[1]"},
      {"summary", [](J& j) { j["snapshots"][1]["summary"]["x"] = 3; }, "iceberg.bad_metadata",
       "$.snapshots[1].summary"},
      {"log", [](J& j) { j["snapshot-log"][0].erase("timestamp-ms"); }, "iceberg.bad_metadata",
       "$.snapshot-log[0]"},
      {"huge", [](J& j) { j["last-updated-ms"] = 18446744073709551615U; }, "iceberg.bad_metadata",
       "$.last-updated-ms"},
  };
  for (const Case& item : kCases) {
    J json = J::parse(with_snapshots(2).to_json());
    item.damage(json);
    const auto table = TableMetadata::from_json(json.dump());
    ASSERT_FALSE(table.ok()) << item.name;
    EXPECT_EQ(table.error().name(), item.code) << item.name;
    EXPECT_TRUE(table.error().message().starts_with(item.place))
        << item.name << ": " << table.error().message();
  }
  EXPECT_EQ(TableMetadata::from_json("{\"format-version\":2").error().name(), "iceberg.bad_json");
}

}  // namespace
}  // namespace tarn::iceberg
