#include "flight/server.h"

#include <arrow/flight/client.h>
#include <arrow/table.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <thread>

#include "base/base64.h"
#include "base/scram.h"
#include "flight/messages/commands.h"
#include "flight/messages/wire.h"
#include "query/lake_test.h"

namespace tarn::flight {
namespace {

namespace af = arrow::flight;

constexpr const char* kForever =
    "SELECT count(*) FROM range(100000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3";

std::string query_command(const std::string& sql) {
  return wrap("CommandStatementQuery", WireWriter().bytes(1, sql).take());
}

/// A server on a lake, and Arrow's own client, which knows nothing of Flight SQL.
class FlightServer : public ::testing::Test {
 protected:
  void SetUp() override {
    lake_.create({"curated", "stay"},
                 query::must(iceberg::Schema::make(
                     {.fields = {{.id = 1, .name = "id", .type = iceberg::Type::int64()}}})));
    lake_.append({"curated", "stay"}, "SELECT i AS id FROM range(5000) r(i)");
  }

  void serve(ServerOptions options = {}, bool has_users = true) {
    ServerParts parts{.open_session = [this](const std::string&) { return lake_.open_session(); },
                      .catalog = "lake",
                      .version = "tarn 1",
                      .random = *random_,
                      .clock = *clock_,
                      .log = log_};
    if (has_users) {
      parts.find_verifier = [this](const std::string& user) -> std::optional<std::string> {
        if (user == "ann" || user == "bob") return verifier_;
        return std::nullopt;
      };
    }
    server_ = query::must(Server::start(options, std::move(parts)));
    client_ = af::FlightClient::Connect(af::Location::ForGrpcTcp("127.0.0.1", server_->port()).ValueOrDie())
                  .ValueOrDie();
  }

  static af::FlightCallOptions as(const std::string& user, const std::string& password = "secret") {
    af::FlightCallOptions options;
    options.headers.emplace_back("authorization", "Basic " + to_base64(user + ":" + password));
    options.timeout = af::TimeoutDuration(30.0);
    return options;
  }

  arrow::Result<af::Ticket> ticket(const af::FlightCallOptions& options, const std::string& command) {
    ARROW_ASSIGN_OR_RAISE(const auto info,
                          client_->GetFlightInfo(options, af::FlightDescriptor::Command(command)));
    return info->endpoints().at(0).ticket;
  }
  arrow::Result<std::int64_t> read(const af::FlightCallOptions& options, const af::Ticket& ticket) {
    ARROW_ASSIGN_OR_RAISE(const auto reader, client_->DoGet(options, ticket));
    ARROW_ASSIGN_OR_RAISE(const auto table, reader->ToTable());
    ARROW_RETURN_NOT_OK(table->ValidateFull());
    return table->num_rows();
  }
  arrow::Result<std::int64_t> run(const af::FlightCallOptions& options, const std::string& command) {
    ARROW_ASSIGN_OR_RAISE(const af::Ticket one, ticket(options, command));
    return read(options, one);
  }
  /// The gRPC status that the client makes of it, by Flight's names.
  template <typename T>
  static std::string kind_of(const arrow::Result<T>& result) {
    if (result.ok()) return "ok";
    const auto detail = af::FlightStatusDetail::UnwrapStatus(result.status());
    return detail != nullptr ? detail->CodeAsString() : result.status().CodeAsString();
  }

