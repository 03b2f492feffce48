#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "query/lines_test.h"
#include "query/policy_test.h"
#include "query/writes_test.h"

// What users may write, by their roles.
namespace tarn::query {
namespace {

using testing::ElementsAre;

constexpr std::string_view kRoles = R"(
roles:
  reader:
    grants: [{tables: [curated.visit]}]
  partial:
    grants: [{tables: [curated.note], where: "id > 1"}, {tables: [sandbox.own]}]
    write: [curated.note, "sandbox.*"]
  writer:
    inherits: [reader]
    grants: [{tables: ["sandbox.*"]}]
    write: ["sandbox.*", "curated.secret"]
    deny: [{tables: [sandbox.kept, curated.secret]}]
users:
  rita: {roles: [reader]}
  paul: {roles: [partial]}
  wilma: {roles: [writer]}
)";

class WritesOfUsers : public Writes {
 protected:
  WritesOfUsers() {
    run(*first_,
        "CREATE SCHEMA curated; CREATE TABLE curated.visit (id BIGINT); CREATE TABLE curated.note (id "
        "BIGINT); "
        "CREATE SCHEMA sandbox; CREATE TABLE sandbox.kept (id BIGINT); INSERT INTO curated.visit VALUES (7)");
  }
  std::unique_ptr<Session> as(const std::string& user) {
    return lake_.open_writer(must(Principal::make(policy_, user)));
  }

  std::shared_ptr<const AccessPolicy> policy_ = policy_of(std::string(kRoles));
};

TEST_F(WritesOfUsers, AreWhatTheirRolesAllow) {
  const auto wilma = as("wilma");
  EXPECT_THAT(run(*wilma, "CREATE TABLE sandbox.mine AS SELECT id, 'x' AS note FROM curated.visit"),
              ElementsAre("1"));
  EXPECT_THAT(
      run(*wilma, "UPDATE sandbox.mine SET id = id + 1 WHERE note = 'x'; SELECT id FROM sandbox.mine"),
      ElementsAre("8"));
  EXPECT_THAT(
      run(*wilma,
          "INSERT INTO sandbox.mine VALUES (1, 'a'), (2, 'b'); DELETE FROM sandbox.mine WHERE id < 2"),
      ElementsAre("1"));
  for (const std::string_view sql : lines_of(R"(
INSERT INTO curated.visit VALUES (1)
DELETE FROM curated.visit
DROP TABLE curated.visit
ALTER TABLE curated.visit ADD COLUMN x INT
ALTER TABLE sandbox.mine RENAME TO kept
ALTER TABLE sandbox.mine SET SCHEMA curated
CREATE TABLE curated.new (id INT)
CREATE TABLE curated.secret (id INT)
CREATE TABLE sandbox.kept (id INT)
CREATE SCHEMA other
DROP SCHEMA curated
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)), ElementsAre("sql.write_denied")) << sql;
  // Without `write:` nothing has changed: what changes anything is no statement of a user's.
  const auto rita = as("rita");
  for (const std::string_view sql :
       {"INSERT INTO curated.visit VALUES (1)", "CREATE TABLE sandbox.z (id INT)", "DROP TABLE curated.visit",
        "TRUNCATE curated.visit", "CREATE SCHEMA z"})
    EXPECT_THAT(run(*rita, std::string(sql)), ElementsAre("sql.not_allowed")) << sql;
  // Who does not see all rows of a table changes none.
  const auto paul = as("paul");
  for (const std::string_view sql : {"INSERT INTO curated.note VALUES (1)", "DELETE FROM curated.note",
                                     "UPDATE curated.note SET id = 2", "DROP TABLE curated.note"})
    EXPECT_THAT(run(*paul, std::string(sql)), ElementsAre("sql.write_denied")) << sql;
  EXPECT_THAT(run(*paul, "CREATE TABLE sandbox.own (id INT); INSERT INTO sandbox.own VALUES (1)"),
              ElementsAre("1"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM curated.visit"), ElementsAre("1"));
}

constexpr std::string_view kWithheld = R"(
roles:
  clerk: {grants: [{tables: ["sandbox.*"], except: [note], masks: {ssn: {partial: 2}}}]}
  barred: {grants: [{tables: ["sandbox.*"]}], deny: [{tables: ["**"], columns: [note]}]}
  lister: {grants: [{tables: ["sandbox.*"], columns: [id, note]}]}
users:
  ann: {roles: [clerk]}
  nil: {roles: [barred]}
  lisa: {roles: [lister]}
)";

// A column has its restrictions by the names that it ever had, and is granted by its present one.
TEST_F(WritesOfUsers, RenamesOpenNothing) {
  run(*first_,
      "CREATE TABLE sandbox.emp (id BIGINT, ssn TEXT, note TEXT); INSERT INTO sandbox.emp VALUES (1, "
      "'12345', "
      "'secret')");
  policy_ = policy_of(std::string(kWithheld));
  EXPECT_THAT(run(*as("ann"), "FROM sandbox.emp"), ElementsAre("1 | ***45"));
  run(*first_,
      "ALTER TABLE sandbox.emp RENAME COLUMN ssn TO number; ALTER TABLE sandbox.emp RENAME COLUMN note TO "
      "remark; "
      "ALTER TABLE sandbox.emp RENAME COLUMN remark TO last; ALTER TABLE sandbox.emp ADD COLUMN open TEXT");
  EXPECT_THAT(run(*as("ann"), "FROM sandbox.emp"), ElementsAre("1 | ***45 | NULL"));
  EXPECT_THAT(run(*as("nil"), "FROM sandbox.emp"), ElementsAre("1 | 12345 | NULL"));
  EXPECT_THAT(run(*as("lisa"), "FROM sandbox.emp"), ElementsAre("1"));
}

// What they made they could neither read nor drop.
TEST_F(WritesOfUsers, MakeNothingThatTheyDoNotSee) {
  policy_ = policy_of("roles: {w: {write: [\"sandbox.*\"]}}\nusers: {will: {roles: [w]}}");
  EXPECT_THAT(run(*as("will"), "CREATE TABLE sandbox.a (id INT)"), ElementsAre("sql.write_denied"));
  EXPECT_THAT(run(*as("will"), "CREATE VIEW sandbox.a AS SELECT 1 AS a"), ElementsAre("sql.write_denied"));
}

// What the engine writes out where it is named, it would write out for ever.
TEST_F(WritesOfUsers, ViewsOverViewsHaveAnEnd) {
  run(*first_, "CREATE VIEW sandbox.v0 AS SELECT id FROM curated.visit");
  for (int i = 1; i < 12; ++i) {
    run(*first_,
        fmt::format("CREATE VIEW sandbox.v{0} AS FROM sandbox.v{1} UNION ALL FROM sandbox.v{1}", i, i - 1));
  }
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM sandbox.v10"), ElementsAre("1024"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM sandbox.v11"), ElementsAre("sql.too_complex"));
}

