#include <gtest/gtest.h>

#include "iceberg/errors.h"
#include "iceberg/json/codec.h"
#include "iceberg/view_metadata.h"

namespace tarn::iceberg {
namespace {

using Updates = std::vector<ViewUpdate>;

Schema columns(std::string_view name, std::int32_t schema_id = 0) {
  return Schema::make({.schema_id = schema_id,
                       .fields = {{.id = 1, .name = std::string(name), .type = Type::int64()}}})
      .value();
}

ViewVersion version(std::int32_t id, std::string sql, std::string dialect = "spark",
                    std::int32_t schema_id = kLastAdded) {
  return {.version_id = id,
          .timestamp_ms = std::int64_t{1000} + id,
          .schema_id = schema_id,
          .representations = {{std::move(sql), std::move(dialect)}},
          .default_namespace = {"ns"}};
}

Result<ViewMetadata> run(const Updates& updates, const ViewMetadata& base) {
  return apply(base, updates, {.now_ms = 9000});
}

Updates creation() {
  return {AssignUuid{"u"}, SetLocation{"file:///v"}, AddSchema{columns("a")},
          AddViewVersion{version(1, "one")}, SetCurrentViewVersion{}};
}

ViewMetadata view() {
  return run(creation(), {}).value();
}

std::string refusal(const Updates& updates, const ViewMetadata& base = view()) {
  const auto changed = run(updates, base);
  return changed.ok() ? "ok" : std::string(changed.error().name()) + ": " + changed.error().message();
}

TEST(ViewUpdate, CreatesAView) {
  const ViewMetadata made = view();
  EXPECT_EQ(made.view_uuid, "u");
  EXPECT_EQ(made.current_version_id, 1);
  EXPECT_EQ(made.version_by_id(1)->schema_id, 0);
  ASSERT_EQ(made.version_log.size(), 1U);
  EXPECT_EQ(made.version_log[0].timestamp_ms, 1001);
  EXPECT_EQ(ViewMetadata::from_json(made.to_json()).value(), made);
}

TEST(ViewUpdate, NeedsAUuidALocationAndAVersion) {
  for (const std::size_t left_out : {0, 1, 4}) {
    Updates updates = creation();
    updates.erase(updates.begin() + static_cast<std::ptrdiff_t>(left_out));
    EXPECT_EQ(run(updates, {}).error().name(), kBadUpdate.name) << left_out;
  }
}

TEST(ViewUpdate, AssignsAUuidOnce) {
  EXPECT_EQ(refusal({AssignUuid{"u"}}), "ok");
  EXPECT_EQ(refusal({AssignUuid{"w"}}), "iceberg.bad_update: Cannot reassign uuid");
  EXPECT_EQ(refusal({AssignUuid{""}}), "iceberg.bad_update: the uuid is empty");
}

TEST(ViewUpdate, KnowsOneFormatVersion) {
  EXPECT_EQ(refusal({UpgradeFormatVersion{1}}), "ok");
  EXPECT_TRUE(refusal({UpgradeFormatVersion{2}}).starts_with("iceberg.unsupported_version"));
}

TEST(ViewUpdate, AddsSchemasAndUsesEqualOnesAgain) {
  const ViewMetadata changed =
      run({AddSchema{columns("b", 7)}, AddSchema{columns("a", 9)}, AddViewVersion{version(2, "two")}}, view())
          .value();
  ASSERT_EQ(changed.schemas.size(), 2U);
  EXPECT_EQ(changed.schemas[1].id(), 1);
  EXPECT_EQ(changed.version_by_id(2)->schema_id, 0);
}

TEST(ViewUpdate, MovesAndSetsProperties) {
  const ViewMetadata changed = run({SetLocation{"file:///w"}, SetProperties{{{"k", "1"}, {"l", "2"}}},
                                    RemoveProperties{{"k", "none"}}},
                                   view())
                                   .value();
  EXPECT_EQ(changed.location, "file:///w");
  EXPECT_EQ(changed.properties, (std::map<std::string, std::string>{{"l", "2"}}));
  EXPECT_EQ(refusal({SetLocation{""}}), "iceberg.bad_update: the location is empty");
}

TEST(ViewUpdate, ReplacesTheVersion) {
  const ViewMetadata changed =
      run({AddViewVersion{version(1, "two", "spark", 0)}, SetCurrentViewVersion{kLastAdded}}, view()).value();
  EXPECT_EQ(changed.current_version_id, 2);  // 1 was taken.
  ASSERT_EQ(changed.version_log.size(), 2U);
  // Back to the first: the version is known, the time is now.
  const ViewMetadata back =
      run({AddViewVersion{version(5, "one", "spark", 0)}, SetCurrentViewVersion{kLastAdded}}, changed)
          .value();
  EXPECT_EQ(back.current_version_id, 1);
  EXPECT_EQ(back.versions.size(), 2U);
  EXPECT_EQ(back.version_log.back().timestamp_ms, 9000);
  // To where it is already is no event.
  EXPECT_EQ(run({SetCurrentViewVersion{1}}, back)->version_log.size(), 3U);
}

TEST(ViewUpdate, RefusesVersionsThatCannotBe) {
  EXPECT_EQ(refusal({AddViewVersion{version(2, "two")}}),
            "iceberg.bad_update: Cannot set last added schema: no schema has been added");
  EXPECT_EQ(refusal({AddViewVersion{version(2, "two", "spark", 4)}}),
            "iceberg.bad_update: there is no schema 4");
  ViewVersion twice = version(2, "two", "spark", 0);
  twice.representations.push_back({"three", "spark"});
  EXPECT_EQ(refusal({AddViewVersion{twice}}),
            "iceberg.bad_update: Invalid view version: Cannot add multiple queries for dialect spark");
  EXPECT_EQ(refusal({SetCurrentViewVersion{kLastAdded}}),
            "iceberg.bad_update: Cannot set last version id: no current version id has been set");
  EXPECT_EQ(refusal({SetCurrentViewVersion{3}}),
            "iceberg.bad_update: Cannot set current version to unknown version: 3");
}

TEST(ViewUpdate, LosesADialectOnlyWhereAllowed) {
  const Updates trino = {AddViewVersion{version(2, "one", "trino", 0)}, SetCurrentViewVersion{}};
  EXPECT_EQ(refusal(trino),
            "iceberg.bad_update: Cannot replace view due to loss of view dialects "
            "(replace.drop-dialect.allowed=false): spark");
  Updates allowed = trino;
  allowed.emplace_back(SetProperties{{{"replace.drop-dialect.allowed", "true"}}});
  EXPECT_EQ(refusal(allowed), "ok");
  EXPECT_EQ(refusal({AddViewVersion{version(2, "other", "SPARK", 0)}, SetCurrentViewVersion{}}), "ok");
}

TEST(ViewUpdate, ForgetsTheOldestVersions) {
  ViewMetadata base = run({SetProperties{{{"version.history.num-entries", "2"}}}}, view()).value();
  for (const char* sql : {"two", "three"})
    base = run({AddViewVersion{version(1, sql, "spark", 0)}, SetCurrentViewVersion{}}, base).value();
  ASSERT_EQ(base.versions.size(), 2U);
  EXPECT_EQ(base.version_by_id(1), nullptr);
  EXPECT_EQ(base.version_log.size(), 2U);
  for (const char* wrong : {"0", "-1", "x"}) {
    EXPECT_TRUE(
        refusal({SetProperties{{{"version.history.num-entries", wrong}}}}).starts_with("iceberg.bad_update"))
        << wrong;
  }
}

TEST(ViewUpdate, RunsOutOfIds) {
  const Updates last_version = {AddViewVersion{version(INT32_MAX, "two", "spark", 0)},
                                SetCurrentViewVersion{}};
  const ViewMetadata base = run(last_version, view()).value();
  EXPECT_EQ(refusal({AddViewVersion{version(3, "three", "spark", 0)}}, base),
            "iceberg.bad_update: there are no version ids left");
  ViewMetadata full = view();
  full.schemas = {columns("a", INT32_MAX)};
  EXPECT_EQ(refusal({AddSchema{columns("b")}}, full), "iceberg.bad_update: there are no schema ids left");
}

TEST(ViewUpdate, KeepsEveryVersionOfAnIdOnce) {
  // A registered file may say otherwise.
  Json twice = parse_json(view().to_json()).value();
  twice["versions"].push_back(twice["versions"][0]);
  EXPECT_EQ(ViewMetadata::from_json(dump_json(twice)).error().name(), kBadMetadata.name);
}

TEST(ViewRequirement, IsTheUuid) {
  EXPECT_TRUE(check(view(), std::vector<AssertViewUuid>{}).ok());
  EXPECT_TRUE(check(view(), std::vector<AssertViewUuid>{{"u"}}).ok());
  EXPECT_EQ(check(view(), std::vector<AssertViewUuid>{{"u"}, {"w"}}).error().name(), kRequirementFailed.name);
}

TEST(ViewUpdate, IsReadFromJson) {
  const auto read = [](std::string_view text) {
    const Json json = parse_json(text).value();
    const auto update = view_update_from(JsonView(json, kBadUpdate));
    return update.ok() ? "ok" : std::string(update.error().name());
  };
  const std::string_view good[] = {
      R"({"action":"assign-uuid","uuid":"u"})",
      R"({"action":"upgrade-format-version","format-version":1})",
      R"({"action":"add-schema","schema":{"type":"struct","fields":[]}})",
      R"({"action":"set-location","location":"file:///v"})",
      R"({"action":"set-properties","updates":{"a":"b"}})",
      R"({"action":"remove-properties","removals":["a"]})",
      R"({"action":"set-current-view-version","view-version-id":-1})",
      R"({"action":"add-view-version","view-version":{"version-id":1,"timestamp-ms":2,"schema-id":-1,)"
      R"("summary":{},"default-namespace":[],"representations":[]}})",
  };
  for (const std::string_view text : good) EXPECT_EQ(read(text), "ok") << text;
  const std::string_view bad[] = {
      R"({"action":"add-snapshot"})",
      R"({"uuid":"u"})",
      R"({"action":"assign-uuid"})",
      R"({"action":"assign-uuid","uuid":5})",
      R"({"action":"upgrade-format-version","format-version":"1"})",
      R"({"action":"set-current-view-version","view-version-id":4294967296})",
      R"({"action":"set-properties","updates":{"a":5}})",
      R"({"action":"remove-properties","removals":"a"})",
      R"({"action":"add-view-version","view-version":{"version-id":1}})",
      R"({"action":"add-view-version","view-version":{"version-id":1,"timestamp-ms":2,"schema-id":-1,)"
      R"("summary":{},"default-namespace":[],"representations":[{"type":"plan","sql":"","dialect":""}]}})",
  };
  for (const std::string_view text : bad) EXPECT_EQ(read(text), "iceberg.bad_update") << text;
  const Json wrong = parse_json(R"({"type":"assert-table-uuid","uuid":"u"})").value();
  EXPECT_FALSE(view_requirement_from(JsonView(wrong, kBadUpdate)).ok());
}

}  // namespace
}  // namespace tarn::iceberg
