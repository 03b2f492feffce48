#include "iceberg/update.h"

#include <gtest/gtest.h>

#include <limits>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

Schema visits(std::vector<NestedField> more = {}) {
  std::vector<NestedField> fields = {{.id = 1, .name = "id", .required = true, .type = Type::string()},
                                     {.id = 2, .name = "at", .type = Type::timestamp()}};
  fields.insert(fields.end(), more.begin(), more.end());
  return Schema::make({.fields = std::move(fields)}).value();
}

TableMetadata table() {
  return TableMetadata::create(
             {.table_uuid = "uuid-1", .location = "file:///t", .schema = visits(), .now_ms = 1000})
      .value();
}

Snapshot snapshot(std::int64_t id, std::int64_t sequence_number) {
  return {.snapshot_id = id,
          .sequence_number = sequence_number,
          .timestamp_ms = 1000 + sequence_number,
          .manifest_list = "l.avro",
          .operation = "append"};
}

PartitionSpec spec_of(std::int32_t source_id, std::int32_t field_id, const char* name,
                      const Transform& transform) {
  return {.spec_id = 9, .fields = {{source_id, field_id, name, transform}}};
}

SetSnapshotRef branch(const char* name, std::int64_t id) {
  return {name, {.snapshot_id = id}};
}

using Updates = std::vector<TableUpdate>;

Result<TableMetadata> run(const Updates& updates, const TableMetadata& base = table(),
                          std::int64_t now_ms = 2000) {
  return apply(base, updates, {.now_ms = now_ms});
}

TEST(Update, EveryOneRoundTripsThroughJson) {
  const SortOrder order{.order_id = 1, .fields = {{Transform::identity(), 1}}};
  const Updates kAll = {
      AssignUuid{"u"},
      UpgradeFormatVersion{2},
      AddSchema{visits()},
      SetCurrentSchema{-1},
      AddPartitionSpec{spec_of(2, 1000, "at_day", Transform::day())},
      SetDefaultSpec{-1},
      AddSortOrder{order},
      SetDefaultSortOrder{1},
      AddSnapshot{snapshot(5, 1)},
      SetSnapshotRef{"v1", {.snapshot_id = 5, .kind = SnapshotRef::Kind::kTag, .max_ref_age_ms = 9}},
      SetSnapshotRef{"b", {.snapshot_id = 5, .min_snapshots_to_keep = 2, .max_snapshot_age_ms = 3}},
      RemoveSnapshots{{1, 2}},
      RemoveSnapshotRef{"v1"},
      SetLocation{"l"},
      SetProperties{{{"a", "b"}}},
      RemoveProperties{{"a"}},
      SetStatistics{{.snapshot_id = 5,
                     .statistics_path = "p",
                     .file_size_bytes = 3,
                     .file_footer_size_bytes = 2,
                     .blobs = {{.type = "t",
                                .snapshot_id = 5,
                                .sequence_number = 1,
                                .fields = {1},
                                .properties = {{"n", "1"}}}}}},
      RemoveStatistics{5},
      SetPartitionStatistics{{5, "p", 3}},
      RemovePartitionStatistics{5},
      RemovePartitionSpecs{{1}},
      RemoveSchemas{{0}}};
  for (const TableUpdate& update : kAll) {
    const auto back = update_from_json(to_json(update));
    ASSERT_TRUE(back.ok()) << to_json(update);
    EXPECT_EQ(back.value(), update) << to_json(update);
  }
  EXPECT_EQ(to_json(TableUpdate(SetProperties{{{"a", "b"}}})),
            R"({"action":"set-properties","updates":{"a":"b"}})");
}