  query::TestLake lake_;
  std::unique_ptr<io::Random> random_ = io::make_system_random();
  std::unique_ptr<io::Clock> clock_ = io::make_system_clock();
  std::ostringstream said_;
  telemetry::Log log_{said_, telemetry::Level::kError, [] { return std::int64_t{0}; }};
  std::string verifier_ = to_string(make_scram_verifier("secret", std::string(16, 's'), 4096));
  std::unique_ptr<Server> server_;
  std::unique_ptr<af::FlightClient> client_;
};

TEST_F(FlightServer, EveryCallNeedsALogin) {
  serve();
  EXPECT_EQ(run(as("ann"), query_command("SELECT id FROM curated.stay")).ValueOrDie(), 5000);
  const af::FlightCallOptions nobody;
  for (const af::FlightCallOptions& who : {nobody, as("ann", "wrong"), as("eve"), as("")}) {
    EXPECT_EQ(kind_of(ticket(who, query_command("SELECT 1"))), "Unauthenticated");
    EXPECT_EQ(kind_of(client_->GetSchema(who, af::FlightDescriptor::Command(query_command("SELECT 1")))),
              "Unauthenticated");
    EXPECT_EQ(kind_of(read(who, af::Ticket{wrap("CommandGetCatalogs", "")})), "Unauthenticated");
    EXPECT_EQ(kind_of(client_->ListActions(who)), "Unauthenticated");
    EXPECT_EQ(kind_of(client_->ListFlights(who, {})), "Unauthenticated");
    const auto acted = client_->DoAction(who, af::Action{"CloseSession", arrow::Buffer::FromString("")});
    EXPECT_EQ(kind_of(acted.ok() ? (*acted)->Next() : acted.status()), "Unauthenticated");
    EXPECT_EQ(kind_of(client_->AuthenticateBasicToken({}, "ann", "wrong")), "Unauthenticated");
  }
}

TEST_F(FlightServer, TokensStandForPasswords) {
  serve();
  const auto token = client_->AuthenticateBasicToken({}, "ann", "secret").ValueOrDie();
  af::FlightCallOptions options;
  options.headers.push_back(token);
  EXPECT_EQ(run(options, query_command("SELECT 1")).ValueOrDie(), 1);
  const auto closed = client_->CloseSession(options, {});
  EXPECT_TRUE(closed.ok()) << closed.status().ToString();
  EXPECT_EQ(kind_of(run(options, query_command("SELECT 1"))), "Unauthenticated");
}

TEST_F(FlightServer, TicketsAreTheirUsersAndGoodOnce) {
  serve();
  const af::Ticket of_ann = ticket(as("ann"), query_command("SELECT 1")).ValueOrDie();
  EXPECT_EQ(kind_of(read(as("bob"), of_ann)), "Key error");
  EXPECT_EQ(read(as("ann"), of_ann).ValueOrDie(), 1);
  EXPECT_EQ(kind_of(read(as("ann"), of_ann)), "Key error");
  for (const std::string& forged : {std::string(), std::string("SELECT 1"), write(StatementTicket{"1"}),
                                    query_command("SELECT 1"), std::string(1000, '\xFF')})
    EXPECT_NE(kind_of(read(as("ann"), af::Ticket{forged})), "ok");
}

TEST_F(FlightServer, WhatIsNotHereSaysSo) {
  serve({}, false);
  EXPECT_EQ(kind_of(run({}, wrap("CommandStatementSubstraitPlan", ""))), "NotImplemented");
  EXPECT_EQ(kind_of(run({}, query_command("DELETE FROM curated.stay"))), "NotImplemented");
  EXPECT_EQ(kind_of(run({}, query_command("USE curated"))), "NotImplemented");
  EXPECT_EQ(kind_of(run({}, query_command("SELECT nope FROM curated.stay"))), "Invalid");
  EXPECT_EQ(kind_of(client_->GetFlightInfo(af::FlightDescriptor::Path({"curated", "stay"}))),
            "NotImplemented");
  const std::string in_transaction =
      wrap("CommandStatementQuery", WireWriter().bytes(1, "SELECT 1").bytes(2, "t").take());
  EXPECT_EQ(kind_of(run({}, in_transaction)), "NotImplemented");
}

TEST_F(FlightServer, ChangedColumnsAreNotSentAsTheOldOnes) {
  serve({}, false);
  const af::Ticket old = ticket({}, query_command("SELECT * FROM curated.stay")).ValueOrDie();
  lake_.evolve({"curated", "stay"}, [](iceberg::SchemaUpdate& update) {
    return update.add({.name = "ward", .type = iceberg::Type::string()});
  });
  EXPECT_EQ(kind_of(read({}, old)), "Invalid");
  EXPECT_EQ(run({}, query_command("SELECT * FROM curated.stay")).ValueOrDie(), 5000);
}

TEST_F(FlightServer, CancellingReachesOnlyOnesOwn) {
  serve();
  const auto info =
      client_->GetFlightInfo(as("ann"), af::FlightDescriptor::Command(query_command(kForever))).ValueOrDie();
  arrow::Result<std::int64_t> outcome = 0;
  std::jthread reading([&] { outcome = read(as("ann"), info->endpoints()[0].ticket); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  const auto cancel = [&](const std::string& user) {
    return client_->CancelFlightInfo(as(user),
                                     af::CancelFlightInfoRequest(std::make_unique<af::FlightInfo>(*info)));
  };
  EXPECT_EQ(cancel("bob").ValueOrDie().status, af::CancelStatus::kNotCancellable);
  EXPECT_EQ(cancel("ann").ValueOrDie().status, af::CancelStatus::kCancelled);
  reading.join();
  EXPECT_EQ(kind_of(outcome), "Cancelled");
  EXPECT_EQ(cancel("ann").ValueOrDie().status, af::CancelStatus::kNotCancellable);
}

TEST_F(FlightServer, StatementsEndInTime) {
  serve({.statement_timeout = std::chrono::milliseconds(300)}, false);
  EXPECT_EQ(kind_of(run({}, query_command(kForever))), "TimedOut");
  EXPECT_EQ(run({}, query_command("SELECT 1")).ValueOrDie(), 1);
}

TEST_F(FlightServer, OneStatementAfterTheOther) {
  serve({.max_running = 1}, false);
  std::vector<std::jthread> readers;
  std::atomic<int> right = 0;
  for (int i = 0; i < 8; ++i) {
    readers.emplace_back([&] {
      const auto rows = run({}, query_command("SELECT * FROM range(200000)"));
      if (rows.ok() && *rows == 200000) ++right;
    });
  }
  readers.clear();
  EXPECT_EQ(right, 8);
}

TEST_F(FlightServer, TooManyCallsAreRefused) {
  serve({.max_calls = 1}, false);
  const af::Ticket first = ticket({}, query_command("SELECT * FROM range(50000000)")).ValueOrDie();
  const auto reader = client_->DoGet({}, first).ValueOrDie();
  EXPECT_TRUE(reader->Next().ok());
  EXPECT_EQ(kind_of(ticket({}, query_command("SELECT 1"))), "Unavailable");
  reader->Cancel();
}

TEST_F(FlightServer, StoppingEndsWhatRuns) {
  serve({}, false);
  arrow::Result<std::int64_t> outcome = 0;
  std::jthread reading([&] { outcome = run({}, query_command(kForever)); });
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  server_->stop();
  reading.join();
  EXPECT_EQ(kind_of(outcome), "Unavailable");
}

}  // namespace
}  // namespace tarn::flight
