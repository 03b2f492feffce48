#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "query/lake_test.h"
#include "query/lines_test.h"
#include "query/policy_test.h"

namespace tarn::query {
namespace {

using iceberg::Type;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kPolicy = R"(
mask_key_env: KEY
roles:
  clerk:
    grants:
      - tables: [curated.visit]
        except: [note]
        where: facility = $facility
        masks: {mrn: {partial: 2}, born: year}
  careful:
    grants:
      - tables: [curated.visit]
        except: [note]
        where: md5(facility || id) = md5($facility || id)
        masks: {mrn: {partial: 2}, born: year}
  hasher: {grants: [{tables: [curated.visit], columns: [id, mrn], masks: {mrn: hash}}]}
  reader: {grants: [{tables: ["curated.*"]}]}
  doubtful: {grants: [{tables: [curated.visit], where: "note::INT > 0"}]}
  broken: {grants: [{tables: [curated.visit], where: "no_such_column = 'x'"}]}
  sneaky: {grants: [{tables: [curated.visit], where: "true) OR (SELECT true"}]}
  auditor: {grants: [{tables: [ops.files]}]}
users:
  ann: {roles: [clerk], attributes: {facility: F1}}
  bob: {roles: [clerk], attributes: {facility: "F2' OR '1' = '1"}}
  cara: {roles: [careful], attributes: {facility: F1}}
  hans: {roles: [hasher]}
  rita: {roles: [reader]}
  dora: {roles: [doubtful]}
  bert: {roles: [broken]}
  sven: {roles: [sneaky]}
  otto: {roles: [auditor]}
  nobody: {roles: []}
)";

/// A lake with hidden rows whose every value says so, and an engine as served sessions have it.
class Access : public testing::Test {
 protected:
  Access() {
    lake_.create(
        {"curated", "visit"},
        must(iceberg::Schema::make({.fields = {{.id = 1, .name = "id", .type = Type::int64()},
                                               {.id = 2, .name = "facility", .type = Type::string()},
                                               {.id = 3, .name = "mrn", .type = Type::string()},
                                               {.id = 4, .name = "born", .type = Type::date()},
                                               {.id = 5, .name = "note", .type = Type::string()}}})));
    first_ = lake_.append({"curated", "visit"},
                          "SELECT i AS id, CASE WHEN i % 2 = 1 THEN 'F1' ELSE 'F2' END AS facility, "
                          "CASE WHEN i % 2 = 1 THEN '100' || i ELSE 'secret' || i END AS mrn, "
                          "DATE '1980-05-17' + i::INT AS born, 'hidden' || i AS note FROM range(1, 5) r(i)");
    lake_.create(
        {"curated", "ward"},
        must(iceberg::Schema::make({.fields = {{.id = 1, .name = "name", .type = Type::string()}}})));
    lake_.append({"curated", "ward"}, "SELECT 'W1' AS name");
  }

  std::unique_ptr<Session> open(const std::string& user) {
    auto session = try_open(user);
    return must(std::move(session));
  }
  Result<std::unique_ptr<Session>> try_open(const std::string& user) {
    TARN_ASSIGN_OR_RETURN(auto principal, Principal::make(policy_, user));
    return Session::open(*engine_, {lake_.catalog(), lake_.state(), lake_.manifests(), lake_.store()},
                         {.temporary_objects = true}, {.principal = std::move(principal)});
  }

  /// The last statement's rows, or its error's code and message.
  std::vector<std::string> run(Session& session, const std::string& script) {
    std::vector<std::string> lines;
    for (const StatementText& statement : split_statements(script)) {
      const auto texts = [&]() -> Result<std::vector<std::vector<std::optional<std::string>>>> {
        TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session.run(statement, {}));
        return engine::read_texts(rows);
      }();
      lines.clear();
      if (!texts.ok()) return {texts.error().to_string() + " " + texts.error().hint()};
      for (const auto& row : *texts) {
        std::string line;
        for (const auto& cell : row) line += (line.empty() ? "" : " | ") + cell.value_or("NULL");
        lines.push_back(std::move(line));
      }
    }
    return lines;
  }
  std::vector<std::string> run(const std::string& user, const std::string& script) {
    return run(*open(user), script);
  }

