#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "project/load.h"

namespace tarn::project {
namespace {

Project must_load(const std::vector<ProjectFile>& files) {
  LoadOutcome outcome = load(files, nullptr);
  EXPECT_TRUE(outcome.project) << render_outcome(outcome, false);
  return outcome.project ? *std::move(outcome.project) : Project();
}

TEST(Access, AProjectWithoutItsFilesHasNoUsers) {
  EXPECT_FALSE(must_load({{"tarn.yaml", "project: x"}}).access);
  EXPECT_TRUE(must_load({{"tarn.yaml", "project: x"}, {"access/a.yaml", "roles: {}"}}).access);
  EXPECT_FALSE(load({{"tarn.yaml", "project: x"}, {"access/a.yaml", "role: {}"}}, nullptr).project)
      << "what cannot be read denies";
}

TEST(Access, FilesAreReadTogether) {
  const Project project = must_load(
      {{"tarn.yaml", "project: x"},
       {"access/users.yml", "users: {ann: {roles: [nurse, nurse], attributes: {ward: [3, 4], floor: 1}}}"},
       {"access/roles.yaml",
        "roles: {nurse: {inherits: [staff, base]}, staff: {inherits: base}, base: {}, other: {}}"}});
  ASSERT_TRUE(project.access);
  const UserSpec* ann = project.access->find_user("ann");
  ASSERT_NE(ann, nullptr);
  EXPECT_THAT(ann->attributes.at("ward"), testing::ElementsAre("3", "4"));
  EXPECT_THAT(ann->attributes.at("floor"), testing::ElementsAre("1"));
  std::vector<std::string> names;
  for (const RoleSpec* role : roles_of(*project.access, *ann)) names.push_back(*role->name);
  EXPECT_THAT(names, testing::ElementsAre("nurse", "staff", "base"));
  EXPECT_EQ(project.access->find_user("Ann"), nullptr);
  EXPECT_EQ(project.access->find_role("clerk"), nullptr);
}

TEST(Access, PatternsNameTables) {
  const auto grants = [](std::string_view pattern, const TableName& table) {
    return names_table(pattern, table, PatternUse::kGrant);
  };
  const auto denies = [](std::string_view pattern, const TableName& table) {
    return names_table(pattern, table, PatternUse::kDeny);
  };
  const TableName visit{"curated", "visit"};
  EXPECT_TRUE(grants("curated.visit", visit));
  EXPECT_TRUE(grants("curated.*", visit));
  EXPECT_TRUE(grants("cur*.v?sit", visit));
  EXPECT_TRUE(grants("**", visit));
  EXPECT_FALSE(grants("*", visit));
  EXPECT_FALSE(grants("curated.visi", visit));
  EXPECT_FALSE(grants("curated.*", (TableName{"curated.private", "visit"})));
  EXPECT_TRUE(grants("curated.**", (TableName{"curated.private", "visit"})));
  // Case tells tables apart, and a denial takes the safe side.
  EXPECT_FALSE(grants("curated.visit", (TableName{"curated", "Visit"})));
  EXPECT_TRUE(denies("curated.visit", (TableName{"Curated", "VISIT"})));
  // Tarn's own records are never granted by a pattern.
  const TableName audit{"ops", "audit"};
  EXPECT_TRUE(grants("ops.audit", audit));
  EXPECT_FALSE(grants("ops.*", audit));
  EXPECT_FALSE(grants("**", audit));
  EXPECT_TRUE(denies("**", audit));
}

TEST(Access, ContractsTellTheClassesOfColumns) {
  const Project project = must_load({{"tarn.yaml", "project: x"}, {"feeds/visits.yaml", R"(
feed: visits
owner: data@example.org
description: Visits.
source: {folder: inbox}
table: curated.visit
mode: upsert
key: [mrn]
delete_when: {column: gone}
format: {type: xml, record: /A/B}
columns:
  - {name: mrn, type: string, identifying: identifier}
  - {name: gone, type: string}
  - name: people
    type: list<struct>
    columns: [{name: who, type: string, identifying: name}, {name: born, type: date, identifying: birth_date}]
children:
  - {table: curated.note, from: N, columns: [{name: body, type: string, identifying: free_text}]}
)"}});
  const ContractTables tables = contract_tables(project.feeds);
  ASSERT_EQ(tables.size(), 3u) << "the deletions have a table, too";
  const auto& visit = tables.at({"curated", "visit"});
  EXPECT_THAT(visit.at(0).identifying, testing::ElementsAre(Identifying::kIdentifier));
  EXPECT_THAT(visit.at(2).identifying, testing::ElementsAre(Identifying::kName, Identifying::kBirthDate));
  const auto& note = tables.at({"curated", "note"});
  EXPECT_EQ(note.at(0).name, "mrn") << "a child repeats its record's key";
  EXPECT_THAT(note.at(0).identifying, testing::ElementsAre(Identifying::kIdentifier));
  EXPECT_THAT(note.at(1).identifying, testing::ElementsAre(Identifying::kFreeText));
}

}  // namespace
}  // namespace tarn::project