TEST(Update, RefusesUnknownAndBrokenJson) {
  const std::pair<const char*, const char*> kCases[] = {
      {"{", "iceberg.bad_json"},
      {"{}", "iceberg.bad_update"},
      {R"({"action":"explode"})", "iceberg.bad_update"},
      {R"({"action":"set-location"})", "iceberg.bad_update"},
      {R"({"action":"set-properties","updates":{"a":1}})", "iceberg.bad_update"},
      {R"({"action":"add-schema","schema":{}})", "iceberg.bad_schema"},
      {R"({"action":"add-encryption-key","encryption-key":{}})", "iceberg.bad_update"},
      {R"({"action":"remove-encryption-key"})", "iceberg.bad_update"},
  };
  for (const auto& [json, code] : kCases) EXPECT_EQ(update_from_json(json).error().name(), code) << json;
  for (const char* json :
       {R"({"type":"assert-nothing"})", R"({"type":"x"})", R"({"type":"assert-current-schema-id"})"})
    EXPECT_EQ(requirement_from_json(json).error().name(), "iceberg.bad_update") << json;
}

TEST(Update, AddsSchemasAndUsesEqualOnesAgain) {
  const Schema wider = visits({{.id = 3, .name = "ward", .type = Type::string()}});
  TableMetadata next = run({AddSchema{wider.with_id(7)}, SetCurrentSchema{}}).value();
  EXPECT_EQ(next.current_schema_id, 1);
  EXPECT_EQ(next.last_column_id, 3);
  next = run({AddSchema{visits()}, SetCurrentSchema{}, RemoveSchemas{{1}}}, next).value();
  EXPECT_EQ(next.current_schema_id, 0);
  EXPECT_EQ(next.schemas.size(), 1U);
  EXPECT_EQ(next.last_column_id, 3);
}

TEST(Update, NumbersPartitionFieldsAcrossSpecs) {
  TableMetadata next =
      run({AddPartitionSpec{spec_of(2, 1000, "at_day", Transform::day())}, SetDefaultSpec{}}).value();
  EXPECT_EQ(next.default_spec_id, 1);
  EXPECT_EQ(next.last_partition_id, 1000);
  PartitionSpec both = spec_of(1, 1000, "id_bucket", Transform::bucket(4));
  both.fields.push_back({2, 1001, "day_again", Transform::day()});
  next = run({AddPartitionSpec{both}, SetDefaultSpec{}}, next).value();
  EXPECT_EQ(next.default_spec().fields[0].field_id, 1001);
  EXPECT_EQ(next.default_spec().fields[1].field_id, 1000);
  EXPECT_EQ(next.last_partition_id, 1001);
  next = run({AddPartitionSpec{PartitionSpec{}}, SetDefaultSpec{}, RemovePartitionSpecs{{1}}}, next).value();
  EXPECT_EQ(next.default_spec_id, 0);
  EXPECT_EQ(next.partition_specs.size(), 2U);
}

TEST(Update, KeepsBranchesTagsAndTheLog) {
  TableMetadata next = run({AddSnapshot{snapshot(1, 1)}, branch("main", 1), AddSnapshot{snapshot(2, 2)},
                            branch("main", 2), AddSnapshot{snapshot(3, 3)}, branch("audit", 3)})
                           .value();
  EXPECT_EQ(next.snapshot_log, (std::vector<SnapshotLogEntry>{{1002, 2}}));
  next = run({branch("main", 3)}, next, 5000).value();
  EXPECT_EQ(next.snapshot_log.back(), (SnapshotLogEntry{5000, 3}));
  next = run({RemoveSnapshots{{1, 2}}}, next, 6000).value();
  EXPECT_EQ(next.snapshots.size(), 1U);
  EXPECT_EQ(next.snapshot_log, (std::vector<SnapshotLogEntry>{{5000, 3}}));
  next = run({RemoveSnapshotRef{"main"}}, next, 7000).value();
  EXPECT_EQ(next.current_snapshot(), nullptr);
  EXPECT_EQ(next.snapshot_log, (std::vector<SnapshotLogEntry>{{5000, 3}}));  // What was current is history.
  EXPECT_EQ(next.refs.size(), 1U);
  EXPECT_EQ(next.last_updated_ms, 7000);
}

