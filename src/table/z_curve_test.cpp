#include "table/maintenance/z_curve.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <numeric>
#include <random>
#include <set>

#include "table/arrow_schema.h"
#include "table/errors.h"
#include "table/maintenance/row_merge.h"
#include "table/testing/table.h"

namespace tarn::table {
namespace {

using iceberg::Schema;
using iceberg::Type;
using testing::must;
using testing::TestTable;

Schema schema() {
  return must(
      Schema::make({.fields = {{.id = 1, .name = "x", .type = Type::int32()},
                               {.id = 2, .name = "name", .type = Type::string()},
                               {.id = 3, .name = "value", .type = Type::float64()},
                               {.id = 4, .name = "day", .type = Type::date()},
                               {.id = 5, .name = "amount", .type = Type::decimal(10, 2)},
                               {.id = 6,
                                .name = "list",
                                .type = Type::list({.id = 7, .name = "element", .type = Type::int32()})}}}));
}

std::optional<ZCurve> curve_of(TestTable& table, const std::string& property) {
  table.metadata.properties["tarn.zorder"] = property;
  return must(ZCurve::of_table(table.metadata));
}

/// Rows of x and name; null where x is negative.
std::shared_ptr<arrow::RecordBatch> pairs(const std::vector<std::pair<std::int32_t, std::string>>& rows) {
  arrow::Int32Builder x;
  arrow::StringBuilder name;
  for (const auto& [number, text] : rows) {
    EXPECT_TRUE((number < 0 ? x.AppendNull() : x.Append(number)).ok());
    EXPECT_TRUE((text.empty() ? name.AppendNull() : name.Append(text)).ok());
  }
  const auto fields = must(
      to_arrow_schema(must(Schema::make({.fields = {{.id = 1, .name = "x", .type = Type::int32()},
                                                    {.id = 2, .name = "name", .type = Type::string()}}}))));
  return arrow::RecordBatch::Make(fields, static_cast<std::int64_t>(rows.size()),
                                  {x.Finish().ValueOrDie(), name.Finish().ValueOrDie()});
}

Schema pair_schema() {
  return must(Schema::make({.fields = {{.id = 1, .name = "x", .type = Type::int32()},
                                       {.id = 2, .name = "name", .type = Type::string()}}}));
}

std::vector<std::uint32_t> fitted_order(ZCurve& curve, const std::shared_ptr<arrow::RecordBatch>& batch) {
  must(curve.observe(*batch, pair_schema()));
  curve.fit();
  return must(curve.ordered_rows(*batch, pair_schema()));
}

TEST(ZCurve, IsMortonsOrderWhateverTheTypes) {
  TestTable table(schema());
  std::optional<ZCurve> curve = curve_of(table, " x , name");
  ASSERT_TRUE(curve);
  EXPECT_EQ(curve->field_ids(), (std::vector<std::int32_t>{1, 2}));
  // 16 x 16 places: numbers from 1,000,000 on, texts that differ in the byte behind a long beginning.
  std::vector<std::pair<std::int32_t, std::string>> rows;
  for (int i = 0; i < 256; ++i)
    rows.emplace_back(1'000'000 + i / 16,
                      std::string("the same beginning ") + static_cast<char>('a' + i % 16));
  std::ranges::shuffle(rows, std::mt19937(3));
  const auto morton = [&](std::uint32_t row) {
    const auto x = static_cast<unsigned>(rows[row].first - 1'000'000);
    const auto y = static_cast<unsigned>(rows[row].second.back() - 'a');
    unsigned code = 0;
    for (unsigned bit = 0; bit < 4; ++bit)
      code |= (x >> bit & 1U) << (2 * bit + 1) | (y >> bit & 1U) << (2 * bit);
    return code;
  };
  const auto order = fitted_order(*curve, pairs(rows));
  for (std::uint32_t i = 0; i < order.size(); ++i) EXPECT_EQ(morton(order[i]), i);
}

TEST(ZCurve, EqualRowsKeepTheirOrderAndNullsAreAsTheLeast) {
  TestTable table(schema());
  std::optional<ZCurve> curve = curve_of(table, "x,name");
  const auto order =
      fitted_order(*curve, pairs({{5, "b"}, {-1, ""}, {5, "b"}, {9, "z"}, {-1, ""}, {5, "b"}}));
  EXPECT_EQ(order, (std::vector<std::uint32_t>{0, 1, 2, 4, 5, 3}));
  std::optional<ZCurve> of_nothing = curve_of(table, "x,name");
  EXPECT_EQ(fitted_order(*of_nothing, pairs({{-1, ""}, {-1, ""}})), (std::vector<std::uint32_t>{0, 1}));
}

TEST(ZCurve, PiecesOfFilesAreNarrowInEveryColumn) {
  TestTable table(schema());
  std::optional<ZCurve> curve = curve_of(table, "x,name");
  std::mt19937 dice(11);
  std::vector<std::pair<std::int32_t, std::string>> rows;
  for (int i = 0; i < 64 * 1024; ++i)
    rows.emplace_back(static_cast<std::int32_t>(dice() % 366), "H" + std::to_string(1000 + dice() % 8000));
  const auto order = fitted_order(*curve, pairs(rows));
  std::size_t by_x = 0;
  std::size_t by_name = 0;
  constexpr std::size_t kPieces = 64;
  for (std::size_t piece = 0; piece < kPieces; ++piece) {
    const std::span part(order.data() + piece * rows.size() / kPieces, rows.size() / kPieces);
    const auto x = std::ranges::minmax(part, {}, [&](std::uint32_t row) { return rows[row].first; });
    const auto name = std::ranges::minmax(part, {}, [&](std::uint32_t row) { return rows[row].second; });
    by_x += rows[x.min].first <= 100 && 100 <= rows[x.max].first ? 1 : 0;
    by_name += rows[name.min].second <= "H5000" && "H5000" <= rows[name.max].second ? 1 : 0;
  }
  EXPECT_LE(by_x, kPieces / 4);
  EXPECT_LE(by_name, kPieces / 4);
}

TEST(ZCurve, RefusesWhatIsNoListOfColumns) {
  TestTable table(schema());
  for (const std::string property : {"y", "x,", "x,x", "list", "x,name,value,day,amount", ","}) {
    table.metadata.properties["tarn.zorder"] = property;
    const auto curve = ZCurve::of_table(table.metadata);
    ASSERT_FALSE(curve.ok()) << property;
    EXPECT_EQ(curve.error().name(), kBadZOrder.name) << property;
  }
  EXPECT_FALSE(curve_of(table, " "));
}

/// Rows at hand, in batches of seven.
class GivenRows final : public DataFileReader {
 public:
  explicit GivenRows(std::shared_ptr<arrow::RecordBatch> rows) : rows_(std::move(rows)) {}
  Result<std::optional<FileRows>> next() override {
    const std::int64_t count = std::min<std::int64_t>(7, rows_->num_rows() - next_);
    if (count == 0) return std::optional<FileRows>();
    FileRows rows{rows_->Slice(next_, count), {}};
    for (std::int64_t i = 0; i < count; ++i) rows.positions.push_back(next_ + i);
    next_ += count;
    return std::optional(std::move(rows));
  }

