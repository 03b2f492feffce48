#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pgwire/own_statements.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/protocol/wire_buffer.h"
#include "pgwire/settings.h"
#include "pgwire/values/copy_in.h"
#include "pgwire/values/copy_out.h"

namespace tarn::pgwire {
namespace {

using ::testing::ElementsAre;

std::string body_of(const std::function<void(WireWriter&)>& write) {
  WireWriter out;
  write(out);
  return out.buffer();
}

TEST(Messages, AStartupSaysUserAndSettings) {
  const std::string body = body_of([](WireWriter& out) {
    out.int16(3).int16(0).text("user").text("ann").text("application_name").text("psql").byte('\0');
  });
  const auto message = read_first_message(body);
  ASSERT_TRUE(message.ok()) << message.error().to_string();
  const auto* startup = std::get_if<StartupMessage>(&*message);
  ASSERT_NE(startup, nullptr);
  EXPECT_EQ(startup->parameters.at("user"), "ann");
  EXPECT_EQ(startup->parameters.at("application_name"), "psql");
}

TEST(Messages, OtherVersionsAndCutOnesAreRefused) {
  struct Case {
    std::string body;
    std::string_view code;
  };
  const Case cases[] = {
      {body_of([](WireWriter& out) { out.int16(2).int16(0).byte('\0'); }), "pgwire.bad_version"},
      {body_of([](WireWriter& out) { out.int16(3); }), "pgwire.bad_message"},
      {body_of([](WireWriter& out) { out.int16(3).int16(0).bytes("user"); }), "pgwire.bad_message"},
      {body_of([](WireWriter& out) { out.int16(3).int16(0).byte('\0').byte('x'); }), "pgwire.bad_message"},
      {body_of([](WireWriter& out) { out.int16(1234).int16(5678).int32(1); }), "pgwire.bad_message"},
  };
  for (const Case& one : cases) {
    const auto message = read_first_message(one.body);
    ASSERT_FALSE(message.ok());
    EXPECT_EQ(message.error().name(), one.code);
  }
}

TEST(Messages, ABindHasFormatsAndValues) {
  const std::string body = body_of([](WireWriter& out) {
    out.text("portal").text("statement").int16(1).int16(1).int16(2).int32(3).bytes("abc").int32(-1).int16(0);
  });
  const auto message = read_message('B', body);
  ASSERT_TRUE(message.ok()) << message.error().to_string();
  const auto& bind = std::get<Bind>(*message);
  EXPECT_EQ(bind.portal, "portal");
  EXPECT_THAT(bind.formats, ElementsAre(Format::kBinary));
  EXPECT_THAT(bind.values, ElementsAre(std::optional<std::string_view>("abc"), std::nullopt));
}

TEST(Messages, MalformedOnesAreRefused) {
  const std::pair<char, std::string> cases[] = {
      {'?', ""},
      {'Q', "SELECT 1"},
      {'Q', std::string("SELECT 1\0x", 10)},
      {'P', std::string("\0\0", 2)},
      {'D', std::string("X\0", 2)},
      {'E', std::string("\0\0", 2)},
      {'B', body_of([](WireWriter& out) { out.text("").text("").int16(1).int16(2).int16(0).int16(0); })},
      {'B', body_of([](WireWriter& out) {
         out.text("").text("").int16(2).int16(0).int16(1).int16(1).int32(-1).int16(0);
       })},
      {'B', body_of([](WireWriter& out) {
         out.text("").text("").int16(0).int16(1).int32(2'000'000'000).int16(0);
       })},
  };
  for (const auto& [type, body] : cases) {
    const auto message = read_message(type, body);
    ASSERT_FALSE(message.ok()) << type;
    EXPECT_EQ(message.error().name(), "pgwire.bad_message");
  }
}

/// What read_own_statement() takes a statement for, by what CommandComplete would say; "" for the engine's.
std::string taken_for(std::string_view sql) {
  const auto statement = read_own_statement(sql);
  if (!statement.ok()) return std::string(statement.error().name());
  return *statement ? std::string(command_tag(**statement)) : "";
}

TEST(OwnStatements, AreToldFromTheEngines) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SELECT 1", ""},
      {"", ""},
      {"begin", "BEGIN"},
      {"BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "BEGIN"},
      {"start transaction", "BEGIN"},
      {"COMMIT AND NO CHAIN", "COMMIT"},
      {"END", "COMMIT"},
      {"ROLLBACK TO SAVEPOINT a", "ROLLBACK"},
      {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET"},
      {"SET application_name = 'x'", "SET"},
      {"SET TIME ZONE 'Europe/Vienna'", "SET"},
      {"SHOW TABLES", ""},
      {"SHOW ALL TABLES", ""},
      {"SHOW ALL", "SHOW"},
      {"SHOW TRANSACTION ISOLATION LEVEL", "SHOW"},
      {"DISCARD ALL", "DISCARD ALL"},
      {"DEALLOCATE PREPARE a", "DEALLOCATE"},
      {"declare \"C\" cursor with hold for select 1", "DECLARE CURSOR"},
      {"FETCH FORWARD 10 FROM c", "FETCH"},
      {"MOVE ALL IN c", "MOVE"},
      {"CLOSE ALL", "CLOSE CURSOR ALL"},
      {"SET", "sql.syntax"},
      {"SET x", "sql.syntax"},
      {"COMMIT now", "sql.syntax"},
      {"DECLARE c CURSOR", "sql.syntax"},
      {"FETCH BACKWARD 1 FROM c", "pgwire.unsupported"},
      {"DECLARE c BINARY CURSOR FOR SELECT 1", "pgwire.unsupported"},
      {"COMMIT PREPARED 'x'", "pgwire.unsupported"},
      {"LISTEN x", "pgwire.unsupported"},
      {"SET ROLE boss", "pgwire.unsupported"},
  };
  for (const auto& [sql, tag] : cases) EXPECT_EQ(taken_for(sql), tag) << sql;
}

TEST(OwnStatements, SettingsHaveTheirValues) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"SET a.b TO 'it''s'", "it's"},
      {"SET search_path = curated, \"Odd\"", "curated, \"Odd\""},
      {"SET extra_float_digits = 3", "3"},
      {"SET client_encoding TO UTF8", "UTF8"}};
  for (const auto& [sql, value] : cases) {
    const auto statement = read_own_statement(sql);
    ASSERT_TRUE(statement.ok() && *statement) << sql;
    EXPECT_EQ(std::get<SetStatement>(**statement).value, value) << sql;
  }
}

