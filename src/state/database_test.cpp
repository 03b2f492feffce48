#include "state/database.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <array>
#include <fstream>
#include <latch>
#include <set>
#include <thread>

#include "state/batches.h"
#include "state/errors.h"
#include "state/ledger.h"
#include "state/migrations.h"
#include "state/runs.h"
#include "state/sqlite/sqlite_connection.h"
#include "state/tables/table_pointers.h"
#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

using DatabaseTest = StateTest;
using DatabaseFileTest = StateFileTest;

void run_sql(const std::string& path, const char* sql) {
  sqlite3* handle = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle);
  sqlite3_close(handle);
}

TEST_F(DatabaseFileTest, SetsWhatMakesItDurable) {
  auto transaction = database_->begin();
  ASSERT_TRUE(transaction.ok());
  Connection& connection = transaction->connection();
  EXPECT_EQ(connection.integer("PRAGMA synchronous").value(), 2);
  EXPECT_EQ(connection.integer("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(connection.integer("PRAGMA busy_timeout").value(), 10'000);
  auto mode = connection.prepare("PRAGMA journal_mode");
  ASSERT_TRUE(mode.ok() && mode->step().value());
  EXPECT_EQ(mode->text(0), "wal");
  EXPECT_FALSE(std::filesystem::status(location_).permissions() == std::filesystem::perms::others_read);
}

TEST_F(DatabaseTest, RollsBackWhatIsNotCommitted) {
  {
    auto transaction = database_->begin();
    ASSERT_TRUE(start_run(*transaction, "tarn ingest", 1).ok());
  }
  EXPECT_TRUE(list_runs(*database_, 10)->empty());
  ASSERT_TRUE(write([](Transaction& transaction) -> Status {
                TARN_RETURN_IF_ERROR(start_run(transaction, "tarn ingest", 1));
                return ok_status();
              }).ok());
  reopen();
  EXPECT_EQ(list_runs(*database_, 10)->size(), 1U);
  EXPECT_TRUE(database_->check_integrity().ok());
}

TEST_F(DatabaseTest, ReadsGoOnWhileATransactionIsOpen) {
  auto transaction = database_->begin();
  ASSERT_TRUE(start_run(*transaction, "tarn ingest", 1).ok());
  EXPECT_TRUE(list_runs(*database_, 10)->empty());
  auto other = Database::open(location_, OpenMode::kReadOnly);
  ASSERT_TRUE(other.ok()) << other.error().to_string();
  EXPECT_TRUE(list_runs(**other, 10)->empty());
  ASSERT_TRUE(transaction->commit().ok());
  EXPECT_EQ(list_runs(*database_, 10)->size(), 1U);
  EXPECT_EQ(list_runs(**other, 10)->size(), 1U);
}

TEST_F(DatabaseTest, RefusesMisuse) {
  auto transaction = database_->begin();
  EXPECT_EQ(name_of(database_->begin()), "state.nested_transaction");
  transaction->rollback();
  EXPECT_EQ(name_of(database_->begin()), "ok");
  auto reader = Database::open(location_, OpenMode::kReadOnly);
  EXPECT_EQ(name_of((*reader)->begin()), "state.read_only");
}

TEST_F(DatabaseTest, AnotherProcessWritingIsTransient) {
  auto other = Database::open(location_, OpenMode::kReadWrite).value();
  {
    auto transaction = other->begin();
    const std::string brief = other->is_server() ? "SET lock_timeout = 20" : "PRAGMA busy_timeout = 20";
    ASSERT_TRUE(transaction->connection().execute(brief).ok());
    ASSERT_TRUE(transaction->commit().ok());
  }
  auto transaction = database_->begin();
  const auto refused = other->begin();
  EXPECT_EQ(name_of(refused), "state.busy");
  EXPECT_EQ(refused.error().error_class(), ErrorClass::kTransient);
  transaction->rollback();
  EXPECT_EQ(name_of(other->begin()), "ok");
}

TEST_F(DatabaseFileTest, SaysWhyItCannotOpen) {
  const std::string none = folder_ / "none.db";
  EXPECT_EQ(name_of(Database::open(none, OpenMode::kReadOnly)), "state.not_found");

  const std::string text = folder_ / "text.db";
  std::ofstream(text) << std::string(5000, 'x');
  EXPECT_EQ(name_of(Database::open(text, OpenMode::kReadWrite)), "state.corrupt");
  EXPECT_EQ(name_of(Database::open(text, OpenMode::kReadOnly)), "state.corrupt");

  const std::string foreign = folder_ / "foreign.db";
  run_sql(foreign, "CREATE TABLE notes (body TEXT)");
  EXPECT_EQ(name_of(Database::open(foreign, OpenMode::kReadWrite)), "state.not_state");
  EXPECT_EQ(name_of(Database::open(folder_ / "none.db/x/tarn.db", OpenMode::kReadWrite)), "ok");
  EXPECT_EQ(name_of(Database::open("/proc/none/tarn.db", OpenMode::kReadWrite)), "state.denied");
  EXPECT_EQ(name_of(Database::open(folder_ / "state", OpenMode::kReadWrite)), "state.denied");
}

TEST_F(DatabaseFileTest, RefusesANewerSchemaAndLeavesItAlone) {
  const std::string path = location_;
  database_.reset();
  run_sql(path, "PRAGMA user_version = 999");
  EXPECT_EQ(name_of(Database::open(path, OpenMode::kReadWrite)), "state.newer_schema");
  EXPECT_EQ(name_of(Database::open(path, OpenMode::kReadOnly)), "state.newer_schema");
  run_sql(path, fmt::format("PRAGMA user_version = {}", migrations().size()).c_str());
  EXPECT_EQ(name_of(Database::open(path, OpenMode::kReadWrite)), "ok");
}

TEST_F(DatabaseFileTest, FindsDamage) {
  ASSERT_TRUE(write([](Transaction& transaction) -> Status {
                for (int number = 0; number < 2000; ++number)
                  TARN_RETURN_IF_ERROR(start_run(transaction, std::string(100, 'r'), number));
                return ok_status();
              }).ok());
  const std::string path = location_;
  database_.reset();
  run_sql(path, "PRAGMA wal_checkpoint(TRUNCATE)");
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path)) - 8000);
    file << std::string(4000, '\xee');
  }
  auto damaged = Database::open(path, OpenMode::kReadOnly);
  ASSERT_TRUE(damaged.ok());
  EXPECT_EQ(name_of((*damaged)->check_integrity()), "state.corrupt");
}