TEST(Update, CutsTheMetadataLog) {
  TableMetadata next = run({SetProperties{{{"write.metadata.previous-versions-max", "2"}}}}).value();
  for (int i = 0; i < 4; ++i)
    next = apply(next, {}, {.now_ms = 3000 + i, .previous_file = "v" + std::to_string(i)}).value();
  EXPECT_EQ(next.metadata_log, (std::vector<MetadataLogEntry>{{3001, "v2"}, {3002, "v3"}}));
}

TEST(Update, SetsPropertiesStatisticsAndLocation) {
  const StatisticsFile statistics{.snapshot_id = 1, .statistics_path = "p"};
  TableMetadata next =
      run({SetProperties{{{"a", "1"}, {"b", "2"}}}, RemoveProperties{{"a", "zz"}}, SetLocation{"file:///u"},
           SetStatistics{statistics}, SetStatistics{statistics}, SetPartitionStatistics{{1, "q", 1}}})
          .value();
  EXPECT_EQ(next.properties, (std::map<std::string, std::string>{{"b", "2"}}));
  EXPECT_EQ(next.location, "file:///u");
  EXPECT_EQ(next.statistics.size(), 1U);
  next = run({RemoveStatistics{1}, RemovePartitionStatistics{1}}, next).value();
  EXPECT_TRUE(next.statistics.empty() && next.partition_statistics.empty());
}

TEST(Update, RefusesWhatWouldBreakTheTable) {
  Snapshot no_list = snapshot(1, 1);
  no_list.manifest_list.clear();
  Snapshot no_operation = snapshot(1, 1);
  no_operation.operation.clear();
  Snapshot child = snapshot(2, 1);
  child.parent_snapshot_id = 1;
  Snapshot no_schema = snapshot(1, 1);
  no_schema.schema_id = 4;
  const SnapshotRef tag{.snapshot_id = 1, .kind = SnapshotRef::Kind::kTag};
  const std::pair<Updates, const char*> kCases[] = {
      {{AssignUuid{"other"}}, "iceberg.bad_update"},
      {{AssignUuid{""}}, "iceberg.bad_update"},
      {{UpgradeFormatVersion{1}}, "iceberg.bad_update"},
      {{UpgradeFormatVersion{4}}, "iceberg.unsupported_version"},
      {{AddEncryptionKey{{.key_id = "k"}}}, "iceberg.unsupported_version"},
      {{UpgradeFormatVersion{3}, AddSnapshot{snapshot(1, 1)}}, "iceberg.bad_update"},
      {{SetCurrentSchema{-1}}, "iceberg.bad_update"},
      {{SetCurrentSchema{3}}, "iceberg.bad_update"},
      {{SetDefaultSpec{-1}}, "iceberg.bad_update"},
      {{SetDefaultSpec{3}}, "iceberg.bad_update"},
      {{SetDefaultSortOrder{3}}, "iceberg.bad_update"},
      {{AddPartitionSpec{spec_of(9, 1000, "x", {})}}, "iceberg.bad_partition_spec"},
      {{AddPartitionSpec{spec_of(1, 1000, "x", Transform::day())}}, "iceberg.bad_transform"},
      {{AddSortOrder{{.order_id = 1, .fields = {{Transform::identity(), 9}}}}}, "iceberg.bad_sort_order"},
      {{AddSnapshot{snapshot(1, 1)}, AddSnapshot{snapshot(1, 2)}}, "iceberg.bad_update"},
      {{AddSnapshot{snapshot(1, 1)}, AddSnapshot{child}}, "iceberg.stale_update"},
      {{AddSnapshot{no_list}}, "iceberg.bad_update"},
      {{AddSnapshot{no_operation}}, "iceberg.bad_update"},
      {{AddSnapshot{no_schema}}, "iceberg.bad_update"},
      {{branch("main", 5)}, "iceberg.bad_update"},
      {{AddSnapshot{snapshot(1, 1)}, SetSnapshotRef{"main", tag}}, "iceberg.bad_update"},
      {{AddSnapshot{snapshot(1, 1)}, SetSnapshotRef{"x", tag}, branch("x", 1)}, "iceberg.bad_update"},
      {{AddSnapshot{snapshot(1, 1)}, branch("main", 1), RemoveSnapshots{{1}}}, "iceberg.bad_update"},
      {{SetLocation{""}}, "iceberg.bad_update"},
      {{RemovePartitionSpecs{{0}}}, "iceberg.bad_update"},
      {{RemoveSchemas{{0}}}, "iceberg.bad_update"},
      {{AddPartitionSpec{spec_of(2, 1000, "d", Transform::day())}, SetDefaultSpec{}, AddSchema{Schema()},
        SetCurrentSchema{}},
       "iceberg.bad_update"},
  };
  for (const auto& [updates, code] : kCases) {
    const auto next = run(updates);
    ASSERT_FALSE(next.ok()) << to_json(updates.back());
    EXPECT_EQ(next.error().name(), code) << to_json(updates.back());
  }
  Snapshot old = snapshot(1, 1);
  old.timestamp_ms = 0;
  EXPECT_EQ(run({AddSnapshot{old}}, run({}, table(), 100000).value()).error().name(), "iceberg.bad_update");
}

