#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <arrow/api.h>
#include <arrow/c/bridge.h>
#include <arrow/flight/client.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "engine/arrow_import.h"
#include "flight/messages/commands.h"
#include "flight/messages/wire.h"
#include "flight/server.h"
#include "pgwire/errors.h"
#include "pgwire/server.h"
#include "query/lexer.h"
#include "query/sql_files_test.h"

// tests/sql/*.test as clients see them: over the PostgreSQL protocol, simple and extended, by libpq, and over
// Flight by Arrow's client.
namespace tarn::query {
namespace {

namespace af = arrow::flight;

constexpr ErrorCode kRefused{"test.refused", ErrorClass::kUser, "A server refused a statement.", ""};

/// A server's sessions have the rights of the test's own.
class ServedDoor : public Door {
 public:
  explicit ServedDoor(TestLake& lake) : Door(lake) {}
  void let_write(std::int32_t format_version) override {
    Door::let_write(format_version);
    format_version_ = format_version;
  }

 protected:
  Result<std::unique_ptr<Session>> open() {
    const StatementRights reads{.copy_to_files = true, .settings = true, .temporary_objects = true};
    return format_version_ == 0
               ? lake_.open_session(nullptr, reads)
               : Result<std::unique_ptr<Session>>(lake_.open_writer(nullptr, format_version_));
  }

  std::unique_ptr<io::Random> random_ = io::make_system_random();
  std::ostringstream logged_;
  telemetry::Log log_{logged_, telemetry::Level::kError, [] { return std::int64_t{0}; }};

 private:
  std::int32_t format_version_ = 0;
};

// --- PostgreSQL

/// Lists and structs are written in another way by each door: what is left is their values.
std::string bare(std::string text) {
  std::erase_if(text, [](char c) { return c == '\'' || c == '"' || c == ' '; });
  std::ranges::replace(text, '{', '[');
  std::ranges::replace(text, '}', ']');
  return text;
}

/// `\x00ff` as the engine writes it.
std::string engine_bytes(const std::string& hexadecimal) {
  std::string text;
  for (std::size_t i = 2; i + 1 < hexadecimal.size(); i += 2) {
    const auto byte = static_cast<char>(std::stoi(hexadecimal.substr(i, 2), nullptr, 16));
    const bool is_plain = byte >= ' ' && byte < 127 && byte != '\\' && byte != '\'' && byte != '"';
    text += is_plain ? std::string(1, byte) : fmt::format("\\x{:02X}", static_cast<unsigned char>(byte));
  }
  return text;
}

/// Checks that a message has the parts that the test names. The text with a caret is drawn by clients.
void expect_parts(const std::string& message, const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (part.find('^') != std::string::npos || part.find("-->") != std::string::npos) continue;
    EXPECT_THAT(message, testing::HasSubstr(part));
  }
}

class WireDoor final : public ServedDoor {
 public:
  WireDoor(TestLake& lake, bool is_extended) : ServedDoor(lake), is_extended_(is_extended) {
    pgwire::ServerParts parts{
        .open_session = [this](const std::string&, const std::string&) { return open(); },
        .random = *random_,
        .log = log_};
    server_ = must(pgwire::Server::start({}, std::move(parts)));
    connect();
  }
  ~WireDoor() override { PQfinish(connection_); }

  void let_write(std::int32_t format_version) override {
    ServedDoor::let_write(format_version);
    PQfinish(connection_);
    connect();
  }

  Result<std::vector<std::string>> query(const std::string& script) override {
    std::vector<std::string> lines;
    for (const StatementText& statement : split_statements(script)) {
      const std::string sql(statement.text());
      const std::unique_ptr<PGresult, decltype(&PQclear)> result(
          is_extended_ ? PQexecParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0)
                       : PQexec(connection_, sql.c_str()),
          &PQclear);
      lines.clear();
      const ExecStatusType status = PQresultStatus(result.get());
      if (status == PGRES_COMMAND_OK) {
        const std::string count = PQcmdTuples(result.get());
        if (!count.empty()) lines.push_back(count);
        is_silent_ = count.empty();
        is_bare_ = false;
        continue;
      }
      if (status != PGRES_TUPLES_OK) {
        state_ = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
        return Error(kRefused, PQresultErrorMessage(result.get()));
      }
      lines = read(*result);
    }
    return lines;
  }

