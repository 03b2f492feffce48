#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <random>
#include <set>
#include <thread>

#include "io/simulated.h"
#include "state/errors.h"
#include "state/ledger.h"
#include "state/migrations.h"
#include "state/postgres/postgres_connection.h"
#include "state/process_lock.h"
#include "state/runs.h"
#include "state/sqlite/sqlite_connection.h"
#include "state/tables/table_pointers.h"
#include "state/temporary_folder_test.h"

// What only a server has, on the one of tests/postgres/with_server.py.
namespace tarn::state {
namespace {

class PostgresTest : public StateTest {
 protected:
  void SetUp() override {
    if (test_server().empty()) GTEST_SKIP() << "no server: see tests/postgres";
    StateTest::SetUp();
    observer_ = connect(location_, PostgresConnection::Access::kLock);
  }
  static std::unique_ptr<PostgresConnection> connect(const std::string& location,
                                                     PostgresConnection::Access access) {
    auto opened = PostgresConnection::open(parse_postgres_location(location).value(), access);
    EXPECT_TRUE(opened.ok()) << opened.error().to_string();
    return std::move(opened).value();
  }
  std::int64_t ask(const std::string& sql) { return observer_->integer(sql).value().value_or(-1); }
  void change(const std::string& sql) {
    ASSERT_TRUE(observer_->execute("SET default_transaction_read_only = off").ok());
    const Status changed = observer_->execute(sql);
    ASSERT_TRUE(changed.ok()) << changed.error().to_string();
  }
  /// Waits until one session is in the middle of a COMMIT, and ends it.
  void terminate_who_commits() {
    const std::string kCommitting =
        "FROM pg_stat_activity WHERE query = 'COMMIT' AND state = 'active' AND pid <> pg_backend_pid()";
    while (ask("SELECT count(*) " + kCommitting) == 0) std::this_thread::yield();
    EXPECT_EQ(ask("SELECT count(pg_terminate_backend(pid)) " + kCommitting), 1);
  }
  std::string insert(Database& database, const std::string& name) {
    auto transaction = database.begin();
    if (!transaction.ok()) return name_of(transaction);
    Status status = insert_namespace(*transaction, name, {{"key", "value"}});
    if (status.ok()) status = transaction->commit();
    return name_of(status);
  }
  bool has(const std::string& name) { return find_namespace(*database_, name).value().has_value(); }

