#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/lines_test.h"
#include "query/policy_test.h"
#include "query/views/materialized_view.h"
#include "query/writes_test.h"

// Materialized views: that they have the rows of their query, and how they come by them.
namespace tarn::query {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Materialized : public Writes {
 protected:
  Materialized() {
    run(*first_,
        "CREATE TABLE s.f (id BIGINT, ward TEXT, x INT, y DOUBLE, ok BOOLEAN); CREATE TABLE s.d (ward TEXT, "
        "wing TEXT); "
        "INSERT INTO s.f VALUES (1, 'A', 10, 0.1, true), (2, 'B', NULL, 0.2, NULL), (3, NULL, 5, 0.3, "
        "false); "
        "INSERT INTO s.d VALUES ('A', 'east'), ('C', 'west')");
  }
  /// How the view's last snapshot was made.
  std::string kind() {
    const catalog::Table table = must(lake_.catalog().load_table({"s", "m"}));
    const iceberg::Snapshot* const head = table.metadata->current_snapshot();
    return head == nullptr ? "none" : head->summary.at("tarn.refresh");
  }
  std::vector<std::string> difference(const std::string& query) {
    return run(*first_,
               fmt::format("(FROM s.m EXCEPT ALL ({0})) UNION ALL (({0}) EXCEPT ALL FROM s.m)", query));
  }
  std::unique_ptr<Session> as(const std::string& user) {
    return lake_.open_writer(user.empty() ? nullptr : must(Principal::make(policy_, user)), 2,
                             [this](const std::string& maker) -> Result<std::unique_ptr<Session>> {
                               TARN_ASSIGN_OR_RETURN(auto principal, Principal::make(policy_, maker));
                               return lake_.open_writer(std::move(principal));
                             });
  }
  std::shared_ptr<const AccessPolicy> policy_;
};

struct Refreshed {
  std::string kind;
  std::string query;
};

// `kind | query`: what a refresh does when rows were added to s.f.
constexpr std::string_view kQueries = R"(
append | SELECT * FROM s.f
append | SELECT id, upper(ward) AS w, x + 1 AS more FROM s.f WHERE x > 4 OR x IS NULL
append | SELECT f.id, d.wing FROM s.f JOIN s.d USING (ward)
append | SELECT f.id, d.wing FROM s.f LEFT JOIN s.d ON d.ward = f.ward ORDER BY f.id
append | SELECT f.id, d.wing FROM s.d RIGHT JOIN s.f ON d.ward = f.ward
append | SELECT id FROM s.f WHERE ward IN (SELECT ward FROM s.d)
merge | SELECT ward, count(*) AS n, sum(x) AS total, min(x) AS low, max(x) AS high FROM s.f GROUP BY ward
merge | SELECT count(*) AS n, sum(x) AS total, bool_and(ok) AS fine FROM s.f
merge | SELECT lower(ward) AS w, count(x) FILTER (WHERE id > 1) AS n FROM s.f GROUP BY 1
merge | SELECT lower(ward) AS w, count_if(ok) AS n FROM s.f GROUP BY w
merge | SELECT count(*) AS n, ward FROM s.f GROUP BY ALL
merge | SELECT d.wing, f.ward, sum(f.x) AS total, count(*) AS n FROM s.f LEFT JOIN s.d ON d.ward = f.ward GROUP BY d.wing, f.ward
full | SELECT ward, avg(x) AS mean FROM s.f GROUP BY ward
full | SELECT ward, sum(y) AS total FROM s.f GROUP BY ward
full | SELECT ward, count(DISTINCT x) AS n FROM s.f GROUP BY ward
full | SELECT ward, count(*) + 1 AS n FROM s.f GROUP BY ward
full | SELECT upper(ward) AS ward, count(*) AS n FROM s.f GROUP BY ward
full | SELECT count(*) AS n FROM s.f GROUP BY ward
full | SELECT ward, count(*) AS n FROM s.f GROUP BY ward HAVING count(*) > 1
full | SELECT ward, count(*) AS n FROM s.f GROUP BY ROLLUP (ward)
full | SELECT DISTINCT ward FROM s.f
full | SELECT id, row_number() OVER (ORDER BY id) AS n FROM s.f
full | SELECT id FROM s.f ORDER BY id LIMIT 2
full | SELECT id, (SELECT max(x) FROM s.f) AS top FROM s.f
full | SELECT d.ward, f.id FROM s.d LEFT JOIN s.f ON d.ward = f.ward
full | SELECT d.ward FROM s.d ANTI JOIN s.f USING (ward)
full | SELECT a.id FROM s.f a JOIN s.f b ON a.ward = b.ward
full | SELECT id FROM s.f UNION ALL SELECT x FROM s.f
full | WITH w AS (SELECT * FROM s.f) SELECT id FROM w
full | SELECT id FROM s.f WHERE now() > TIMESTAMP '2020-01-01'
full | SELECT id FROM s.f WHERE current_date > DATE '2020-01-01'
)";

