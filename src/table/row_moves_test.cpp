// Where compaction puts rows, and how key indices follow.
#include "table/maintenance/row_moves.h"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "table/index/key_database.h"
#include "table/testing/compact.h"
#include "table/testing/upsert.h"

namespace tarn::table {
namespace {

using testing::CompactionRun;
using testing::eager;
using testing::Model;
using testing::must;
using testing::Rng;
using Kind = KeyIndex::SyncOutcome::Kind;

class RowMovesTest : public testing::UpsertFixture {
 protected:
  void compact() {
    const std::string id = "compact" + std::to_string(++run_);
    must(commit_compaction(table_, must(testing::rewrite(table_, eager(), id)), id, true));
  }
  int run_ = 0;
};

// The moves that compaction wrote lead the index, as far as they can be read and fit the snapshot.
TEST_F(RowMovesTest, TheIndexFollowsMovesWithoutReadingARow) {
  Rng rng(17);
  Model model;
  std::int64_t arrival = 0;
  const auto batches = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const auto rows = random_rows(rng, 80, ++arrival);
      model.upsert(rows);
      upsert(rows);
    }
  };
  batches(4);
  const auto last_moves = [&] { return moves_location(table_.metadata, "compact" + std::to_string(run_)); };
  for (const std::string spoilt : {"", "", "cut", "changed", "gone", ""}) {
    SCOPED_TRACE(spoilt);
    compact();
    std::string bytes = must(table_.store.read(last_moves()));
    ASSERT_EQ(must(moves_from_bytes(bytes)).empty(), false);
    if (spoilt == "cut") bytes.pop_back();
    if (spoilt == "changed") bytes[bytes.size() / 2] ^= 1;
    must(table_.store.write(last_moves(), bytes, io::IfExists::kReplace));
    if (spoilt == "gone") must(table_.store.remove(last_moves()));
    const auto outcome = sync();
    EXPECT_EQ(outcome.kind, Kind::kCaughtUp);
    EXPECT_EQ(outcome.rows_read == 0, spoilt.empty());
    batches(3);
    ASSERT_EQ(table_rows(), model_rows(model));
    ASSERT_EQ(must(index_->count_keys()), static_cast<std::int64_t>(model.rows().size()));
    open();
  }
  // A summary may not lead out of the table's folder, nor to another compaction's moves.
  iceberg::Snapshot snapshot = *table_.metadata.current_snapshot();
  snapshot.summary[kMovesProperty] = "../../x";
  EXPECT_FALSE(moves_location(table_.metadata, snapshot).has_value());
}

// Moves that name what the snapshot did not do are of no use.
TEST_F(RowMovesTest, MovesOfAnotherCompactionAreNotFollowed) {
  Rng rng(18);
  Model model;
  for (std::int64_t arrival = 1; arrival <= 3; ++arrival) {
    const auto rows = random_rows(rng, 80, arrival);
    model.upsert(rows);
    upsert(rows);
  }
  const CompactionRun run = must(testing::rewrite(table_, eager(), "right"));
  CompactionRun wrong = run;
  for (RewrittenGroup& group : wrong.groups)
    for (auto& places : group.places) places.resize(places.size() - 1);
  must(table_.store.write(moves_location(table_.metadata, "wrong"), moves_to_bytes(wrong.groups),
                          io::IfExists::kFail));
  DeleteFileCache deletes(table_.store);
  auto resolved = must(resolve_compaction(table_.store, table_.cache, deletes, table_.metadata,
                                          {.groups = run.groups,
                                           .folds = run.plan.folds,
                                           .sequence_number = run.plan.sequence_number,
                                           .batch_id = "right",
                                           .first_number = 1000}));
  resolved.change.summary[kMovesProperty] = "wrong";
  table_.commit(table_.build(resolved.change));
  EXPECT_GT(sync().rows_read, 0);
  const auto rows = random_rows(rng, 80, 4);
  model.upsert(rows);
  upsert(rows);
  EXPECT_EQ(table_rows(), model_rows(model));
}

TEST(RowMoves, ComeBackFromTheirBytes) {
  Rng rng(5);
  for (int round = 0; round < 50; ++round) {
    std::vector<RewrittenGroup> groups(rng() % 3);
    for (RewrittenGroup& group : groups) {
      if (rng() % 4 != 0) group.files.push_back({.file = {.file_path = "new" + std::to_string(rng())}});
      for (std::uint64_t i = rng() % 4; i > 0; --i) {
        LiveFile live;
        live.file.file_path = "old" + std::to_string(rng());
        group.group.files.push_back({std::make_shared<const LiveFile>(live), {}});
        auto& places = group.places.emplace_back(rng() % 300);
        // One after the other, with jumps: rare ones, and many.
        const std::uint64_t jumps = rng() % 2 == 0 ? 40 : 2;
        std::uint64_t next = rng() % 1000;
        for (std::uint32_t& place : places) {
          if (rng() % jumps == 0) next = rng() % RewrittenGroup::kGone;
          place = rng() % (5 * jumps) == 0 ? RewrittenGroup::kGone
                                           : static_cast<std::uint32_t>(next++ % RewrittenGroup::kGone);
        }
      }
    }
    const std::string bytes = moves_to_bytes(groups);
    const auto back = must(moves_from_bytes(bytes));
    ASSERT_EQ(back.size(), groups.size());
    for (std::size_t i = 0; i < groups.size(); ++i) {
      EXPECT_EQ(back[i].new_path, groups[i].files.empty() ? "" : groups[i].files.front().file.file_path);
      ASSERT_EQ(back[i].files.size(), groups[i].places.size());
      for (std::size_t j = 0; j < groups[i].places.size(); ++j) {
        EXPECT_EQ(back[i].files[j].path, groups[i].group.files[j].data->file.file_path);
        const MovedPlaces& places = back[i].files[j].places;
        ASSERT_EQ(places.rows(), groups[i].places[j].size());
        for (std::uint32_t row = 0; row < places.rows(); ++row)
          ASSERT_EQ(places.at(row), groups[i].places[j][row]);
      }
    }
    for (std::size_t cut = 0; cut < bytes.size(); cut += 7)
      EXPECT_FALSE(moves_from_bytes(bytes.substr(0, cut)).ok());
  }
}

