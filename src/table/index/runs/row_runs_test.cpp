#include "table/index/runs/row_runs.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <numeric>
#include <random>

#include "table/errors.h"
#include "table/testing/upsert.h"

namespace tarn::table {
namespace {

namespace fs = std::filesystem;
using testing::must;

/// What rows are, with the rank owned.
struct ModelRow {
  bool is_gone = false;
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
  std::string rank = {};
};
using Model = std::map<RowKey, ModelRow>;

class RowRunsTest : public ::testing::Test {
 protected:
  RowRunsTest() { fs::remove_all(folder_); }
  ~RowRunsTest() override { fs::remove_all(folder_); }

  RunRow view(const RowKey& key, const ModelRow& row) const {
    return {key, row.is_gone, row.file_id, row.position, row.rank};
  }
  void add(RowRuns& runs, const Model& rows) {
    auto all = runs.runs();
    all.push_back(must(runs.write([&](RunWriter& writer) -> Status {
      for (const auto& [key, row] : rows) TARN_RETURN_IF_ERROR(writer.add(view(key, row)));
      return ok_status();
    })));
    must(runs.take(std::move(all)));
  }
  /// Takes what was merged, and says whether there was anything.
  bool merge(RowRuns& runs) {
    auto merged = must(runs.merged());
    if (merged) must(runs.take(std::move(merged->runs)));
    return merged.has_value();
  }
  void expect(const RowRuns& runs, const Model& model, std::span<const RowKey> keys) {
    std::vector<std::uint32_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) { return keys[a] < keys[b]; });
    SoughtRows sought(keys.size());
    must(runs.find(keys, order, sought));
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const auto known = model.find(keys[i]);
      const bool is_there = known != model.end() && !known->second.is_gone;
      ASSERT_EQ(sought.rows[i].has_value(), is_there);
      if (!is_there) continue;
      ASSERT_EQ(sought.rows[i]->rank, known->second.rank);
      ASSERT_EQ(sought.rows[i]->file_id, known->second.file_id);
      ASSERT_EQ(sought.rows[i]->position, known->second.position);
    }
  }

  RowKey random_key() {
    // Some halves are shared, as those of hashes nearly never are.
    const std::uint64_t low = random_() % 8 == 0 ? random_() % 3 << 62 : random_();
    return {low, random_() % 4 == 0 ? random_() % 5 : random_()};
  }
  ModelRow random_row() {
    ModelRow row{.is_gone = random_() % 5 == 0};
    if (row.is_gone) return row;
    row.file_id = random_() >> (random_() % 64);
    row.position = static_cast<std::int64_t>(random_() >> (1 + random_() % 63));
    const std::size_t size = random_() % 50 == 0 ? random_() % 20'000 : random_() % 30;
    row.rank = std::string(size, 'r');
    if (size > 0) row.rank[random_() % size] = static_cast<char>(random_());
    return row;
  }

  std::string folder_ = ::testing::TempDir() + "tarn-row-runs-" + std::to_string(::getpid());
  std::mt19937_64 random_{7};
};

// Runs of all sizes, replaced and removed rows, merges and new starts in between.
TEST_F(RowRunsTest, HaveOfEachKeyTheYoungestRow) {
  for (const std::size_t threads : {1, 2}) {
    fs::remove_all(folder_);
    auto runs = std::make_unique<RowRuns>(folder_, threads);
    Model model;
    std::vector<RowKey> keys;
    std::size_t merges = 0;
    for (int round = 0; round < 120; ++round) {
      Model rows;
      for (std::uint64_t left = random_() % (round % 10 == 0 ? 3000 : 60); left > 0; --left) {
        const bool is_old = !keys.empty() && random_() % 2 == 0;
        keys.push_back(is_old ? keys[random_() % keys.size()] : random_key());
        rows[keys.back()] = random_row();
      }
      for (const auto& [key, row] : rows) model[key] = row;
      add(*runs, rows);
      merges += merge(*runs) ? 1 : 0;
      runs->merge_if_due();
      if (round % 9 == 0) {
        const std::string list = RowRuns::list(runs->runs());
        runs = std::make_unique<RowRuns>(folder_, threads);
        must(runs->load(list));
      }
      std::vector<RowKey> wanted;
      for (std::uint64_t left = random_() % 400; left > 0 && !keys.empty(); --left)
        wanted.push_back(random_() % 4 == 0 ? random_key() : keys[random_() % keys.size()]);
      expect(*runs, model, wanted);
    }
    EXPECT_GT(merges, 5U);
    EXPECT_LT(runs->runs().size(), 32U);
    expect(*runs, model, keys);
    std::erase_if(model, [](const auto& row) { return row.second.is_gone; });
    auto row = model.begin();
    must(visit_runs(runs->runs(), [&](const RunRow& found) {
      if (found.is_gone) return ok_status();
      EXPECT_EQ(found.key, row->first);
      EXPECT_EQ(found.rank, row->second.rank);
      ++row;
      return ok_status();
    }));
    EXPECT_TRUE(row == model.end());
  }
}

TEST_F(RowRunsTest, RemoveFilesThatTheListDoesNotName) {
  RowRuns runs(folder_, 1);
  add(runs, {{{1, 1}, {.rank = "a"}}});
  const std::string list = RowRuns::list(runs.runs());
  add(runs, {{{2, 2}, {.rank = "b"}}});
  RowRuns again(folder_, 1);
  must(again.load(list));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
  add(again, {{{3, 3}, {.rank = "c"}}});
  expect(again, {{{1, 1}, {.rank = "a"}}, {{3, 3}, {.rank = "c"}}},
         std::vector<RowKey>{{1, 1}, {2, 2}, {3, 3}});
  must(again.clear());
  EXPECT_TRUE(fs::is_empty(folder_));
}

// Whatever byte is another one, and wherever the file ends, a row is right or there is an error.
TEST_F(RowRunsTest, NoticeDamage) {
  Model model;
  for (int i = 0; i < 400; ++i) model[random_key()] = random_row();
  std::vector<RowKey> keys;
  for (const auto& [key, row] : model) keys.push_back(key);
  std::string list;
  {
    RowRuns runs(folder_, 1);
    add(runs, model);
    list = RowRuns::list(runs.runs());
  }
  const fs::path path = fs::directory_iterator(folder_)->path();
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto check = [&](const std::string& damaged) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    RowRuns runs(folder_, 1);
    const Status loaded = runs.load(list);
    if (!loaded.ok()) {
      EXPECT_EQ(&loaded.error().code(), &kIndexFailed);
      return false;
    }
    std::vector<std::uint32_t> order(keys.size());
    std::iota(order.begin(), order.end(), 0);
    SoughtRows sought(keys.size());
    const Status found = runs.find(keys, order, sought);
    const Status visited = visit_runs(runs.runs(), [](const RunRow&) { return ok_status(); });
    return found.ok() && visited.ok();
  };
  EXPECT_TRUE(check(bytes));
  for (std::size_t at = 0; at < bytes.size(); at += 1 + random_() % 400) {
    std::string damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random_() % 8));
    EXPECT_FALSE(check(std::move(damaged))) << at;
    EXPECT_FALSE(check(bytes.substr(0, at))) << at;
  }
  fs::remove(path);
  RowRuns runs(folder_, 1);
  EXPECT_FALSE(runs.load(list).ok());
  EXPECT_FALSE(runs.load("x").ok());
}

}  // namespace
}  // namespace tarn::table
