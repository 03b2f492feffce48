#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/database.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "engine/utf8.h"

namespace tarn::engine {
namespace {

class Engine : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = Database::open({.memory_limit_bytes = 256ULL << 20, .threads = 2});
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    database_ = std::move(*opened);
    auto connected = database_->connect();
    ASSERT_TRUE(connected.ok()) << connected.error().to_string();
    connection_ = std::move(*connected);
  }

  /// The first cell as text and JSON, joined by " | "; or the error.
  std::string first(const std::string& sql) {
    auto rows = connection_->query(sql);
    if (!rows.ok()) return rows.error().to_string();
    auto chunk = rows->next();
    if (!chunk.ok()) return chunk.error().to_string();
    if (!chunk->has_value()) return "no rows";
    const Cell cell = (*chunk)->cell(0, 0);
    std::string json;
    cell.append_json(json);
    return cell.text() + " | " + json;
  }

  Error failure(const std::string& sql) {
    auto rows = connection_->query(sql, "report.sql");
    if (!rows.ok()) return rows.error();
    while (true) {
      auto chunk = rows->next();
      if (!chunk.ok()) return chunk.error();
      if (!chunk->has_value()) return Error(kInternal, "it worked");
    }
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

struct ValueCase {
  std::string sql;
  std::string expected;
};

const std::vector<ValueCase>& value_cases() {
  static const std::vector<ValueCase> kCases = {
      {"NULL", "NULL | null"},
      {"true", "true | true"},
      {"42::TINYINT", "42 | 42"},
      {"(-32768)::SMALLINT", "-32768 | -32768"},
      {"9223372036854775807", "9223372036854775807 | 9223372036854775807"},
      {"18446744073709551615::UBIGINT", "18446744073709551615 | 18446744073709551615"},
      {"'-170141183460469231731687303715884105728'::HUGEINT",
       "-170141183460469231731687303715884105728 | -170141183460469231731687303715884105728"},
      {"340282366920938463463374607431768211455::UHUGEINT",
       "340282366920938463463374607431768211455 | 340282366920938463463374607431768211455"},
      {"'-123456789012345678901234567890123456789012345'::BIGNUM",
       "-123456789012345678901234567890123456789012345 | -123456789012345678901234567890123456789012345"},
      {"0::BIGNUM", "0 | 0"},
      {"1.0::DOUBLE", "1.0 | 1.0"},
      {"1e300", "1e+300 | 1e+300"},
      {"0.1::FLOAT", "0.1 | 0.1"},
      {"'nan'::DOUBLE", "nan | \"nan\""},
      {"'-inf'::FLOAT", "-inf | \"-inf\""},
      {"12.50::DECIMAL(4,2)", "12.50 | 12.50"},
      {"-0.05::DECIMAL(9,2)", "-0.05 | -0.05"},
      {"123456789012345678.90::DECIMAL(20,2)", "123456789012345678.90 | 123456789012345678.90"},
      {"12345678901234567890123456789012345.678::DECIMAL(38,3)",
       "12345678901234567890123456789012345.678 | 12345678901234567890123456789012345.678"},
      {"7::DECIMAL(18,0)", "7 | 7"},
      {"'it''s'", "it's | \"it's\""},
      {"'a\"b\\c' || chr(10) || chr(1)", "a\"b\\c\n\x01 | \"a\\\"b\\\\c\\n\\u0001\""},
      {"'\\x00\\xFFab'::BLOB", "\\x00\\xFFab | \"AP9hYg==\""},
      {"''::BLOB", " | \"\""},
      {"'10110'::BIT", "10110 | \"10110\""},
      {"DATE '2024-02-29'", "2024-02-29 | \"2024-02-29\""},
      {"DATE '0044-03-15 (BC)'", "0044-03-15 (BC) | \"0044-03-15 (BC)\""},
      {"'infinity'::DATE", "infinity | \"infinity\""},
      {"TIME '12:30:00.5'", "12:30:00.5 | \"12:30:00.5\""},
      {"'12:30:00.000000001'::TIME_NS", "12:30:00.000000001 | \"12:30:00.000000001\""},
      {"'12:30:00+05:30'::TIMETZ", "12:30:00+05:30 | \"12:30:00+05:30\""},
      {"TIMESTAMP '2026-01-01 12:30:00.25'", "2026-01-01 12:30:00.25 | \"2026-01-01T12:30:00.25\""},
      {"TIMESTAMP '1969-12-31 23:59:59.999999'",
       "1969-12-31 23:59:59.999999 | \"1969-12-31T23:59:59.999999\""},
      {"'2026-01-01 00:00:00'::TIMESTAMP_S", "2026-01-01 00:00:00 | \"2026-01-01T00:00:00\""},
      {"'2026-01-01 00:00:00.123'::TIMESTAMP_MS", "2026-01-01 00:00:00.123 | \"2026-01-01T00:00:00.123\""},
      {"'2026-01-01 00:00:00.123456789'::TIMESTAMP_NS",
       "2026-01-01 00:00:00.123456789 | \"2026-01-01T00:00:00.123456789\""},
      {"TIMESTAMPTZ '2026-01-01 12:30:00+02'", "2026-01-01 10:30:00+00 | \"2026-01-01T10:30:00Z\""},
      {"'-infinity'::TIMESTAMP", "-infinity | \"-infinity\""},
      {"INTERVAL '14 months 3 days -01:00:00.5'",
       "1 year 2 months 3 days -01:00:00.5 | \"1 year 2 months 3 days -01:00:00.5\""},
      {"INTERVAL '0 days'", "00:00:00 | \"00:00:00\""},
      {"'0186b2c0-7d3a-7c4e-9f00-123456789abc'::UUID",
       "0186b2c0-7d3a-7c4e-9f00-123456789abc | \"0186b2c0-7d3a-7c4e-9f00-123456789abc\""},
      {"'b'::ENUM('a', 'b')", "b | \"b\""},
      {"[1, NULL, 3]", "[1, NULL, 3] | [1,null,3]"},
      {"[]::INTEGER[]", "[] | []"},
      {"[1, 2]::INTEGER[2]", "[1, 2] | [1,2]"},
      {"{'a': 1, 'b': 'x', 'c': 'y, z', 'd': NULL}",
       "{'a': 1, 'b': x, 'c': 'y, z', 'd': NULL} | {\"a\":1,\"b\":\"x\",\"c\":\"y, z\",\"d\":null}"},
      {"MAP {'k': 1.5::DOUBLE}", "{k=1.5} | {\"k\":1.5}"},
      {"MAP {7: [DATE '2026-01-01']}", "{7=[2026-01-01]} | [{\"key\":7,\"value\":[\"2026-01-01\"]}]"},
      {"union_value(num := 5)", "5 | 5"},
      {"[{'a': [{'b': 1}, NULL]}]", "[{'a': [{'b': 1}, NULL]}] | [{\"a\":[{\"b\":1},null]}]"},
  };
  return kCases;
}

TEST_F(Engine, WritesEveryTypeAsTextAndJson) {
  for (const ValueCase& value : value_cases()) {
    EXPECT_EQ(first("SELECT " + value.sql), value.expected) << value.sql;
  }
}

TEST_F(Engine, TextsAreThoseOfTheEngine) {
  for (const ValueCase& value : value_cases()) {
    const std::string engine = first("SELECT (" + value.sql + ")::VARCHAR");
    const std::string ours = first("SELECT " + value.sql);
    EXPECT_EQ(ours.substr(0, ours.rfind(" | ")), engine.substr(0, engine.rfind(" | "))) << value.sql;
  }
}

TEST_F(Engine, NamesTypes) {
  auto rows = connection_->query(
      "SELECT 1 a, [1.5::DECIMAL(3,1)] b, {'x': MAP{'k': now()}} c, 'v'::ENUM('v') d, [1]::INTEGER[1] e");
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  std::vector<std::string> types;
  for (const Column& column : rows->columns()) types.push_back(column.type);
  EXPECT_EQ(types, (std::vector<std::string>{"INTEGER", "DECIMAL(3,1)[]",
                                             "STRUCT(\"x\" MAP(VARCHAR, TIMESTAMP WITH TIME ZONE))",
                                             "ENUM('v')", "INTEGER[1]"}));
  EXPECT_EQ(rows->columns()[0].kind, ColumnKind::kNumber);
  EXPECT_EQ(rows->columns()[2].kind, ColumnKind::kNested);
}

TEST_F(Engine, StreamsManyRows) {
  auto rows = connection_->query(
      "SELECT i, 'row number ' || i, CASE WHEN i % 3 <> 0 THEN i END FROM range(100000) t(i)");
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  std::int64_t count = 0;
  std::int64_t sum = 0;
  std::int64_t nulls = 0;
  while (true) {
    auto chunk = rows->next();
    ASSERT_TRUE(chunk.ok());
    if (!chunk->has_value()) break;
    for (std::size_t row = 0; row < (*chunk)->rows(); ++row, ++count) {
      const std::int64_t value = *(*chunk)->cell(0, row).as_int64();
      sum += value;
      EXPECT_EQ((*chunk)->cell(1, row).text(), "row number " + std::to_string(value));
      nulls += (*chunk)->cell(2, row).is_null() ? 1 : 0;
    }
  }
  EXPECT_EQ(count, 100000);
  EXPECT_EQ(sum, 4999950000);
  EXPECT_EQ(nulls, 33334);
}

struct FailureCase {
  std::string sql;
  std::string code;
  std::uint32_t line;
  std::uint32_t column;
  std::uint32_t length;
  std::string hint;
};

TEST_F(Engine, SaysWhatIsWrongAndWhere) {
  ASSERT_TRUE(connection_->run("CREATE TABLE visit(id INTEGER, ward VARCHAR)").ok());
  const std::vector<FailureCase> cases = {
      {"SELEC 1", "sql.syntax", 1, 1, 5, ""},
      {"SELECT 'abc", "sql.syntax", 1, 8, 1, ""},
      {"", "sql.syntax", 0, 0, 0, ""},
      {"SELECT id,\n  wrd\nFROM visit", "sql.binder", 2, 3, 3, "\"ward\""},
      {"SELECT 'ä', wrd FROM visit", "sql.binder", 1, 13, 3, "\"ward\""},
      {"SELECT * FROM vist", "sql.catalog", 1, 15, 4, "\"visit\""},
      {"SELECT lenght(ward) FROM visit", "sql.catalog", 1, 8, 6, "\"length\""},
      {"SELECT 'x'::INTEGER", "sql.conversion", 1, 11, 1, ""},
      {"SELECT v::INTEGER FROM (VALUES ('1'), ('b')) t(v)", "sql.conversion", 1, 9, 1, ""},
      {"SELECT 9223372036854775807 + 1::BIGINT", "sql.out_of_range", 0, 0, 0, ""},
      {"SELECT 2147483648::INTEGER", "sql.out_of_range", 0, 0, 0, ""},
      {"SELECT 12345.6::DECIMAL(5, 2)", "sql.out_of_range", 0, 0, 0, ""},
      {"SELECT strptime('x', '%Y')", "sql.invalid_input", 0, 0, 0, ""},
      {"SELECT error('stop')", "sql.invalid_input", 0, 0, 0, ""},
      {"SELECT $x::INTEGER", "sql.parameter", 0, 0, 0, ""},
      {"SELECT * FROM read_parquet('/nowhere/at/all.parquet')", "sql.io", 1, 15, 12, ""},
      {"ROLLBACK", "sql.transaction", 0, 0, 0, ""},
      {std::string("SELECT 1\0 + 1", 13), "sql.syntax", 1, 9, 1, ""},
      {"SELECT 1; SELECT nothing_here", "sql.binder", 1, 18, 12, ""},
  };
  for (const FailureCase& c : cases) {
    const Error error = failure(c.sql);
    EXPECT_EQ(error.name(), c.code) << c.sql << "\n" << error.to_string();
    EXPECT_EQ(error.hint().find(c.hint) == std::string::npos, false) << c.sql << ": " << error.hint();
    EXPECT_EQ(error.message().find("exception_type"), std::string::npos) << error.message();
    if (c.line == 0) continue;
    ASSERT_TRUE(error.span().has_value()) << c.sql << "\n" << error.to_string();
    EXPECT_EQ(error.span()->file, "report.sql");
    EXPECT_EQ(error.span()->line, c.line) << c.sql;
    EXPECT_EQ(error.span()->column, c.column) << c.sql;
    if (c.length > 1) {
      EXPECT_EQ(error.span()->length, c.length) << c.sql;
    }
  }
}

TEST_F(Engine, MemoryRunsOutWithACode) {
  ASSERT_TRUE(connection_->run("SET memory_limit = '10MB'").ok());
  EXPECT_EQ(failure("SELECT list(a ORDER BY hash(a)) FROM range(20000000) t(a)").name(), "sql.out_of_memory");
}

TEST_F(Engine, BindsNamedParametersAsTheirSurroundingsAsk) {
  ASSERT_TRUE(
      connection_->run("CREATE TABLE stay AS SELECT TIMESTAMP '2026-01-02' AS admitted, 5 AS days").ok());
  auto statement = connection_->prepare("SELECT days + 1 FROM stay WHERE admitted >= $from AND days < $most");
  ASSERT_TRUE(statement.ok()) << statement.error().to_string();
  EXPECT_EQ(statement->parameters(), (std::vector<std::string>{"from", "most"}));
  ASSERT_TRUE(statement->bind("from", "2026-01-01").ok());
  ASSERT_TRUE(statement->bind("most", "6").ok());
  EXPECT_EQ(statement->bind("form", "x").error().name(), "sql.parameter");
  EXPECT_EQ(statement->bind("from", "\xFF").error().name(), "sql.parameter");
  auto rows = statement->execute();
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  auto texts = read_texts(*rows);
  ASSERT_TRUE(texts.ok());
  ASSERT_EQ(texts->size(), 1U);
  EXPECT_EQ((*texts)[0][0], "6");
  ASSERT_TRUE(statement->bind("from", "yesterday").ok());
  EXPECT_EQ(statement->execute().error().name(), "sql.conversion");
}

TEST_F(Engine, TellsKindsOfStatements) {
  ASSERT_TRUE(connection_->run("CREATE TABLE t(a INTEGER)").ok());
  const std::vector<std::pair<std::string, StatementKind>> cases = {
      {"FROM t", StatementKind::kSelect},          {"DESCRIBE t", StatementKind::kSelect},
      {"EXPLAIN FROM t", StatementKind::kExplain}, {"SET threads = 1", StatementKind::kSet},
      {"DROP TABLE t", StatementKind::kDrop},      {"INSERT INTO t VALUES (1)", StatementKind::kInsert},
      {"COPY t TO 'x.csv'", StatementKind::kCopy}, {"CREATE VIEW v AS FROM t", StatementKind::kCreate},
      {"LOAD nothing", StatementKind::kLoad},      {"PIVOT (SELECT 1 a, 'x' b) ON b", StatementKind::kSelect},
  };
  for (const auto& [sql, kind] : cases) {
    auto statement = connection_->prepare(sql);
    ASSERT_TRUE(statement.ok()) << sql << ": " << statement.error().to_string();
    EXPECT_EQ(statement->kind(), kind) << sql;
  }
}

TEST_F(Engine, ListsTheTablesThatAStatementNames) {
  auto names = connection_->table_names(
      "WITH q AS (SELECT * FROM curated.encounter) SELECT * FROM q, \"odd name\".t AS t");
  ASSERT_TRUE(names.ok()) << names.error().to_string();
  EXPECT_EQ(*names, (std::vector<std::string>{"\"odd name\".t AS t", "curated.encounter"}));
  EXPECT_EQ(connection_->table_names("SELEC").error().name(), "sql.syntax");
  EXPECT_EQ(connection_->table_names("FROM a.b JOIN a.c USING (id)").error().name(), "sql.binder");
}

TEST_F(Engine, AppendsRows) {
  ASSERT_TRUE(connection_
                  ->run("CREATE SCHEMA ops; CREATE TABLE ops.files(id BIGINT, path VARCHAR, ok BOOLEAN, "
                        "seen TIMESTAMPTZ, share DOUBLE, raw BLOB)")
                  .ok());
  auto rows = connection_->append_to({"ops", "files"});
  ASSERT_TRUE(rows.ok()) << rows.error().to_string();
  rows->int64(1).text("a\xFF.zip").boolean(true).timestamp_us(1'000'000).float64(0.5).binary("\x01");
  ASSERT_TRUE(rows->end_row().ok());
  rows->int64_or_null(std::nullopt).text_or_null("").null().null().null().null();
  ASSERT_TRUE(rows->end_row().ok());
  ASSERT_TRUE(rows->close().ok());
  EXPECT_EQ(
      first("SELECT list(f ORDER BY id) FROM ops.files f"),
      "[{'id': 1, 'path': a\xEF\xBF\xBD.zip, 'ok': true, 'seen': 1970-01-01 00:00:01+00, 'share': 0.5, "
      "'raw': "
      "\\x01}, {'id': NULL, 'path': NULL, 'ok': NULL, 'seen': NULL, 'share': NULL, 'raw': NULL}] | "
      "[{\"id\":1,\"path\":\"a\xEF\xBF\xBD.zip\",\"ok\":true,\"seen\":\"1970-01-01T00:00:01Z\",\"share\":0.5,"
      "\"raw\":\"AQ==\"},{\"id\":null,\"path\":null,\"ok\":null,\"seen\":null,\"share\":null,\"raw\":null}]");
}

TEST_F(Engine, AppenderRefusesTooFewCellsAndUnknownTables) {
  ASSERT_TRUE(connection_->run("CREATE TABLE two(a BIGINT, b BIGINT)").ok());
  auto rows = connection_->append_to({"main", "two"});
  ASSERT_TRUE(rows.ok());
  EXPECT_EQ(rows->int64(1).end_row().error().name(), "sql.invalid_input");
  EXPECT_FALSE(connection_->append_to({"main", "three"}).ok());
}

TEST_F(Engine, InterruptsFromAnotherThread) {
  std::jthread stopper([this](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      connection_->interrupt();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const Error error =
      failure("SELECT count(*) FROM range(100000000) a, range(1000000) b WHERE a.range % 7 = b.range % 5");
  EXPECT_EQ(error.name(), "sql.interrupted") << error.to_string();
}

TEST(EngineAccess, CanBeKeptToFolders) {
  auto database = Database::open({.external_access = false, .allowed_directories = {"/nowhere/lake"}});
  ASSERT_TRUE(database.ok()) << database.error().to_string();
  auto connection = (*database)->connect();
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ((*connection)->query("SELECT * FROM read_csv('/etc/passwd')").error().name(), "sql.permission");
  EXPECT_EQ((*connection)->query("SELECT * FROM read_parquet('/nowhere/lake/a.parquet')").error().name(),
            "sql.io");
  EXPECT_FALSE((*connection)->run("SET enable_external_access = true").ok());
}

TEST(EngineAccess, RefusesSettingsThatMakeNoSense) {
  EXPECT_EQ(Database::open({.threads = 4'000'000'000U}).error().name(), "engine.open_failed");
}

TEST(SourcePlace, GoesThereAndBack) {
  const std::string text = "SELECT 'ä',\n  \"odd name\".t\nFROM x";
  const std::size_t offset = text.find("\"odd");
  const SourceSpan span = span_at(text, offset, 0, "q");
  EXPECT_EQ(span, (SourceSpan{"q", 2, 3, 12, "  \"odd name\".t"}));
  EXPECT_EQ(offset_of(text, span), offset);
  EXPECT_EQ(offset_of(text, {"q", 9, 1, 1, ""}), text.size());
  EXPECT_EQ(span_at("", 5, 0, "q").column, 1U);
}

TEST(Utf8, ReplacesWhatIsNotText) {
  EXPECT_EQ(to_valid_utf8("a\xC3\xA4\xF0\x9F\x98\x80"), "a\xC3\xA4\xF0\x9F\x98\x80");
  EXPECT_EQ(to_valid_utf8("\xC0\x80\xED\xA0\x80\xE2\x82"),
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
            "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

}  // namespace
}  // namespace tarn::engine