  void expect(const Error& error, const std::string& code, const std::vector<std::string>& parts) override {
    const ErrorCode wanted{code, ErrorClass::kUser, "", ""};
    EXPECT_EQ(state_, pgwire::sqlstate_of(Error(wanted, ""))) << code << ": " << error.message();
    expect_parts(error.message(), parts);
  }

  void expect_rows(const std::vector<std::string>& rows, const std::vector<std::string>& expected) override {
    // A definition has no count here.
    if (is_silent_ && expected == std::vector<std::string>{"0"}) return;
    if (!is_bare_) return Door::expect_rows(rows, expected);
    std::vector<std::string> a;
    std::vector<std::string> b;
    std::ranges::transform(rows, std::back_inserter(a), bare);
    std::ranges::transform(expected, std::back_inserter(b), bare);
    EXPECT_EQ(a, b);
  }

 private:
  static constexpr Oid kBool = 16;
  static constexpr Oid kBytea = 17;
  static constexpr Oid kJson = 114;
  static constexpr Oid kFloat4 = 700;
  static constexpr Oid kFloat8 = 701;

  void connect() {
    const std::string place = fmt::format("host=127.0.0.1 port={} user=ann dbname=lake", server_->port());
    connection_ = PQconnectdb(place.c_str());
    ASSERT_EQ(PQstatus(connection_), CONNECTION_OK) << PQerrorMessage(connection_);
  }