  TestLake lake_;
  std::shared_ptr<const AccessPolicy> policy_ = policy_of(std::string(kPolicy));
  std::unique_ptr<engine::Database> engine_ =
      must(engine::Database::open({.memory_limit_bytes = 512ULL << 20,
                                   .threads = 2,
                                   .external_access = false,
                                   .allowed_directories = {lake_.folder() + "/lake"}}));
  std::int64_t first_ = 0;
};

TEST_F(Access, RowsAndMasks) {
  EXPECT_THAT(run("ann", "SELECT * FROM curated.visit ORDER BY id"),
              ElementsAre("1 | F1 | **01 | 1980-01-01", "3 | F1 | **03 | 1980-01-01"));
  EXPECT_THAT(run("ann", "SELECT count(*) FROM curated.visit"), ElementsAre("2"));
  EXPECT_THAT(run("bob", "SELECT count(*) FROM curated.visit"), ElementsAre("0"))
      << "attributes are values, not SQL";
  EXPECT_THAT(run("rita", "SELECT count(*), max(note) FROM curated.visit"), ElementsAre("4 | hidden4"));
  const auto hashes = run("hans", "SELECT DISTINCT length(mrn), mrn ~ '^[0-9a-f]+$' FROM curated.visit");
  EXPECT_THAT(hashes, ElementsAre("32 | true"));
  EXPECT_THAT(run("hans", "SELECT mrn FROM curated.visit WHERE id = 1"),  // HMAC-SHA-256 of "1001"

              ElementsAre("800d0be508b01e8deb00412c10628177"));
}

TEST_F(Access, WhatIsNotGrantedDoesNotExist) {
  const auto error = [&](const std::string& user, const std::string& table) {
    std::string text = run(user, "SELECT * FROM " + table).front();
    const std::size_t at = text.find(table);
    return at == text.npos ? text : text.replace(at, table.size(), "X");
  };
  EXPECT_THAT(error("ann", "curated.ward"), HasSubstr("sql.unknown_table: there is no table `X`"));
  EXPECT_EQ(error("ann", "curated.ward"), error("ann", "curated.zard"));
  EXPECT_EQ(error("nobody", "curated.visit"), error("nobody", "curated.zzzzz"));
  EXPECT_EQ(error("ann", "ops.files"), error("ann", "ops.filex")) << "of Tarn's records, too";
  EXPECT_THAT(run("ann", "SELECT note FROM curated.visit").front(), HasSubstr("sql.binder"));
  EXPECT_THAT(run("ann", "SELECT note FROM curated.visit").front(), Not(HasSubstr("read_parquet")));
  EXPECT_THAT(run("ann", "SHOW TABLES"),
              ElementsAre(testing::StartsWith("curated | visit | 4 | NULL | NULL |")));
  EXPECT_THAT(run("nobody", "SHOW TABLES"), IsEmpty());
  EXPECT_THAT(run("ann", "SELECT column_name, type FROM ops.columns"),
              ElementsAre("id | BIGINT", "facility | VARCHAR", "mrn | VARCHAR", "born | DATE"));
  EXPECT_THAT(run("ann", "SELECT location FROM ops.tables"), ElementsAre("NULL"));
  EXPECT_THAT(run("hans", "SELECT column_name FROM (DESCRIBE curated.visit)"), ElementsAre("id", "mrn"));
  EXPECT_THAT(run("otto", "SELECT count(*) FROM ops.files"), ElementsAre("0"));
  EXPECT_THAT(run("ann", "USE ops; SELECT * FROM files").front(), HasSubstr("sql.unknown_table"));
}

