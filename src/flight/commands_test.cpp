#include "flight/messages/commands.h"

#include <gtest/gtest.h>

#include <string>

#include "flight/errors.h"
#include "flight/messages/wire.h"

namespace tarn::flight {
namespace {

template <typename Wanted>
Wanted read(const std::string& any) {
  Result<Command> command = read_command(any);
  EXPECT_TRUE(command.ok()) << command.error().to_string();
  EXPECT_TRUE(std::holds_alternative<Wanted>(*command));
  return std::get<Wanted>(*std::move(command));
}

std::string code_of(const std::string& any) {
  const Result<Command> command = read_command(any);
  return command.ok() ? "" : std::string(command.error().name());
}

TEST(Commands, AnyIsReadByItsNameOnly) {
  const std::string message = WireWriter().bytes(1, "SELECT 1").take();
  for (const char* const prefix : {"type.googleapis.com/", "", "example.org/types/"}) {
    const std::string url = std::string(prefix) + "arrow.flight.protocol.sql.CommandStatementQuery";
    EXPECT_EQ(read<StatementQuery>(WireWriter().bytes(1, url).bytes(2, message).take()).query, "SELECT 1");
  }
}

TEST(Commands, AreReadWithTheirFields) {
  const StatementQuery query = read<StatementQuery>(
      wrap("CommandStatementQuery", WireWriter().bytes(1, "SELECT ö").bytes(2, "").take()));
  EXPECT_EQ(query.query, "SELECT ö");
  for (const char* const name :
       {"CommandStatementQuery", "CommandStatementUpdate", "ActionCreatePreparedStatementRequest"})
    EXPECT_EQ(code_of(wrap(name, WireWriter().bytes(1, "SELECT 1").bytes(2, "t").take())),
              "flight.unsupported");
  EXPECT_EQ(code_of(wrap("CommandStatementIngest", WireWriter().bytes(2, "t").bytes(6, "t").take())),
            "flight.unsupported");
  const GetTables tables = read<GetTables>(wrap(
      "CommandGetTables",
      WireWriter().bytes(2, "cur%").bytes(3, "").bytes(4, "TABLE").bytes(4, "VIEW").number(5, 1).take()));
  EXPECT_FALSE(tables.catalog);
  EXPECT_EQ(tables.schema_pattern, "cur%");
  EXPECT_EQ(tables.table_pattern, "");
  EXPECT_EQ(tables.table_types, (std::vector<std::string>{"TABLE", "VIEW"}));
  EXPECT_TRUE(tables.include_schema);
  const GetPrimaryKeys keys =
      read<GetPrimaryKeys>(wrap("CommandGetPrimaryKeys", WireWriter().bytes(3, "stay").take()));
  EXPECT_EQ(keys.table, "stay");
  EXPECT_EQ(read<GetXdbcTypeInfo>(
                wrap("CommandGetXdbcTypeInfo", WireWriter().number(1, static_cast<std::uint64_t>(-5)).take()))
                .data_type,
            -5);
}

TEST(Commands, NumbersMayBePacked) {
  const std::string packed = wrap("CommandGetSqlInfo", WireWriter().bytes(1, "\x03\xF4\x03").take());
  EXPECT_EQ(read<GetSqlInfo>(packed).ids, (std::vector<std::uint32_t>{3, 500}));
  const std::string single = wrap("CommandGetSqlInfo", WireWriter().number(1, 3).number(1, 500).take());
  EXPECT_EQ(read<GetSqlInfo>(single).ids, (std::vector<std::uint32_t>{3, 500}));
}

TEST(Commands, TicketsAreBytes) {
  EXPECT_EQ(read<StatementTicket>(write(StatementTicket{std::string("\xFF\0a", 3)})).handle,
            std::string("\xFF\0a", 3));
}

TEST(Commands, FieldsOfNewerClientsArePassedOver) {
  const std::string message = WireWriter().number(99, 7).bytes(98, "x").bytes(1, "SELECT 1").take();
  EXPECT_EQ(read<StatementQuery>(wrap("CommandStatementQuery", message)).query, "SELECT 1");
}

TEST(Commands, WhatIsNotHereIsNamed) {
  const Result<Command> plan = read_command(wrap("CommandStatementSubstraitPlan", ""));
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(&plan.error().code(), &kUnsupported);
  EXPECT_NE(plan.error().message().find("CommandStatementSubstraitPlan"), std::string::npos);
  EXPECT_EQ(code_of("SELECT 1"), "flight.bad_message");
  EXPECT_EQ(code_of(""), "flight.unsupported");
  EXPECT_EQ(code_of(WireWriter().bytes(1, "type.googleapis.com/google.protobuf.Empty").take()),
            "flight.unsupported");
}

TEST(Commands, MalformedOnesAreRefused) {
  const std::string whole = wrap("CommandStatementQuery", WireWriter().bytes(1, "SELECT 1").take());
  // Without its second field an Any is whole, and its message empty.
  const std::size_t without_message = wrap("CommandStatementQuery", "").size() - 2;
  for (std::size_t size = 1; size < whole.size(); ++size)
    EXPECT_EQ(code_of(whole.substr(0, size)).empty(), size == without_message) << size;
  EXPECT_EQ(code_of(wrap("CommandStatementQuery", WireWriter().bytes(1, "\xC3(").take())),
            "flight.bad_message");
  EXPECT_EQ(code_of(wrap("CommandStatementQuery", WireWriter().number(1, 7).take())), "flight.bad_message");
  EXPECT_EQ(code_of(wrap("CommandStatementQuery", "\x0B")), "flight.bad_message");  // A group.
  EXPECT_EQ(code_of(wrap("CommandStatementQuery", "\x02")), "flight.bad_message");  // The field 0.
  EXPECT_EQ(code_of(wrap("CommandGetSqlInfo", WireWriter().bytes(1, "\xFF").take())), "flight.bad_message");
  EXPECT_EQ(code_of(std::string(std::size_t{17} << 20, 'x')), "flight.bad_message");
  EXPECT_EQ(code_of(wrap("CommandStatementQuery", "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01")),
            "flight.bad_message");
}

}  // namespace
}  // namespace tarn::flight