 private:
  std::shared_ptr<arrow::RecordBatch> rows_;
  std::int64_t next_ = 0;
};

TEST(RowMergeSpill, GivesTheSameWithAndWithoutRoom) {
  const std::string folder = ::testing::TempDir() + "tarn-row-merge";
  std::filesystem::create_directories(folder);
  TestTable table(schema());
  std::mt19937 dice(5);
  std::vector<std::shared_ptr<arrow::RecordBatch>> files;
  for (int file = 0; file < 3; ++file) {
    std::vector<std::pair<std::int32_t, std::string>> rows;
    for (int i = 0; i < 1000; ++i)
      rows.emplace_back(static_cast<std::int32_t>(dice() % 50), "n" + std::to_string(dice() % 50));
    files.push_back(pairs(rows));
  }
  std::optional<ZCurve> curve = curve_of(table, "x,name");
  for (const auto& file : files) must(curve->observe(*file, pair_schema()));
  curve->fit();
  const Schema columns = pair_schema();
  const iceberg::SortOrder unsorted;
  const auto merged = [&](const MergeSpill& spill) {
    RowMerge merge({.schema = columns, .sort = unsorted, .curve = &*curve}, spill);
    for (const auto& file : files) must(merge.add(std::make_unique<GivenRows>(file), false));
    EXPECT_TRUE(std::filesystem::is_empty(folder)) << "what waits on disk has no name";
    std::vector<std::pair<std::uint32_t, std::uint32_t>> origins;
    for (;;) {
      const auto rows = must(merge.next());
      if (!rows) return origins;
      for (std::size_t i = 0; i < rows->origins.size(); ++i) {
        const RowOrigin& origin = rows->origins[i];
        origins.emplace_back(origin.source, origin.position);
        EXPECT_TRUE(rows->batch->Slice(static_cast<std::int64_t>(i), 1)
                        ->Equals(*files[origin.source]->Slice(origin.position, 1)));
      }
    }
  };
  const auto in_memory = merged({});
  EXPECT_EQ(in_memory.size(), 3000U);
  EXPECT_EQ(std::set(in_memory.begin(), in_memory.end()).size(), 3000U);
  const auto spilled = merged({.folder = folder, .memory_bytes = 4000});
  const auto place = [&](const auto& origin) { return files[origin.first]->Slice(origin.second, 1); };
  ASSERT_EQ(spilled.size(), in_memory.size());
  EXPECT_EQ(std::set(spilled.begin(), spilled.end()).size(), 3000U);
  for (std::size_t i = 0; i < spilled.size(); ++i)
    ASSERT_TRUE(place(spilled[i])->Equals(*place(in_memory[i]))) << "the row at " << i;
}

}  // namespace
}  // namespace tarn::table