// Each statement would fail with a hidden value in its message, count it, or answer with it, if a row that
// ann may not see ever reached it.
constexpr std::string_view kProbes = R"sql(
SELECT count(*) FROM curated.visit WHERE mrn::INT > 0 OR mrn LIKE '**%'
SELECT count(*) FROM curated.visit WHERE CASE WHEN facility <> 'F1' THEN facility::INT > 0 ELSE true END
SELECT sum(CASE WHEN facility = 'F2' THEN facility::INT ELSE 0 END) FROM curated.visit
SELECT DISTINCT 1 // (CASE WHEN facility = 'F2' THEN 0 ELSE 1 END) FROM curated.visit
SELECT * FROM curated.visit WHERE facility = 'F2'
SELECT * FROM curated.visit WHERE id % 2 = 0
SELECT * FROM curated.visit WHERE born > '1980-05-18'
SELECT * FROM (SELECT CASE WHEN facility = 'F2' THEN facility::INT END x FROM curated.visit) a JOIN range(5) b(y) ON a.x = b.y
SELECT * FROM curated.visit a JOIN curated.visit b ON CASE WHEN a.facility = 'F2' THEN a.facility::INT END = b.id
SELECT * FROM range(5) b(y) JOIN curated.visit a ON CASE WHEN a.facility = 'F2' THEN a.facility::INT END = b.y
SELECT * FROM range(5) b(y) LEFT JOIN (SELECT * FROM curated.visit WHERE facility = 'F2') a ON a.id = b.y WHERE a.id IS NOT NULL
SELECT * FROM range(5) r(i) WHERE EXISTS (SELECT 1 FROM curated.visit v WHERE v.id = r.i AND v.facility = 'F2')
SELECT * FROM range(5) r(i), LATERAL (SELECT v.facility::INT FROM curated.visit v WHERE v.facility = 'F2' AND v.id = r.i)
WITH v AS MATERIALIZED (FROM curated.visit) SELECT facility::INT FROM v WHERE facility = 'F2'
WITH v AS NOT MATERIALIZED (FROM curated.visit) SELECT facility::INT FROM v WHERE facility = 'F2'
SELECT max(mrn) FROM curated.visit WHERE mrn LIKE 'secret%'
SELECT min(mrn), max(mrn) FROM curated.visit HAVING max(mrn) LIKE 'secret%'
SELECT facility FROM curated.visit GROUP BY facility HAVING facility = 'F2'
SELECT * FROM curated.visit QUALIFY facility = 'F2' AND row_number() OVER () > 0
SELECT * FROM (SUMMARIZE curated.visit) WHERE max LIKE 'F2' OR max LIKE 'secret%' OR count > 2
SELECT * FROM curated.visit UNION ALL SELECT * FROM curated.visit WHERE facility = 'F2' OFFSET 2
SELECT * FROM curated.visit ORDER BY CASE WHEN facility = 'F2' THEN facility::INT ELSE 0 END LIMIT 0
SELECT * FROM curated.visit TABLESAMPLE 100% WHERE facility = 'F2'
SELECT * FROM curated.visit AT (VERSION => $FIRST) WHERE facility = 'F2'
SELECT * FROM (PIVOT (SELECT facility FROM curated.visit) ON facility IN ('F2') USING count(*))
SELECT * FROM (UNPIVOT (SELECT facility, mrn FROM curated.visit) ON facility, mrn INTO NAME n VALUE v) WHERE v = 'F2'
SELECT list(facility) FROM curated.visit HAVING list_contains(list(facility), 'F2')
SELECT v FROM curated.visit v WHERE v.facility = 'F2'
SELECT * FROM curated.visit WHERE try_cast(facility AS INT) IS NOT NULL
SELECT * FROM curated.visit v WHERE struct_extract({'f': v.facility}, 'f') = 'F2'
SELECT count(*) FROM curated.visit WHERE CASE WHEN facility = 'F2' THEN regexp_replace('a', '(' || facility, 'x') = 'a' ELSE true END
SELECT count(*) FROM curated.visit WHERE CASE WHEN facility = 'F2' THEN regexp_extract_all('a', '(' || facility) = [] ELSE true END
SELECT count(*) FROM curated.visit WHERE CASE WHEN facility = 'F2' THEN hamming(facility, 'x') = 0 ELSE true END
SELECT count(*) FROM curated.visit WHERE CASE WHEN facility = 'F2' THEN to_base(id, 1000) = '' ELSE true END
SELECT count(*) FROM curated.visit WHERE CASE WHEN facility = 'F2' THEN parse_formatted_bytes(facility) = 0 ELSE true END
SELECT (SELECT max(facility::INT) FROM curated.visit WHERE facility = 'F2') AS x WHERE x IS NOT NULL
)sql";