TEST(Update, RunsOutOfIds) {
  constexpr std::int32_t kMaxId = std::numeric_limits<std::int32_t>::max();
  const auto refusal = [](const Updates& updates, const TableMetadata& base) {
    const auto changed = run(updates, base);
    return changed.ok() ? "ok" : changed.error().message();
  };
  TableMetadata full = table();
  full.schemas = {visits().with_id(kMaxId)};
  full.current_schema_id = kMaxId;
  EXPECT_EQ(refusal({AddSchema{visits({{.id = 3, .name = "x", .type = Type::int64()}})}}, full),
            "there are no schema ids left");
  full = table();
  full.partition_specs[0].spec_id = kMaxId;
  EXPECT_EQ(refusal({AddPartitionSpec{spec_of(2, 1000, "at_day", Transform::day())}}, full),
            "there are no partition spec ids left");
  full = table();
  full.last_partition_id = kMaxId;
  EXPECT_EQ(refusal({AddPartitionSpec{spec_of(2, 1000, "at_day", Transform::day())}}, full),
            "there are no partition field ids left");
  full = table();
  full.sort_orders[0].order_id = kMaxId;
  EXPECT_EQ(refusal({AddSortOrder{{.order_id = 1, .fields = {{Transform::identity(), 1}}}}}, full),
            "there are no sort order ids left");
  full = table();
  full.format_version = 3;
  Snapshot many = snapshot(5, 1);
  many.first_row_id = 0;
  many.added_rows = std::numeric_limits<std::int64_t>::max();
  full = run({AddSnapshot{many}}, full).value();
  Snapshot more = snapshot(6, 2);
  more.first_row_id = many.added_rows;
  more.added_rows = 1;
  EXPECT_EQ(refusal({AddSnapshot{more}}, full), "Cannot add a snapshot: there are no row ids left");
}

TEST(Update, CreatesATableFromUpdatesAlone) {
  const Updates kAll = {AssignUuid{"u"},          UpgradeFormatVersion{2},
                        AddSchema{visits()},      SetCurrentSchema{},
                        AddPartitionSpec{},       SetDefaultSpec{},
                        AddSortOrder{},           SetDefaultSortOrder{},
                        SetLocation{"file:///n"}, AddSnapshot{snapshot(1, 1)},
                        branch("main", 1)};
  const TableMetadata made = create_from(kAll, {.now_ms = 4000}).value();
  EXPECT_EQ(made.current_schema_id, 0);
  EXPECT_EQ(made.current_snapshot()->snapshot_id, 1);
  EXPECT_EQ(TableMetadata::from_json(made.to_json()).value(), made);
  EXPECT_EQ(create_from(Updates{AssignUuid{"u"}}, {}).error().name(), "iceberg.bad_metadata");
}