std::vector<Refreshed> queries() {
  std::vector<Refreshed> all;
  for (const std::string_view line : lines_of(kQueries)) {
    const std::size_t bar = line.find(" | ");
    all.push_back({std::string(line.substr(0, bar)), std::string(line.substr(bar + 3))});
  }
  return all;
}

TEST_F(Materialized, HasTheRowsOfItsQueryAfterEveryChange) {
  for (const Refreshed& one : queries()) {
    SCOPED_TRACE(one.query);
    ASSERT_THAT(run(*first_, "CREATE MATERIALIZED VIEW s.m AS " + one.query), testing::SizeIs(1));
    EXPECT_THAT(difference(one.query), IsEmpty());
    run(*second_,
        "INSERT INTO s.f VALUES (4, 'A', 7, 0.4, true), (5, 'C', -2, 0.5, NULL), (6, NULL, 9, 0.6, true)");
    ASSERT_THAT(run(*first_, "REFRESH MATERIALIZED VIEW s.m"), testing::SizeIs(1));
    EXPECT_EQ(kind(), one.kind);
    EXPECT_THAT(difference(one.query), IsEmpty());
    run(*second_, "UPDATE s.f SET x = x + 1 WHERE id = 4; DELETE FROM s.f WHERE id = 2");
    ASSERT_THAT(run(*first_, "REFRESH MATERIALIZED VIEW CONCURRENTLY s.m WITH DATA"), testing::SizeIs(1));
    EXPECT_EQ(kind(), "full");
    EXPECT_THAT(difference(one.query), IsEmpty());
    run(*second_, "INSERT INTO s.d VALUES ('B', 'south'), (NULL, 'none')");
    ASSERT_THAT(run(*first_, "REFRESH MATERIALIZED VIEW s.m"), testing::SizeIs(1));
    EXPECT_THAT(difference(one.query), IsEmpty());
    run(*first_,
        "DROP MATERIALIZED VIEW s.m; DELETE FROM s.f WHERE id > 3; DELETE FROM s.d WHERE wing IN ('south', "
        "'none'); "
        "INSERT INTO s.f VALUES (2, 'B', NULL, 0.2, NULL)");
  }
}

TEST_F(Materialized, ChangesNothingWhenNothingHasChanged) {
  run(*first_, "CREATE MATERIALIZED VIEW s.m AS SELECT ward, count(*) AS n FROM s.f GROUP BY ward");
  const std::string location = must(lake_.catalog().load_table({"s", "m"})).metadata_location;
  run(*first_, "REFRESH MATERIALIZED VIEW s.m");
  EXPECT_EQ(must(lake_.catalog().load_table({"s", "m"})).metadata_location, location);
}

TEST_F(Materialized, TakesItsNamesFromWhereItWasMade) {
  run(*first_,
      "USE s; CREATE MATERIALIZED VIEW m (w, n) WITH (refresh = '5m') AS SELECT ward, count(*) FROM f GROUP "
      "BY "
      "ward");
  EXPECT_THAT(run(*second_,
                  "INSERT INTO s.f VALUES (9, 'A', 1, 1, true); REFRESH MATERIALIZED VIEW s.m; SELECT n "
                  "FROM s.m WHERE w = 'A'"),
              ElementsAre("2"));
  EXPECT_EQ(kind(), "merge");
  EXPECT_THAT(run(*first_,
                  "ALTER MATERIALIZED VIEW m SET (refresh = 'manual'); ALTER MATERIALIZED VIEW m RENAME TO "
                  "k; SELECT count(*) FROM k"),
              ElementsAre("3"));
  const auto view = materialized_view(*must(lake_.catalog().load_table({"s", "k"})).metadata);
  ASSERT_TRUE(view);
  EXPECT_EQ(to_string(view->refresh), "manual");
}