  std::vector<std::string> read(const PGresult& result) {
    std::vector<std::string> lines;
    is_bare_ = is_silent_ = false;
    for (int row = 0; row < PQntuples(&result); ++row) {
      std::string line;
      for (int column = 0; column < PQnfields(&result); ++column) {
        const Oid type = PQftype(&result, column);
        std::string cell = PQgetisnull(&result, row, column) != 0 ? "NULL" : PQgetvalue(&result, row, column);
        if (type == kBool && cell != "NULL") cell = cell == "t" ? "true" : "false";
        if (type == kBytea && cell != "NULL") cell = engine_bytes(cell);
        const bool is_float = type == kFloat4 || type == kFloat8;
        if (is_float && cell.find_first_not_of("-0123456789") == std::string::npos) cell += ".0";
        // No array of the system's types has a lower number.
        is_bare_ = is_bare_ || type == kJson || (type >= 1000 && cell.starts_with('{'));
        line += (line.empty() ? "" : " | ") + cell;
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

  bool is_extended_;
  bool is_bare_ = false;    ///< The last answer has lists or structs.
  bool is_silent_ = false;  ///< It has neither rows nor a count.
  std::string state_;
  std::unique_ptr<pgwire::Server> server_;
  PGconn* connection_ = nullptr;
};

// --- Flight

class FlightDoor final : public ServedDoor {
 public:
  explicit FlightDoor(TestLake& lake) : ServedDoor(lake), reader_(must(lake.engine().connect())) { serve(); }

  bool keeps_sessions() const override { return false; }
  void let_write(std::int32_t format_version) override {
    ServedDoor::let_write(format_version);
    // Sessions that only read are in its pool.
    server_.reset();
    serve();
  }

  Result<std::vector<std::string>> query(const std::string& script) override {
    std::vector<std::string> lines;
    for (const StatementText& statement : split_statements(script)) {
      const arrow::Result<std::vector<std::string>> answer = ask(std::string(statement.text()));
      if (!answer.ok()) return Error(kRefused, answer.status().message());
      lines = *answer;
    }
    return lines;
  }

  void expect(const Error& error, const std::string& code, const std::vector<std::string>& parts) override {
    EXPECT_THAT(error.message(), testing::HasSubstr("[" + code + "]"));
    expect_parts(error.message(), parts);
  }

 private:
  void serve() {
    flight::ServerParts parts{.open_session = [this](const std::string&) { return open(); },
                              .catalog = "lake",
                              .version = "tarn 1",
                              .random = *random_,
                              .clock = *clock_,
                              .log = log_};
    server_ = must(flight::Server::start({}, std::move(parts)));
    client_ = af::FlightClient::Connect(af::Location::ForGrpcTcp("127.0.0.1", server_->port()).ValueOrDie())
                  .ValueOrDie();
  }

  arrow::Result<std::vector<std::string>> ask(const std::string& sql) {
    const std::string command =
        flight::wrap("CommandStatementQuery", flight::WireWriter().bytes(1, sql).take());
    ARROW_ASSIGN_OR_RAISE(const auto info, client_->GetFlightInfo(af::FlightDescriptor::Command(command)));
    if (info->endpoints().empty()) return std::vector<std::string>{std::to_string(info->total_records())};
    ARROW_ASSIGN_OR_RAISE(const auto rows, client_->DoGet(info->endpoints().at(0).ticket));
    ARROW_ASSIGN_OR_RAISE(const auto table, rows->ToTable());
    ARROW_RETURN_NOT_OK(table->ValidateFull());
    return read(*table);
  }

  /// As the engine writes them, which is what the tests name.
  std::vector<std::string> read(const arrow::Table& table) {
    ArrowSchema columns{};
    EXPECT_TRUE(arrow::ExportSchema(*table.schema(), &columns).ok());
    std::vector<std::string> names;
    for (int i = 0; i < table.num_columns(); ++i) names.push_back("c" + std::to_string(i));
    auto import = must(engine::ArrowImport::open(*reader_, {"main", "answer"}, columns, names));
    columns.release(&columns);
    arrow::TableBatchReader batches(table);
    batches.set_chunksize(engine::ArrowImport::kMostRows);
    ArrowArray none{};
    const auto empty = arrow::RecordBatch::MakeEmpty(table.schema()).ValueOrDie();
    EXPECT_TRUE(arrow::ExportRecordBatch(*empty, &none).ok());
    must(import.add(none));
    for (std::shared_ptr<arrow::RecordBatch> batch; batches.ReadNext(&batch).ok() && batch != nullptr;) {
      ArrowArray part{};
      EXPECT_TRUE(arrow::ExportRecordBatch(*batch, &part).ok());
      must(import.add(part));
    }
    must(import.close());
    engine::ResultSet read = must(reader_->query("SELECT * FROM main.answer"));
    return must(lines_of_rows(read));
  }

  std::unique_ptr<io::Clock> clock_ = io::make_system_clock();
  std::unique_ptr<engine::Connection> reader_;
  std::unique_ptr<flight::Server> server_;
  std::unique_ptr<af::FlightClient> client_;
};

constexpr const char* kFolder = TARN_TEST_DATA "/sql";

std::filesystem::path path_of(const std::string& name) {
  return std::filesystem::path(kFolder) / (name + ".test");
}

class SqlDoors : public testing::TestWithParam<std::string> {};

TEST_P(SqlDoors, Simple) {
  TestLake lake;
  WireDoor door(lake, false);
  run_sql_file(path_of(GetParam()), lake, door);
}
TEST_P(SqlDoors, Extended) {
  TestLake lake;
  WireDoor door(lake, true);
  run_sql_file(path_of(GetParam()), lake, door);
}
TEST_P(SqlDoors, Flight) {
  TestLake lake;
  FlightDoor door(lake);
  run_sql_file(path_of(GetParam()), lake, door);
}

INSTANTIATE_TEST_SUITE_P(Files, SqlDoors, testing::ValuesIn(sql_files(kFolder)),
                         [](const auto& file) { return file.param; });

}  // namespace
}  // namespace tarn::query