TEST(Update, NumbersTheRowsOfVersionThree) {
  Snapshot first = snapshot(1, 1);
  first.first_row_id = 0;
  first.added_rows = 10;
  TableMetadata next = run({UpgradeFormatVersion{3}, AddSnapshot{first}, branch("main", 1)}).value();
  EXPECT_EQ(next.next_row_id, 10);
  EXPECT_EQ(TableMetadata::from_json(next.to_json()).value(), next);
  Snapshot second = snapshot(2, 2);
  second.first_row_id = 5;
  second.added_rows = 1;
  EXPECT_EQ(run({AddSnapshot{second}}, next).error().name(), "iceberg.stale_update");
  second.first_row_id = 10;
  EXPECT_EQ(run({AddSnapshot{second}}, next)->next_row_id, 11);
  const EncryptedKey key{.key_id = "k", .encrypted_key_metadata = "AA=="};
  next =
      run({AddEncryptionKey{key}, AddEncryptionKey{{.key_id = "l"}}, RemoveEncryptionKey{"l"}}, next).value();
  EXPECT_EQ(next.encryption_keys, std::vector<EncryptedKey>{key});
  EXPECT_EQ(TableMetadata::from_json(next.to_json()).value(), next);
}

TEST(Update, KeepsWhatOnlyVersionThreeHasOutOfEarlierOnes) {
  const Schema later = visits({{.id = 3, .name = "doc", .type = Type::parse("variant").value()}});
  EXPECT_EQ(run({AddSchema{later}, SetCurrentSchema{}}).error().name(), "iceberg.unsupported_version");
  const TableMetadata made = run({UpgradeFormatVersion{3}, AddSchema{later}, SetCurrentSchema{}}).value();
  EXPECT_EQ(TableMetadata::from_json(made.to_json()).value(), made);
}

TEST(Requirement, HoldsOrFails) {
  const TableMetadata base = run({AddSnapshot{snapshot(1, 1)}, branch("main", 1)}).value();
  const std::pair<TableRequirement, bool> kCases[] = {
      {AssertCreate{}, false},
      {AssertTableUuid{"uuid-1"}, true},
      {AssertTableUuid{"uuid-2"}, false},
      {AssertRefSnapshotId{"main", 1}, true},
      {AssertRefSnapshotId{"main", 2}, false},
      {AssertRefSnapshotId{"main", std::nullopt}, false},
      {AssertRefSnapshotId{"dev", std::nullopt}, true},
      {AssertRefSnapshotId{"dev", 1}, false},
      {AssertLastAssignedFieldId{2}, true},
      {AssertLastAssignedFieldId{3}, false},
      {AssertCurrentSchemaId{0}, true},
      {AssertCurrentSchemaId{1}, false},
      {AssertLastAssignedPartitionId{999}, true},
      {AssertLastAssignedPartitionId{1000}, false},
      {AssertDefaultSpecId{0}, true},
      {AssertDefaultSpecId{1}, false},
      {AssertDefaultSortOrderId{0}, true},
      {AssertDefaultSortOrderId{1}, false},
  };
  for (const auto& [requirement, holds] : kCases) {
    const TableRequirement back = requirement_from_json(to_json(requirement)).value();
    EXPECT_EQ(back, requirement) << to_json(requirement);
    const Status status = check(&base, std::vector{requirement});
    EXPECT_EQ(status.ok(), holds) << to_json(requirement);
    if (!status.ok()) {
      EXPECT_EQ(status.error().name(), "iceberg.requirement_failed");
    }
  }
  EXPECT_TRUE(check(nullptr, std::vector<TableRequirement>{AssertCreate{}}).ok());
  EXPECT_EQ(check(nullptr, std::vector<TableRequirement>{AssertTableUuid{"u"}}).error().name(),
            "iceberg.requirement_failed");
}

}  // namespace
}  // namespace tarn::iceberg