// Rows of a sorted file, of a sorted file and of RocksDB, and of RocksDB.
struct Bulk {
  std::uint64_t bulk_rows = 0;
  std::size_t threads = 1;
};
class KeyDatabaseMoves : public ::testing::TestWithParam<Bulk> {};
INSTANTIATE_TEST_SUITE_P(BulkRows, KeyDatabaseMoves,
                         ::testing::Values(Bulk{1, 1}, Bulk{1, 2}, Bulk{3000, 1}, Bulk{3000, 2},
                                           Bulk{16'384, 1}));

using Places = std::vector<std::uint32_t>;

/// Reversed, and then shifted; the last row is gone by then.
std::pair<Places, Places> two_moves(std::uint32_t rows) {
  Places reversed(rows);
  Places shifted(rows);
  for (std::uint32_t i = 0; i < rows; ++i) {
    reversed[i] = rows - 1 - i;
    shifted[i] = i == 0 ? RewrittenGroup::kGone : i + 5;
  }
  return {std::move(reversed), std::move(shifted)};
}

// Chains of moves, rows and versions; a reopened database; settling in steps until no move is left.
TEST_P(KeyDatabaseMoves, AreSettledAndForgotten) {
  const std::string folder = ::testing::TempDir() + "tarn-key-moves-" + std::to_string(::getpid());
  std::filesystem::remove_all(folder);
  std::unique_ptr<KeyDatabase> database;
  const auto open = [&] {
    database.reset();
    database = must(KeyDatabase::open(
        folder, {.settle_rows = 100, .bulk_rows = GetParam().bulk_rows, .threads = GetParam().threads}));
  };
  open();
  constexpr std::uint32_t kRows = 10'000;
  std::vector<RowKey> keys;
  for (std::uint32_t i = 0; i < kRows; ++i) keys.push_back(xxh3_128(std::to_string(i)));
  KeyDatabase::Changes first;
  first.put_state({.table_uuid = "table", .columns = "key", .snapshot_id = 1, .next_file_id = 3});
  for (const std::uint64_t id : {0, 1, 2}) first.put_file(id, {"file" + std::to_string(id), ""});
  for (std::uint32_t i = 0; i < kRows; ++i) {
    first.put_row(keys[i], 0, i, "rank");
    if (i % 10 == 0) first.put_version(keys[i], "v", {0, i}, "entry");
  }
  must(database->apply(first));
  const auto [reversed, shifted] = two_moves(kRows);
  KeyDatabase::Changes moves;
  std::string places(reinterpret_cast<const char*>(reversed.data()), sizeof(std::uint32_t) * kRows);
  const std::uint64_t one = must(database->write_places(places));
  places.assign(reinterpret_cast<const char*>(shifted.data()), sizeof(std::uint32_t) * kRows);
  const std::uint64_t other = must(database->write_places("four" + places));
  moves.put_move(0, {.new_file_id = 1, .rows = kRows, .places_file = one});
  moves.put_move(1, {.new_file_id = 2, .rows = kRows, .places_file = other, .first_place = 1});
  moves.remove_row(keys[kRows - 1]);
  must(database->apply(moves));
  const auto check = [&] {
    std::vector<RowKey> wanted(keys.begin(), keys.end() - 1);
    for (const std::size_t count : {std::size_t{7}, wanted.size()}) {
      const auto found = must(database->find(std::span(wanted).first(count)));
      for (std::size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(found[i].has_value());
        ASSERT_EQ(found[i]->file_id, 2U);
        ASSERT_EQ(found[i]->position, static_cast<std::int64_t>(kRows - 1 - i + 5));
        ASSERT_EQ(found[i]->rank, "rank");
      }
    }
    const auto versions = database->read_versions();
    must(versions->read(keys[10],
                        [kRows](std::string_view version, const VersionPlace& place, std::string_view) {
                          EXPECT_EQ(version, "v");
                          EXPECT_EQ(place.file_id, 2U);
                          EXPECT_EQ(place.position, kRows - 1 - 10 + 5);
                          return ok_status();
                        }));
  };
  check();
  for (int step = 0; must(database->file_ids()).size() > 1; ++step) {
    ASSERT_LT(step, 10'000);
    must(database->settle_some());
    if (GetParam().threads > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (step == 7) open();
    if (step % 20 == 3) check();
  }
  EXPECT_EQ(must(database->file_ids()).begin()->second, 2U);
  EXPECT_TRUE(std::filesystem::is_empty(folder + "/moves"));
  check();
  open();
  check();
  database.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tarn::table