TEST_F(Access, NoStatementReachesHiddenRows) {
  // Of the two, ann's filter is one that the engine applies while it reads a file, and cara's one that it
  // would rather apply last.
  for (const char* const user : {"ann", "cara"}) {
    const auto session = open(user);
    for (const std::string_view probe : lines_of(kProbes)) {
      std::string sql(probe);
      if (const std::size_t at = sql.find("$FIRST"); at != sql.npos)
        sql.replace(at, 6, std::to_string(first_));
      for (const std::string& line : run(*session, sql)) {
        EXPECT_THAT(line, Not(HasSubstr("secret"))) << user << ": " << sql;
        EXPECT_THAT(line, Not(HasSubstr("F2"))) << user << ": " << sql;
        // Of the first statement the masked value that the user may see is no number: that error is her own.
        EXPECT_TRUE(line == "2" || line == "0" || line == "1" || line.find("NULL") != line.npos ||
                    line.find("'**0") != line.npos)
            << user << ": " << sql << ": " << line;
      }
    }
  }
}

TEST_F(Access, TheEnginesPlanHasItsBarrier) {
  // As the owner of this engine's session sees it; users get no plans.
  EXPECT_THAT(run("ann", "EXPLAIN SELECT * FROM curated.visit").front(), HasSubstr("sql.not_allowed"));
  EXPECT_THAT(run("ann", "EXPLAIN ANALYZE SELECT * FROM curated.visit").front(),
              HasSubstr("sql.not_allowed"));
}

TEST_F(Access, FormerStatesHaveThePresentPolicy) {
  lake_.evolve({"curated", "visit"},
               [](iceberg::SchemaUpdate& update) { return update.rename("mrn", "patient"); });
  lake_.evolve({"curated", "visit"}, [](iceberg::SchemaUpdate& update) { return update.drop("born"); });
  // The mask is on `mrn`, which is no more: what was `mrn` goes by the rights of `patient` now.
  EXPECT_THAT(
      run("hans", "SELECT * FROM curated.visit AT (VERSION => " + std::to_string(first_) + ") LIMIT 1"),
      ElementsAre("1"))
      << "the renamed column is not granted, under any of its names";
  EXPECT_THAT(run("rita", fmt::format("DESCRIBE SELECT * FROM curated.visit AT (VERSION => {})", first_)),
              testing::SizeIs(4))
      << "a dropped column is not seen";
  const std::string query = "SELECT * FROM curated.visit AT (VERSION => (SELECT max(id) FROM curated.ward))";
  EXPECT_THAT(run("ann", query).front(), HasSubstr("there is no table"));
  EXPECT_THAT(run("ann", "FROM curated.visit AT (TAG => current_setting('temp_directory'))").front(),
              HasSubstr("sql.not_allowed"));
}

TEST_F(Access, FiltersThatFailHideTheirRows) {
  EXPECT_THAT(run("dora", "SELECT count(*) FROM curated.visit"), ElementsAre("0"));
  const std::string broken = run("bert", "SELECT count(*) FROM curated.visit").front();
  EXPECT_THAT(broken, HasSubstr("sql.unreadable_table"));
  EXPECT_THAT(broken, Not(HasSubstr("no_such_column")));
  const auto sneaky = try_open("sven");
  ASSERT_FALSE(sneaky.ok());
  EXPECT_EQ(sneaky.error().name(), "access.bad_filter");
}