TEST_F(DatabaseTest, WaitsForAnotherThreadsTransaction) {
  constexpr int kThreads = 4;
  constexpr int kEach = 25;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([this] {
      for (int number = 0; number < kEach; ++number) {
        EXPECT_TRUE(write([&](Transaction& transaction) -> Status {
                      TARN_RETURN_IF_ERROR(start_run(transaction, "tarn ingest", number));
                      return ok_status();
                    }).ok());
        EXPECT_TRUE(list_runs(*database_, 5).ok());
      }
    });
  threads.clear();
  EXPECT_EQ(list_runs(*database_, 1000)->size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST_F(DatabaseTest, SeveralMayOpenANewOneAtOnce) {
  for (int round = 0; round < 10; ++round) {
    const std::string path = state_location(folder_ / fmt::format("new-{}.db", round));
    std::latch start(3);
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 3; ++thread)
      threads.emplace_back([&] {
        start.arrive_and_wait();
        const auto opened = Database::open(path, OpenMode::kReadWrite);
        EXPECT_EQ(name_of(opened), "ok") << opened.error().to_string();
      });
  }
}

// A process killed in the middle of a transaction leaves nothing of it, and its committed work.
TEST_F(DatabaseTest, SurvivesAKill) {
  const std::string path = location_;
  database_.reset();
  const pid_t child = ::fork();
  if (child == 0) {
    auto database = Database::open(path, OpenMode::kReadWrite);
    for (int number = 0; number < 10; ++number) {
      auto transaction = (*database)->begin();
      const bool started = start_run(*transaction, "tarn serve", number).ok();
      if (number == 9 || !started) std::_Exit(0);
      if (!transaction->commit().ok()) std::_Exit(1);
    }
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  reopen();
  EXPECT_EQ(list_runs(*database_, 100)->size(), 9U);
  EXPECT_TRUE(database_->check_integrity().ok());
}

TEST_F(DatabaseTest, SimulatesCommitsThatGoWrong) {
  const struct {
    CommitFault fault;
    std::string name;
    bool happened;
  } kCases[] = {{CommitFault::kNone, "ok", true},
                {CommitFault::kFail, "state.failed", false},
                {CommitFault::kLost, "state.commit_unknown", false},
                {CommitFault::kLostReply, "state.commit_unknown", true}};
  std::int64_t number = 0;
  for (const auto& one : kCases) {
    const std::string name = fmt::format("n{}", ++number);
    database_->set_commit_fault([&] { return one.fault; });
    EXPECT_EQ(
        name_of(write([&](Transaction& transaction) { return insert_namespace(transaction, name, {}); })),
        one.name);
    database_->set_commit_fault({});
    EXPECT_TRUE(database_->fence().ok());
    EXPECT_EQ(find_namespace(*database_, name)->has_value(), one.happened) << name;
  }
}

TEST(Migrations, RunsEachStepOnceAndAllOrNone) {
  TemporaryFolder folder;
  auto opened = SqliteConnection::open(folder / "m.db", SqliteConnection::Access::kCreate);
  ASSERT_TRUE(opened.ok());
  Connection& connection = **opened;
  const std::array<std::string_view, 3> steps = {"CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);",
                                                 "ALTER TABLE a ADD COLUMN y INTEGER DEFAULT 5;",
                                                 "CREATE TABLE b (z INTEGER);"};
  const std::span<const std::string_view> all(steps);
  EXPECT_EQ(check_schema(connection, all).error().name(), "state.needs_migration");
  ASSERT_TRUE(migrate(connection, all.first(1)).ok());
  EXPECT_EQ(check_schema(connection, all).error().name(), "state.needs_migration");
  ASSERT_TRUE(migrate(connection, all).ok());
  ASSERT_TRUE(migrate(connection, all).ok());
  EXPECT_EQ(connection.integer("SELECT x + y FROM a").value(), 6);
  EXPECT_EQ(connection.integer("SELECT count(*) FROM a").value(), 1);
  EXPECT_TRUE(check_schema(connection, all).ok());
  EXPECT_EQ(migrate(connection, all.first(2)).error().name(), "state.newer_schema");

  const std::array<std::string_view, 5> broken = {steps[0], steps[1], steps[2], "CREATE TABLE c (z INTEGER);",
                                                  "INSERT INTO none VALUES (1);"};
  EXPECT_EQ(migrate(connection, broken).error().name(), "state.failed");
  EXPECT_FALSE(connection.in_transaction());
  EXPECT_EQ(connection.integer("SELECT count(*) FROM sqlite_schema WHERE name = 'c'").value(), 0);
  EXPECT_TRUE(check_schema(connection, all).ok());
}

TEST(Migrations, ALedgerOfVersion1KeepsItsRowsAndHasNoLateRecords) {
  TemporaryFolder folder;
  const std::string path = folder / "old.db";
  {
    auto opened = SqliteConnection::open(path, SqliteConnection::Access::kCreate);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE(migrate(**opened, migrations().first(1)).ok());
    ASSERT_TRUE(
        (*opened)
            ->execute("INSERT INTO sources VALUES (1, 'inbox'); INSERT INTO arrivals (source_id, path, "
                      "size_bytes, mtime_ns, inode, state, landed_at_us, records_arrived, "
                      "records_committed) VALUES (1, 'a.csv', 9, 1, 1, 1, 5, 7, 7); INSERT INTO "
                      "ledger_totals (source_id, state, files, size_bytes, records_arrived, "
                      "records_committed) VALUES (1, 1, 1, 9, 7, 7);")
            .ok());
  }
  EXPECT_EQ(Database::open(path, OpenMode::kReadOnly).error().name(), "state.needs_migration");
  const auto database = Database::open(path, OpenMode::kReadWrite).value();
  const Arrival old = get_arrival(*database, ArrivalId(1)).value();
  EXPECT_EQ(old.records, (RecordCounts{.arrived = 7, .committed = 7}));
  EXPECT_EQ(summary(*database)->records_committed(), 7);
  EXPECT_TRUE(feed_watermarks(*database)->empty());
  EXPECT_TRUE(database->check_integrity().ok());
}

TEST(Connection, LendsAStatementTwice) {
  TemporaryFolder folder;
  auto opened = SqliteConnection::open(folder / "c.db", SqliteConnection::Access::kCreate);
  Connection& connection = **opened;
  constexpr std::string_view kSql =
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) "
      "SELECT i FROM n";
  auto outer = connection.prepare(kSql);
  int steps = 0;
  while (outer->step().value()) {
    auto inner = connection.prepare(kSql);
    while (inner->step().value()) ++steps;
  }
  EXPECT_EQ(steps, 9);
  EXPECT_EQ(connection.prepare("SELEC").error().name(), "state.failed");
  EXPECT_EQ(connection.run("SELECT 1 WHERE 0 = ?", "a", 2).error().name(), "state.failed");
}

TEST(ErrorCodes, AreListedOnce) {
  std::set<std::string_view> names;
  for (const ErrorCode* code : error_codes()) {
    EXPECT_TRUE(code->name.starts_with("state.") || code->name.starts_with("audit.")) << code->name;
    EXPECT_TRUE(names.insert(code->name).second) << code->name;
  }
}

}  // namespace
}  // namespace tarn::state