TEST_F(Materialized, IsComputedAnewWhenSomebodyTouchedIt) {
  run(*first_, "CREATE MATERIALIZED VIEW s.m AS SELECT id FROM s.f");
  // As another engine would: behind Tarn's back.
  run(*first_, "CREATE TABLE s.other AS SELECT 99::BIGINT AS id");
  catalog::Table view = must(lake_.catalog().load_table({"s", "m"}));
  EXPECT_TRUE(must(is_current(*materialized_view(*view.metadata), *view.metadata, lake_.writable(2))));
  run(*first_, "DROP TABLE s.f; CREATE TABLE s.f (id BIGINT); INSERT INTO s.f VALUES (7)");
  EXPECT_FALSE(must(is_current(*materialized_view(*view.metadata), *view.metadata, lake_.writable(2))));
  EXPECT_THAT(run(*first_, "REFRESH MATERIALIZED VIEW s.m; FROM s.m"), ElementsAre("7"));
  EXPECT_EQ(kind(), "full");
}

TEST_F(Materialized, RefusesWhatItCannotKeep) {
  run(*first_,
      "CREATE MATERIALIZED VIEW s.m AS SELECT id, ward FROM s.f; CREATE VIEW s.v AS SELECT id FROM s.m");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"INSERT INTO s.m VALUES (1, 'x')", "sql.materialized_view"},
      {"UPDATE s.m SET id = 2", "sql.materialized_view"},
      {"DELETE FROM s.m", "sql.materialized_view"},
      {"TRUNCATE s.m", "sql.materialized_view"},
      {"MERGE INTO s.m USING s.t ON false WHEN NOT MATCHED THEN INSERT VALUES (1, 'x')",
       "sql.materialized_view"},
      {"ALTER TABLE s.m ADD COLUMN z INT", "sql.materialized_view"},
      {"ALTER MATERIALIZED VIEW s.m DROP COLUMN id", "sql.materialized_view"},
      {"DROP TABLE s.m", "sql.materialized_view"},
      {"DROP MATERIALIZED VIEW s.t", "sql.materialized_view"},
      {"REFRESH MATERIALIZED VIEW s.t", "sql.materialized_view"},
      {"REFRESH MATERIALIZED VIEW s.gone", "sql.unknown_table"},
      {"REFRESH MATERIALIZED VIEW s.m WITH NO DATA", "sql.unsupported_write"},
      {"CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a", "catalog.table_exists"},
      {"CREATE OR REPLACE MATERIALIZED VIEW s.m AS SELECT 1 AS a", "sql.unsupported_write"},
      {"CREATE MATERIALIZED VIEW s.x WITH (refresh = 'soon') AS SELECT 1 AS a", "sql.unsupported_write"},
      {"CREATE MATERIALIZED VIEW s.x WITH (fillfactor = 70) AS SELECT 1 AS a", "sql.unsupported_write"},
      {"CREATE MATERIALIZED VIEW s.x AS SELECT * FROM ops.tables", "sql.unsupported_write"},
      {"CREATE MATERIALIZED VIEW s.x AS SELECT * FROM s.f AT (TIMESTAMP => now())", "sql.unsupported_write"},
      {"CREATE MATERIALIZED VIEW s.x AS SELECT * FROM read_csv('/etc/passwd')", "sql.not_allowed"},
      {"CREATE MATERIALIZED VIEW s.x AS SELECT id, id FROM s.f", "sql.duplicate_column"}};
  for (const auto& [sql, code] : cases) EXPECT_THAT(run(*first_, sql), ElementsAre(code)) << sql;
  EXPECT_THAT(run(*first_,
                  "DROP MATERIALIZED VIEW IF EXISTS s.gone; CREATE MATERIALIZED VIEW IF NOT EXISTS s.m AS "
                  "SELECT 1 AS a; SELECT count(*) FROM s.m"),
              ElementsAre("3"));
  EXPECT_THAT(run(*first_, "ALTER TABLE s.f DROP COLUMN ward; REFRESH MATERIALIZED VIEW s.m"),
              ElementsAre("sql.binder"));
  EXPECT_THAT(run(*first_, "SELECT count(*) FROM s.v"), ElementsAre("3"));
}