TEST_F(WritesOfUsers, ReadWhatTheyMayReadAndNothingElse) {
  const auto wilma = as("wilma");
  EXPECT_THAT(run(*wilma, "CREATE TABLE sandbox.mine AS SELECT id, 'x' AS note FROM curated.visit"),
              ElementsAre("1"));
  for (const std::string_view sql : lines_of(R"(
INSERT INTO sandbox.kept VALUES (1)
INSERT INTO sandbox.mine (id) SELECT id FROM curated.note
INSERT INTO sandbox.mine (id) VALUES (1) RETURNING (SELECT max(id) FROM curated.note)
DELETE FROM sandbox.mine RETURNING (SELECT max(id) FROM sandbox.kept)
INSERT INTO sandbox.mine (id) VALUES (1) RETURNING (SELECT count(*) FROM tarn_stage.fresh)
INSERT INTO sandbox.mine (id) SELECT id FROM curated.note ON CONFLICT (id) DO NOTHING
MERGE INTO sandbox.mine USING curated.note n ON n.id = mine.id WHEN MATCHED THEN DELETE
MERGE INTO sandbox.mine USING (SELECT 7 AS id) s ON s.id = mine.id WHEN MATCHED AND EXISTS (FROM curated.note) THEN DELETE
UPDATE sandbox.mine SET id = (SELECT max(id) FROM curated.note)
DELETE FROM sandbox.mine USING curated.note n WHERE n.id = 1
DELETE FROM sandbox.mine WHERE id IN (SELECT id FROM sandbox.kept)
UPDATE sandbox.mine SET id = 1 WHERE EXISTS (SELECT 1 FROM duckdb_settings)
CREATE TABLE sandbox.x AS SELECT * FROM tarn_write.mine
DELETE FROM sandbox.mine USING tarn_stage."sandbox.mine"
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)), ElementsAre("sql.unknown_table")) << sql;
  for (const std::string_view sql : lines_of(R"(
INSERT INTO sandbox.mine SELECT 1, content FROM read_text('/etc/passwd')
UPDATE sandbox.mine SET note = getenv('PATH')
INSERT INTO sandbox.mine (id) VALUES (1) RETURNING getenv('PATH')
MERGE INTO sandbox.mine USING read_text('/etc/passwd') s ON s.size = mine.id WHEN NOT MATCHED THEN INSERT (note) VALUES (s.content)
MERGE INTO sandbox.mine USING (SELECT 7 AS id) s ON s.id = mine.id WHEN MATCHED THEN UPDATE SET note = getenv('PATH')
UPDATE sandbox.mine SET note = 'a') FROM duckdb_settings() --
DELETE FROM sandbox.mine WHERE getenv('PATH') IS NULL
CREATE TABLE sandbox.y AS SELECT getenv('PATH') AS p
CREATE TABLE sandbox.y AS FROM duckdb_secrets()
ATTACH '/tmp/x.db'
COPY sandbox.mine TO '/tmp/x.csv'
SET memory_limit = '1GB'
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)),
                testing::AnyOf(ElementsAre("sql.not_allowed"), ElementsAre("sql.syntax")))
        << sql;
  EXPECT_THAT(run(*wilma, "SELECT * FROM sandbox.mine"), ElementsAre("7 | x"));
}