TEST(CopyStatements, AreReadWithTheirOptions) {
  const auto copy =
      read_copy("COPY (SELECT ')' , 1) TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';', NULL 'n')");
  ASSERT_TRUE(copy.ok() && *copy);
  EXPECT_EQ((*copy)->query, "SELECT ')' , 1");
  EXPECT_EQ((*copy)->delimiter, ';');
  EXPECT_TRUE((*copy)->header);
  EXPECT_EQ((*copy)->null_text, "n");
  const auto table = read_copy("copy curated.\"Odd\" (a, b) to stdout csv");
  ASSERT_TRUE(table.ok() && *table);
  EXPECT_EQ((*table)->query, "SELECT a, b FROM curated.\"Odd\"");
  EXPECT_EQ((*table)->delimiter, ',');
  const std::pair<std::string_view, std::string_view> refused[] = {
      {"COPY t FROM '/etc/passwd'", "pgwire.unsupported"},
      {"COPY t TO '/etc/passwd'", "pgwire.unsupported"},
      {"COPY t FROM STDIN EVEN", "sql.syntax"},
      {"COPY (SELECT 1) FROM STDIN", "sql.syntax"},
      {"COPY t TO PROGRAM 'rm'", "pgwire.unsupported"},
      {"COPY t TO STDOUT (FORMAT xml)", "sql.syntax"},
      {"COPY t TO STDOUT (DELIMITER ',,')", "sql.syntax"},
      {"COPY", "sql.syntax"}};
  for (const auto& [sql, code] : refused) {
    const auto one = read_copy(sql);
    ASSERT_FALSE(one.ok()) << sql;
    EXPECT_EQ(one.error().name(), code) << sql;
  }
}

/// The rows of COPY data, fields joined by `|`, in pieces of `piece` bytes; or the error's code.
std::vector<std::string> copied(std::string_view sql, std::string_view data, std::size_t piece) {
  const auto copy = read_copy(sql);
  if (!copy.ok()) return {std::string(copy.error().name())};
  std::vector<std::string> rows;
  // int4, text, numeric, bytea, bool
  const auto reader =
      make_copy_reader(**copy, {23, 25, 1700, 17, 16}, [&](CopyFields fields, std::int64_t line) {
        std::string row = std::to_string(line) + ":";
        for (const auto& field : fields)
          row += (row.back() == ':' ? "" : "|") + std::string(field.value_or("NULL"));
        rows.push_back(row);
        return ok_status();
      });
  for (std::size_t at = 0; at < data.size(); at += piece) {
    const Status added = reader->add(data.substr(at, piece));
    if (!added.ok()) return {std::string(added.error().name())};
  }
  const Status finished = reader->finish();
  if (!finished.ok()) return {std::string(finished.error().name())};
  return rows;
}

