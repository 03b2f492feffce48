#include "engine/row_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "engine/database.h"
#include "engine/errors.h"
#include "engine/result_set.h"

namespace tarn::engine {
namespace {

std::vector<std::uint64_t> random_rows(std::mt19937_64& dice, std::uint64_t rows, double share) {
  std::vector<std::uint64_t> chosen;
  std::bernoulli_distribution is_chosen(share);
  for (std::uint64_t row = 0; row < rows; ++row)
    if (is_chosen(dice)) chosen.push_back(row);
  return chosen;
}

TEST(RowSet, MarksWhatItHoldsWhateverTheOrder) {
  std::mt19937_64 dice(7);
  for (const double share : {0.0, 0.001, 0.05, 0.3, 1.0}) {
    for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{1} << 40) - 70'000}) {
      const auto chosen = random_rows(dice, 200'000, share);
      RowSet set;
      for (const std::uint64_t row : chosen) {
        set.add(first + row);
        set.add(first + row);
      }
      std::vector<std::int64_t> rows(200'010);
      std::iota(rows.begin(), rows.end(), static_cast<std::int64_t>(first));
      if (share == 0.05) std::ranges::shuffle(rows, dice);
      const auto live = std::make_unique<bool[]>(rows.size());
      const std::span<bool> marks(live.get(), rows.size());
      std::ranges::fill(marks, true);
      set.mark_gone(rows, marks);
      const std::set<std::uint64_t> wanted(chosen.begin(), chosen.end());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const bool gone = wanted.contains(static_cast<std::uint64_t>(rows[i]) - first);
        ASSERT_EQ(marks[i], !gone) << "row " << rows[i] << " at " << share;
      }
    }
  }
}

/// Every third row of every file but the second, of which nothing is gone; the fourth cannot be read.
class EveryThird final : public RowFilter {
 public:
  EveryThird() {
    RowSet set;
    for (std::uint64_t row = 0; row < 10'000; row += 3) set.add(row);
    sets_.push_back(std::make_shared<const RowSet>(std::move(set)));
  }
  Result<std::span<const std::shared_ptr<const RowSet>>> gone(std::uint64_t file) override {
    if (file == 3) return Error(kIo, "file:///secret is missing");
    if (file == 1) return std::span<const std::shared_ptr<const RowSet>>();
    return std::span<const std::shared_ptr<const RowSet>>(sets_);
  }

 private:
  std::vector<std::shared_ptr<const RowSet>> sets_;
};

class Filtered : public testing::Test {
 protected:
  void SetUp() override {
    database_ = *Database::open({.memory_limit_bytes = 256ULL << 20, .threads = 2});
    connection_ = *database_->connect();
  }
  static std::string rows(std::uint64_t filter, const std::string& files) {
    return "SELECT count(*), sum(row) FROM (SELECT file::UBIGINT AS file, row FROM range(10000) r(row), "
           "(VALUES " +
           files + ") f(file)) WHERE tarn_is_live(" + std::to_string(filter) + ", file, row)";
  }
  std::string first(Result<ResultSet> result) {
    if (!result.ok()) return result.error().to_string();
    auto texts = read_texts(*result);
    if (!texts.ok()) return texts.error().to_string();
    return (*texts)[0][0].value_or("NULL") + " " + (*texts)[0][1].value_or("NULL");
  }
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(Filtered, LeavesOutWhatIsGone) {
  const RowFilterUse use = connection_->use_filter(std::make_shared<EveryThird>());
  EXPECT_EQ(first(connection_->query(rows(use.number(), "(0)"))), "6666 33326667");
  EXPECT_EQ(first(connection_->query(rows(use.number(), "(1)"))), "10000 49995000");
  EXPECT_EQ(first(connection_->query(rows(use.number(), "(0), (1), (2)"))), "23332 116648334");
}

TEST_F(Filtered, AnUnreadableFileFailsTheStatementAndTellsUsersNothing) {
  const RowFilterUse use = connection_->use_filter(std::make_shared<EveryThird>());
  EXPECT_THAT(first(connection_->query(rows(use.number(), "(0), (3)"))),
              testing::HasSubstr("file:///secret"));
  connection_->hide_machine();
  const std::string answer = first(connection_->query(rows(use.number(), "(0), (3)")));
  EXPECT_THAT(answer, testing::HasSubstr("sql.io"));
  EXPECT_THAT(answer, testing::Not(testing::HasSubstr("secret")));
}

TEST_F(Filtered, AStatementKeepsItsFilterAndNobodyFindsItLater) {
  auto use = std::make_unique<RowFilterUse>(connection_->use_filter(std::make_shared<EveryThird>()));
  const std::uint64_t number = use->number();
  auto prepared = connection_->prepare(rows(number, "(0)"));
  ASSERT_TRUE(prepared.ok()) << prepared.error().to_string();
  use.reset();
  EXPECT_EQ(first(prepared->execute()), "6666 33326667");
  EXPECT_THAT(first(connection_->query(rows(number, "(0)"))), testing::HasSubstr("no such filter"));
  EXPECT_THAT(first(connection_->query("SELECT count(*), 1 FROM range(3) r(row) WHERE "
                                       "tarn_is_live(row::UBIGINT, 0::UBIGINT, row)")),
              testing::HasSubstr("no such filter"));
}

}  // namespace
}  // namespace tarn::engine
