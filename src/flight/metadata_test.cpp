#include <arrow/api.h>
#include <gtest/gtest.h>

#include "flight/metadata/like_pattern.h"
#include "flight/metadata/metadata.h"

namespace tarn::flight {
namespace {

TEST(LikePattern, PercentIsAnything) {
  EXPECT_TRUE(matches_like("%", ""));
  EXPECT_TRUE(matches_like("", ""));
  EXPECT_TRUE(matches_like("cur%", "curated"));
  EXPECT_TRUE(matches_like("%a%e%", "curated"));
  EXPECT_TRUE(matches_like("%ed", "curated"));
  EXPECT_FALSE(matches_like("cur", "curated"));
  EXPECT_FALSE(matches_like("%e", "curated"));
  EXPECT_FALSE(matches_like("", "x"));
  EXPECT_FALSE(matches_like("Cur%", "curated"));
}

TEST(LikePattern, UnderscoreIsOneCharacter) {
  EXPECT_TRUE(matches_like("st_y", "stay"));
  EXPECT_TRUE(matches_like("st_y", "stäy"));
  EXPECT_TRUE(matches_like("%_y", "stay"));
  EXPECT_FALSE(matches_like("st_", "stay"));
  EXPECT_FALSE(matches_like("stay_", "stay"));
}

TEST(LikePattern, BackslashTakesTheMeaningAway) {
  EXPECT_TRUE(matches_like(R"(a\_b)", "a_b"));
  EXPECT_FALSE(matches_like(R"(a\_b)", "axb"));
  EXPECT_TRUE(matches_like(R"(100\%)", "100%"));
  EXPECT_FALSE(matches_like(R"(100\%)", "1000"));
  EXPECT_TRUE(matches_like(R"(a\\b)", R"(a\b)"));
}

TEST(LikePattern, ManyPercentsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 1000; ++i) pattern += "%a";
  EXPECT_FALSE(matches_like(pattern + "b", std::string(5000, 'a')));
}

void expect_sound(const Result<Table>& table, const std::shared_ptr<arrow::Schema>& schema) {
  ASSERT_TRUE(table.ok()) << table.error().to_string();
  const arrow::Status valid = (*table)->ValidateFull();
  EXPECT_TRUE(valid.ok()) << valid.ToString();
  EXPECT_TRUE((*table)->schema()->Equals(*schema));
}

TEST(Metadata, SqlInfoTellsWhatIsAskedFor) {
  const Result<Table> all = list_sql_info({}, "tarn 1");
  expect_sound(all, sql_info_schema());
  EXPECT_GT((*all)->num_rows(), 60);
  const Result<Table> some = list_sql_info({{1, 3, 508, 9999}}, "tarn 1");
  expect_sound(some, sql_info_schema());
  ASSERT_EQ((*some)->num_rows(), 3);
  const auto value = [&](std::int64_t row) {
    const auto scalar = (*some)->column(1)->GetScalar(row).ValueOrDie();
    return static_cast<const arrow::DenseUnionScalar&>(*scalar).value->ToString();
  };
  EXPECT_EQ(value(0), "tarn 1");
  EXPECT_EQ(value(1), "false");
  EXPECT_NE(value(2).find("PIVOT"), std::string::npos);
}

TEST(Metadata, TypesComeInTheirOrder) {
  const Result<Table> all = list_type_info({});
  expect_sound(all, type_info_schema());
  std::int32_t last = -100;
  for (std::int64_t i = 0; i < (*all)->num_rows(); ++i) {
    const auto scalar = (*all)->column(1)->GetScalar(i).ValueOrDie();
    const std::int32_t type = static_cast<const arrow::Int32Scalar&>(*scalar).value;
    EXPECT_LE(last, type);
    last = type;
  }
  const Result<Table> decimals = list_type_info({.data_type = 3});
  expect_sound(decimals, type_info_schema());
  EXPECT_EQ((*decimals)->num_rows(), 1);
}

TEST(Metadata, AnswersWithoutALakeAreSound) {
  expect_sound(list_catalogs("hospital"), catalogs_schema());
  expect_sound(list_table_types(), table_types_schema());
  expect_sound(list_foreign_keys(), foreign_keys_schema());
}

}  // namespace
}  // namespace tarn::flight