  std::unique_ptr<PostgresConnection> observer_;
};

TEST_F(PostgresTest, HasTheSameSchemaAsSqlite) {
  const auto file = SqliteConnection::open(folder_ / "f.db", SqliteConnection::Access::kCreate).value();
  ASSERT_TRUE(migrate(*file, migrations()).ok());
  const auto columns = [](Connection& connection, const std::string& sql) {
    std::set<std::string> all;
    Statement rows = connection.prepare(sql).value();
    while (rows.step().value())
      all.insert(fmt::format("{}.{} null={} {}", rows.text(0), rows.text(1), rows.integer(2), rows.text(3)));
    return all;
  };
  const auto in_file = columns(
      *file,
      "SELECT t.name, c.name, c.\"notnull\" = 0 AND c.pk = 0, CASE c.type WHEN 'INTEGER' THEN 'bigint' "
      "ELSE 'bytea' END FROM sqlite_schema t JOIN pragma_table_info(t.name) c WHERE t.type = 'table' "
      "AND t.name NOT LIKE 'sqlite_%'");
  const auto in_server =
      columns(*observer_,
              "SELECT table_name::text, column_name::text, is_nullable = 'YES', data_type::text FROM "
              "information_schema.columns WHERE table_schema = current_schema() AND table_name <> "
              "'tarn_state'");
  EXPECT_GT(in_file.size(), 80U);
  EXPECT_EQ(in_file, in_server);
  const auto names = [](Connection& connection, const std::string& sql) {
    std::set<std::string> all;
    Statement rows = connection.prepare(sql).value();
    while (rows.step().value()) all.insert(rows.text(0));
    return all;
  };
  EXPECT_EQ(names(*file, "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"),
            names(*observer_,
                  "SELECT indexname::text FROM pg_indexes WHERE schemaname = current_schema() AND "
                  "indexname NOT LIKE '%_key' AND indexname NOT LIKE '%_pkey'"));
}

TEST_F(PostgresTest, MatchesAsGlobDoes) {
  const auto file = SqliteConnection::open(folder_ / "f.db", SqliteConnection::Access::kCreate).value();
  const std::vector<std::string> parts = {"a", "b", "c", "-", "]", "^", "[", "*", "?", "\xc3\xa9", "\xff"};
  std::mt19937 random(7);
  const auto text = [&](std::size_t letters) {
    std::string made;
    for (std::size_t left = random() % 7; left > 0; --left) made += parts[random() % letters];
    return made;
  };
  int matched = 0;
  for (int round = 0; round < 3000; ++round) {
    const std::string glob = text(parts.size() - 1);
    const std::string value = text(parts.size());
    const auto wanted = file->integer("SELECT 1 WHERE ?1 GLOB ?2", value, glob).value();
    const auto got =
        observer_->integer("SELECT 1 FROM (SELECT CAST(?1 AS bytea) AS v) x WHERE v GLOB ?2", value, glob);
    ASSERT_TRUE(got.ok()) << got.error().to_string();
    EXPECT_EQ(wanted, got.value()) << ::testing::PrintToString(glob) << " on "
                                   << ::testing::PrintToString(value);
    matched += wanted.has_value() ? 1 : 0;
  }
  EXPECT_GT(matched, 100);
}

TEST_F(PostgresTest, SaysWhyItCannotOpen) {
  const auto open = [](const std::string& location, OpenMode mode = OpenMode::kReadWrite) {
    const auto opened = Database::open(location, mode);
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().to_string().find("secret"), std::string::npos) << opened.error().to_string();
    }
    return name_of(opened);
  };
  const std::string server = test_server();
  EXPECT_EQ(open("postgresql://u:secret@127.0.0.1:1/x"), "state.unreachable");
  EXPECT_EQ(open("postgresql://u:se@secret@127.0.0.1:1/x"), "state.bad_location");
  EXPECT_EQ(open("postgresql://u:1/secret@127.0.0.1:1/x"), "state.bad_location");
  EXPECT_EQ(open("postgresql://u:secret@127.0.0.1:x/y?a"), "state.bad_location");
  EXPECT_EQ(open(server + "none"), "state.denied");
  EXPECT_EQ(open(server + "?schema="), "state.bad_location");
  EXPECT_EQ(open(server + "?schema=%zz"), "state.bad_location");
  EXPECT_EQ(open(server + "?options=-csearch_path%3Dnowhere"), "state.denied");
  EXPECT_EQ(open(new_schema(), OpenMode::kReadOnly), "state.not_found");
  change("CREATE SCHEMA other; CREATE TABLE other.notes (body TEXT)");
  EXPECT_EQ(open(server + "?schema=other"), "state.not_state");
  EXPECT_EQ(open(server + "?options=-csearch_path%3Dother"), "state.not_state");
  EXPECT_EQ(open(server + "?schema=A%20%22strange%22%20one&application_name=x"), "ok");
  change("UPDATE tarn_state SET version = 999");
  EXPECT_EQ(open(location_), "state.newer_schema");
  EXPECT_EQ(open(location_, OpenMode::kReadOnly), "state.newer_schema");
  change("UPDATE tarn_state SET version = 1");
  EXPECT_EQ(open(location_, OpenMode::kReadOnly), "state.needs_migration");
}

TEST_F(PostgresTest, GoesOnWhenItsSessionsAreEnded) {
  EXPECT_EQ(insert(*database_, "one"), "ok");
  EXPECT_TRUE(has("one"));
  const std::string kOthers =
      "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> "
      "pg_backend_pid()";
  // Those of the test before end in their own time.
  while (ask("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()") >
         2)
    std::this_thread::yield();
  EXPECT_EQ(ask(kOthers), 2);
  EXPECT_TRUE(has("one"));
  EXPECT_EQ(insert(*database_, "two"), "ok");
  {
    auto transaction = database_->begin();
    ASSERT_TRUE(insert_namespace(*transaction, "three", {}).ok());
    ask(kOthers);
    EXPECT_EQ(name_of(insert_namespace(*transaction, "four", {})), "state.unreachable");
    EXPECT_EQ(name_of(insert_namespace(*transaction, "five", {})), "state.unreachable");
    EXPECT_EQ(name_of(transaction->commit()), "state.unreachable");
  }
  EXPECT_FALSE(has("three") || has("four") || has("five"));
  EXPECT_EQ(insert(*database_, "three"), "ok");
}