// A view shows each reader what her own roles show of its tables, and of itself.
TEST_F(WritesOfUsers, ViewsAreReadWithTheReadersRights) {
  run(*first_,
      "INSERT INTO curated.note VALUES (1), (2); CREATE VIEW sandbox.notes AS SELECT id FROM curated.note; "
      "CREATE "
      "VIEW curated.visits AS SELECT id FROM curated.visit");
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM sandbox.notes"), ElementsAre("2"));
  const auto wilma = as("wilma");  // may see sandbox.notes, but not its table
  EXPECT_THAT(run(*wilma, "SELECT * FROM sandbox.notes"), ElementsAre("sql.unreadable_table"));
  EXPECT_THAT(run(*wilma, "SELECT * FROM curated.visits"), ElementsAre("sql.unknown_table"));
  EXPECT_THAT(run(*wilma, "DROP VIEW curated.visits"), ElementsAre("catalog.view_not_found"));
  EXPECT_THAT(
      run(*wilma, "CREATE VIEW sandbox.mine AS SELECT id FROM curated.visit; SELECT id FROM sandbox.mine"),
      ElementsAre("7"));
  EXPECT_THAT(run(*as("rita"), "SELECT * FROM sandbox.mine"), ElementsAre("sql.unknown_table"));
  const auto paul = as("paul");  // sees one row of curated.note
  EXPECT_THAT(
      run(*paul, "CREATE VIEW sandbox.own AS SELECT id FROM curated.note; SELECT id FROM sandbox.own"),
      ElementsAre("2"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM sandbox.own"), ElementsAre("2"));
  for (const std::string_view sql : lines_of(R"(
CREATE VIEW curated.mine AS SELECT 1 AS a
CREATE OR REPLACE VIEW sandbox.kept AS SELECT 1 AS a
CREATE OR REPLACE VIEW curated.visits AS SELECT 1 AS a
ALTER VIEW sandbox.mine SET SCHEMA curated
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)), ElementsAre("sql.write_denied")) << sql;
  for (const std::string_view sql : lines_of(R"(
CREATE VIEW sandbox.x AS SELECT * FROM read_text('/etc/passwd')
CREATE VIEW sandbox.x AS SELECT getenv('PATH') AS p
CREATE VIEW sandbox.x AS SELECT * FROM duckdb_settings()
CREATE VIEW sandbox.x AS DELETE FROM sandbox.kept
)"))
    EXPECT_THAT(run(*wilma, std::string(sql)),
                testing::AnyOf(ElementsAre("sql.not_allowed"), ElementsAre("sql.syntax")))
        << sql;
  EXPECT_THAT(run(*wilma, "CREATE VIEW sandbox.x AS SELECT * FROM curated.note"),
              ElementsAre("sql.unknown_table"));
}

// What another client of the catalog wrote into a view does no more than a user could.
TEST_F(WritesOfUsers, ViewsOfOthersAreCheckedWhenTheyAreRead) {
  const auto make = [&](const std::string& name, const std::string& sql, const std::string& dialect) {
    iceberg::ViewVersion version;
    version.representations = {{sql, dialect}};
    must(lake_.catalog().create_view(
        {.name = {"sandbox", name},
         .schema = must(
             iceberg::Schema::make({.fields = {{.id = 1, .name = "a", .type = iceberg::Type::string()}}})),
         .version = std::move(version),
         .properties = {},
         .location = ""}));
  };
  make("file", "SELECT content AS a FROM read_text('/etc/passwd')", "tarn");
  make("two", "SELECT 'x' AS a; DROP TABLE curated.visit", "tarn");
  make("spark", "SELECT 'x' AS a", "spark");
  make("circle", "SELECT a FROM sandbox.circle", "tarn");
  make("fine", "SELECT 'x' AS a", "tarn");
  for (const char* name : {"file", "two", "spark", "circle"}) {
    EXPECT_THAT(run(*first_, "SELECT * FROM sandbox." + std::string(name)),
                testing::AnyOf(ElementsAre("sql.not_allowed"), ElementsAre("sql.unreadable_table")))
        << name;
  }
  EXPECT_THAT(run(*first_, "SELECT * FROM sandbox.fine"), ElementsAre("x"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM curated.visit"), ElementsAre("1"));
}

}  // namespace
}  // namespace tarn::query