TEST(CopyData, IsTakenApartInWhateverPiecesItComes) {
  const struct {
    std::string_view sql;
    std::string_view data;
    std::vector<std::string> rows;
  } kCases[] = {
      {"COPY t FROM STDIN", "1\tone\n2\t\\N\n3\t\n", {"1:1|one", "2:2|NULL", "3:3|"}},
      {"COPY t FROM STDIN", "a\\tb\\nc\\\\\\x41\\101\td", {"1:a\tb\nc\\AA|d"}},
      {"COPY t FROM STDIN", "a\\\nb\tc\r\nd\te\n", {"1:a\nb|c", "3:d|e"}},
      {"COPY t FROM STDIN", "1\n\\.\n2\n", {"1:1"}},
      {"COPY t (a, b) FROM STDIN (DELIMITER '|', NULL 'nil')", "x|nil\n", {"1:x|NULL"}},
      {"COPY t FROM STDIN CSV HEADER",
       "a,b\n1,\"x,\"\"y\"\"\nz\"\n2,\n3,\"\"\n",
       {"2:1|x,\"y\"\nz", "4:2|NULL", "5:3|"}},
      {"COPY t FROM STDIN (FORMAT csv, QUOTE '''', ESCAPE '\\', DELIMITER ';')", "'a\\'b';c\n", {"1:a'b|c"}},
      {"COPY t FROM STDIN CSV", "\"open\n", {"sql.bad_copy_data"}},
      {"COPY t FROM STDIN CSV", "", {}},
  };
  for (const auto& one : kCases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}})
      EXPECT_EQ(copied(one.sql, one.data, piece), one.rows) << one.sql << " in pieces of " << piece;
  }
}

TEST(CopyData, IsTakenApartInBinaryToo) {
  WireWriter out;
  out.bytes({"PGCOPY\n\377\r\n\0", 11}).int32(0).int32(3).bytes("ext");
  const std::size_t header = out.size();
  out.int16(5)
      .int32(4)
      .int32(-7)
      .int32(3)
      .bytes("a\tb")
      .int32(-1)
      .int32(2)
      .bytes({"\0\xff", 2})
      .int32(1)
      .byte(1);
  out.int16(5).int32(-1).int32(0).int32(10).int16(1).int16(0).int16(0).int16(1).int16(12).int32(0).int32(-1);
  const std::size_t rows = out.size();
  out.int16(-1);
  const std::string good = out.buffer();
  const auto with = [&](std::size_t place, std::string_view bytes) {
    std::string bad = good;
    return bad.replace(place, bytes.size(), bytes);
  };
  const std::vector<std::string> bad{"sql.bad_copy_data"};
  WireWriter short_number;
  short_number.bytes(good.substr(0, header)).int16(5).int32(3).bytes("abc");
  for (int i = 0; i < 4; ++i) short_number.int32(-1);
  const struct {
    std::string data;
    std::vector<std::string> rows;
  } kCases[] = {
      {good, {"1:-7|a\tb|NULL|\\x00ff|true", "2:NULL||12.0|\\x|NULL"}},
      {good.substr(0, header) + "\xff\xff", {}},
      {good.substr(0, rows), bad},
      {good.substr(0, rows - 3), bad},
      {good + "x", bad},
      {"1\t2\n", bad},
      {"", bad},
      {with(11, {"\0\1\0\0", 4}), bad},
      {with(15, "\xff\xff\xff\xff"), bad},
      {with(header, {"\0\4", 2}), bad},
      {with(header + 2, "\xff\xff\xff\xfe"), bad},
      {with(header + 2, {"\x7f\0\0\0", 4}), bad},
      {short_number.buffer(), {"pgwire.bad_parameter"}},
  };
  for (const auto& one : kCases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}})
      EXPECT_EQ(copied("COPY t FROM STDIN (FORMAT binary)", one.data, piece), one.rows)
          << testing::PrintToString(one.data) << " in pieces of " << piece;
  }
}

TEST(Settings, KeepWhatMakesSenseAndRefuseTheRest) {
  Settings settings;
  EXPECT_TRUE(settings.set("statement_timeout", "5s").ok());
  EXPECT_EQ(*settings.get("STATEMENT_TIMEOUT"), "5000ms");
  EXPECT_TRUE(settings.set("client_encoding", "'utf-8'").ok());
  EXPECT_TRUE(settings.set("my.own", "x").ok());
  EXPECT_EQ(settings.set("client_encoding", "LATIN1").error().name(), "pgwire.bad_setting");
  EXPECT_EQ(settings.set("server_version", "99").error().name(), "pgwire.bad_setting");
  EXPECT_EQ(settings.set("statement_timeout", "soon").error().name(), "pgwire.bad_setting");
  const Status slip = settings.set("statement_timeuot", "1");
  EXPECT_EQ(slip.error().name(), "pgwire.unknown_setting");
  EXPECT_EQ(slip.error().hint(), "did you mean `statement_timeout`?");
  ASSERT_TRUE(settings.reset("statement_timeout").ok());
  EXPECT_EQ(*settings.get("statement_timeout"), "0");
}

}  // namespace
}  // namespace tarn::pgwire