TEST_F(PostgresTest, AFailedStatementLeavesNothingToCommit) {
  auto transaction = database_->begin();
  ASSERT_TRUE(insert_namespace(*transaction, "one", {}).ok());
  EXPECT_EQ(name_of(transaction->connection().run("SELEC")), "state.failed");
  EXPECT_EQ(name_of(transaction->commit()), "state.failed");
  EXPECT_FALSE(has("one"));
}

// The session ends before the commit record is written: nothing happened.
TEST_F(PostgresTest, ACommitCutShortIsUnknownUntilTheFence) {
  change(
      "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NULL; "
      "END'; CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON namespaces DEFERRABLE INITIALLY DEFERRED FOR "
      "EACH "
      "ROW EXECUTE FUNCTION wait()");
  std::jthread killer([this] { terminate_who_commits(); });
  EXPECT_EQ(insert(*database_, "lost"), "state.commit_unknown");
  killer.join();
  EXPECT_TRUE(database_->fence().ok());
  EXPECT_FALSE(has("lost"));
}

// The session ends when the commit is written and waits for a standby: it happened, unseen until the wait
// ends.
TEST_F(PostgresTest, ACommitWithoutReplyHappenedAfterTheFence) {
  change("ALTER SYSTEM SET synchronous_standby_names = 'none'");
  change("SELECT pg_reload_conf()");
  while (ask("SELECT CAST(current_setting('synchronous_standby_names') = 'none' AS int)") != 1)
    std::this_thread::yield();
  std::jthread killer([this] {
    while (ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == 0)
      std::this_thread::yield();
    EXPECT_FALSE(has("kept"));
    // Whoever asks the fence must wait for the commit's own end, not for this change.
    ASSERT_TRUE(observer_->execute("SET synchronous_commit = local").ok());
    change("ALTER SYSTEM RESET synchronous_standby_names");
    terminate_who_commits();
    change("SELECT pg_reload_conf()");
  });
  EXPECT_EQ(insert(*database_, "kept"), "state.commit_unknown");
  EXPECT_TRUE(database_->fence().ok());
  EXPECT_TRUE(has("kept"));
}

TEST_F(PostgresTest, SurvivesKillsOfTheServer) {
  std::atomic<bool> done = false;
  std::jthread killer([&] {
    std::mt19937 random(3);
    for (int round = 0; round < 4; ++round) {
      std::this_thread::sleep_for(std::chrono::milliseconds(300 + random() % 300));
      pid_t pid = 0;
      std::ifstream(std::string(std::getenv("TARN_TEST_POSTGRES_DATA")) + "/postmaster.pid") >> pid;
      if (pid > 1) ::kill(pid, SIGKILL);
      while (!done && name_of(Database::open(location_, OpenMode::kReadOnly)) != "ok")
        std::this_thread::yield();
    }
    done = true;
  });
  int unknown = 0;
  int undone = 0;
  for (int number = 0; !done; ++number) {
    const std::string name = fmt::format("n{}", number);
    const std::string outcome = insert(*database_, name);
    const bool is_unknown = outcome == "state.commit_unknown";
    EXPECT_TRUE(is_unknown || outcome == "ok" || outcome == "state.unreachable") << outcome;
    if (is_unknown) {
      ASSERT_EQ(name_of(database_->fence()), "ok");
    }
    const auto found = find_namespace(*database_, name);
    ASSERT_TRUE(found.ok()) << found.error().to_string();
    EXPECT_TRUE(is_unknown || found->has_value() == (outcome == "ok")) << outcome;
    EXPECT_TRUE(!found->has_value() || (*found)->size() == 1U) << "only a part of the transaction is there";
    unknown += is_unknown ? 1 : 0;
    undone += outcome == "state.unreachable" ? 1 : 0;
  }
  RecordProperty("unknown", unknown);
  RecordProperty("undone", undone);
  EXPECT_TRUE(database_->check_integrity().ok());
}

class WriterLockTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (!IsSkipped()) other_ = Database::open(location_, OpenMode::kReadWrite).value();
  }
  Result<ProcessLock> acquire(Database& database) {
    return ProcessLock::acquire(database, "tarn serve", clock_);
  }
  /// Ends the session that holds the lock, as a network that breaks does.
  void break_lock() {
    EXPECT_EQ(
        ask("SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l WHERE l.locktype = 'advisory' AND "
            "l.objid = CAST('tarn_state' AS regclass)"),
        1);
    while (ask("SELECT count(*) FROM pg_locks l WHERE l.locktype = 'advisory' AND l.objid = "
               "CAST('tarn_state' AS "
               "regclass)") != 0)
      std::this_thread::yield();
  }
  io::ManualClock clock_{1'709'294'400'000'000};
  std::unique_ptr<Database> other_;
};

TEST_F(WriterLockTest, TellsTheSecondWhoHoldsIt) {
  EXPECT_EQ(*ProcessLock::holder(*database_), std::nullopt);
  {
    const auto lock = acquire(*database_);
    ASSERT_TRUE(lock.ok()) << lock.error().to_string();
    EXPECT_EQ(insert(*database_, "one"), "ok");
    EXPECT_EQ(insert(*other_, "two"), "ok");  // Without the lock, as `tarn catalog serve`.
    const auto second = acquire(*other_);
    ASSERT_EQ(name_of(second), "state.locked");
    EXPECT_NE(second.error().message().find("`tarn serve`"), std::string::npos) << second.error().message();
    EXPECT_NE(second.error().message().find(" on "), std::string::npos) << second.error().message();
    const auto holder = ProcessLock::holder(*Database::open(location_, OpenMode::kReadOnly).value()).value();
    ASSERT_TRUE(holder.has_value());
    EXPECT_EQ(holder->pid, ::getpid());
    EXPECT_EQ(holder->since_us, 1'709'294'400'000'000);
    const auto elsewhere = Database::open(new_schema(), OpenMode::kReadWrite).value();
    EXPECT_TRUE(acquire(*elsewhere).ok());
  }
  EXPECT_EQ(*ProcessLock::holder(*database_), std::nullopt);
  EXPECT_TRUE(acquire(*other_).ok());
  EXPECT_EQ(insert(*database_, "three"), "ok");
}

TEST_F(WriterLockTest, WhoLostItToAnotherCannotCommit) {
  auto first = acquire(*database_);
  break_lock();
  {
    const auto second = acquire(*other_);
    ASSERT_TRUE(second.ok()) << second.error().to_string();
    EXPECT_EQ(insert(*database_, "one"), "state.lock_lost");
    EXPECT_EQ(insert(*other_, "two"), "ok");
    EXPECT_EQ(name_of(database_->fence()), "state.lock_lost");
  }
  // Not when the other one has ended, either: this process does not know what it did.
  EXPECT_EQ(insert(*database_, "one"), "state.lock_lost");
  EXPECT_FALSE(has("one"));
  { const ProcessLock ended = std::move(first).value(); }
  EXPECT_TRUE(acquire(*database_).ok());
}

TEST_F(WriterLockTest, ASessionThatBrokeIsMadeAnewWhileNobodyElseCame) {
  const auto lock = acquire(*database_);
  break_lock();
  EXPECT_EQ(*ProcessLock::holder(*other_), std::nullopt);
  EXPECT_EQ(insert(*database_, "one"), "ok");
  EXPECT_TRUE(ProcessLock::holder(*other_)->has_value());
  EXPECT_EQ(name_of(acquire(*other_)), "state.locked");
}

// Between the check of the epoch and the commit nobody can take over.
TEST_F(WriterLockTest, ATransactionUnderWayEndsBeforeTheNextHolderBegins) {
  const auto first = acquire(*database_);
  auto transaction = database_->begin();
  ASSERT_TRUE(insert_namespace(*transaction, "one", {}).ok());
  break_lock();
  std::atomic<bool> taken = false;
  bool saw = false;
  std::jthread taker([&] {
    const auto second = acquire(*other_);
    taken = true;
    EXPECT_TRUE(second.ok());
    saw = find_namespace(*other_, "one").value().has_value();
  });
  while (ask("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 0)
    std::this_thread::yield();
  EXPECT_FALSE(taken);
  EXPECT_TRUE(transaction->commit().ok());
  taker.join();
  EXPECT_TRUE(saw);
  EXPECT_EQ(insert(*database_, "two"), "state.lock_lost");
}

}  // namespace
}  // namespace tarn::state