TEST_F(Access, SessionsAreApart) {
  const auto ann = open("ann");
  const auto rita = open("rita");
  EXPECT_THAT(run(*rita, "CREATE TEMP TABLE mine AS FROM curated.visit; SELECT count(*) FROM mine"),
              ElementsAre("4"));
  EXPECT_THAT(run(*ann, "SELECT * FROM mine").front(), HasSubstr("sql.unknown_table"));
  EXPECT_THAT(run(*ann, "CREATE TEMP TABLE mine AS FROM curated.visit; SELECT count(*) FROM mine"),
              ElementsAre("2"));
  EXPECT_THAT(run(*ann, "CREATE TEMP TABLE all_of AS SELECT * FROM curated.ward").front(),
              HasSubstr("unknown_table"));
  EXPECT_THAT(run(*rita, "FROM mine; DROP TABLE mine; SELECT * FROM mine").front(),
              HasSubstr("sql.unknown_table"));
  for (int session = 0; session < 20; ++session) {
    for (const char* table : {"curated.visit", "mine", "main.mine"})
      EXPECT_THAT(run(*ann, fmt::format("SELECT * FROM session_{}.{}", session, table)).front(),
                  HasSubstr("sql.unknown_table"));
  }
  EXPECT_THAT(run(*ann, "USE curated; SELECT count(*) FROM visit"), ElementsAre("2"));
  EXPECT_THAT(run(*ann, "USE curated; SELECT count(*) FROM ward").front(), HasSubstr("sql.unknown_table"));
  EXPECT_THAT(run(*ann, "USE memory").front(), HasSubstr("there is no schema"));
}

TEST_F(Access, PreparedStatementsAndCursorsHaveThePolicy) {
  const auto ann = open("ann");
  const std::string sql = "SELECT id FROM curated.visit WHERE facility = $1 ORDER BY id";
  PreparedStatement prepared = must(ann->prepare(split_statements(sql).front()));
  const engine::ParameterValue hidden[] = {std::string("F2")};
  engine::ResultSet rows = must(ann->execute(prepared, hidden));
  EXPECT_THAT(must(engine::read_texts(rows)), IsEmpty());
  Cursor cursor = must(ann->open_cursor(prepared, hidden));
  must(cursor.start());
  EXPECT_THAT(must(engine::read_texts(cursor.rows())), IsEmpty());
  EXPECT_FALSE(ann->prepare(split_statements("SELECT * FROM curated.ward").front()).ok());
  EXPECT_FALSE(ann->prepare(split_statements("SELECT * FROM read_text($1)").front()).ok());
}

TEST_F(Access, TheEngineReadsNothingButTheWarehouse) {
  const auto connection = must(engine_->connect());
  for (const std::string_view sql :
       {"SELECT * FROM read_text('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/tarn-leak.csv'",
        "ATTACH '/tmp/tarn-leak.db'", "SET memory_limit = '1GB'", "LOAD '/tmp/x'",
        "SET enable_external_access = true", "SELECT * FROM glob('/etc/*')"}) {
    const auto rows = connection->query(sql);
    EXPECT_FALSE(rows.ok()) << sql;
  }
}

TEST_F(Access, ErrorsTellNothingOfTheMachine) {
  const auto ann = open("rita");
  for (const std::string& file : lake_.data_files()) std::filesystem::remove(must(io::local_path(file)));
  const std::string error = run(*ann, "SELECT * FROM curated.visit").front();
  EXPECT_THAT(error, Not(HasSubstr(lake_.folder())));
  EXPECT_THAT(error, Not(HasSubstr(".parquet")));
}

}  // namespace
}  // namespace tarn::query