TEST_F(Materialized, IsPartOfTheTransaction) {
  run(*first_,
      "BEGIN; INSERT INTO s.f VALUES (8, 'A', 1, 1, true); CREATE MATERIALIZED VIEW s.m AS SELECT count(*) "
      "AS n "
      "FROM s.f");
  EXPECT_THAT(run(*first_, "FROM s.m"), ElementsAre("4"));
  EXPECT_THAT(run(*second_, "FROM s.m"), ElementsAre("sql.unknown_table"));
  EXPECT_THAT(
      run(*first_, "INSERT INTO s.f VALUES (9, 'A', 1, 1, true); REFRESH MATERIALIZED VIEW s.m; FROM s.m"),
      ElementsAre("5"));
  run(*first_, "COMMIT");
  EXPECT_THAT(run(*second_, "REFRESH MATERIALIZED VIEW s.m; FROM s.m"), ElementsAre("5"));
}

constexpr std::string_view kRoles = R"(
roles:
  maker:
    grants: [{tables: [s.f], where: "ward = $ward", masks: {x: "null"}}, {tables: [s.m, s.all]}]
    write: [s.m]
  keeper:
    grants: [{tables: [s.m]}]
    write: [s.m]
  reader:
    grants: [{tables: [s.m]}]
users:
  mara: {roles: [maker], attributes: {ward: A}}
  kim: {roles: [keeper]}
  rita: {roles: [reader]}
)";

TEST_F(Materialized, HoldsWhatItsMakerMaySee) {
  policy_ = policy_of(std::string(kRoles));
  const auto mara = as("mara");
  EXPECT_THAT(run(*mara, "CREATE MATERIALIZED VIEW s.m AS SELECT id, x FROM s.f; FROM s.m"),
              ElementsAre("1 | NULL"));
  run(*first_, "INSERT INTO s.f VALUES (4, 'A', 8, 1, true), (5, 'B', 8, 1, true)");
  // Whoever asks for the refresh.
  EXPECT_THAT(run(*as("kim"), "REFRESH MATERIALIZED VIEW s.m; SELECT * FROM s.m ORDER BY id"),
              ElementsAre("1 | NULL", "4 | NULL"));
  EXPECT_EQ(kind(), "append");
  run(*first_, "INSERT INTO s.f VALUES (6, 'A', 8, 1, true), (7, 'B', 8, 1, true)");
  EXPECT_THAT(run(*as(""), "REFRESH MATERIALIZED VIEW s.m; SELECT count(*), count(x) FROM s.m"),
              ElementsAre("3 | 0"));
  EXPECT_THAT(run(*as("rita"), "SELECT count(*) FROM s.m"), ElementsAre("3"));
  EXPECT_THAT(run(*as("rita"), "REFRESH MATERIALIZED VIEW s.m"), ElementsAre("sql.not_allowed"));
  // Other rights are other rows.
  policy_ = policy_of(
      fmt::format("{}", std::string(kRoles).replace(std::string(kRoles).find("ward: A"), 7, "ward: B")));
  EXPECT_THAT(run(*as(""), "REFRESH MATERIALIZED VIEW s.m; SELECT id FROM s.m ORDER BY id"),
              ElementsAre("2", "5", "7"));
  policy_ = policy_of("users: {kim: {roles: []}}");
  EXPECT_THAT(run(*as(""), "REFRESH MATERIALIZED VIEW s.m"), ElementsAre("access.unknown_user"));
}

}  // namespace
}  // namespace tarn::query
