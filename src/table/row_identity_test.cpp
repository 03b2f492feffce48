#include "table/columns/row_identity.h"

#include <arrow/api.h>

#include <set>

#include "iceberg/literal.h"
#include "table/arrow_schema.h"
#include "table/columns/values.h"
#include "table/history/version_values.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using testing::must;

TEST(RowIdentity, RanksOrderAsLiteralsOfEveryTypeWithNullFirst) {
  testing::Rng rng(1);
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 300, rng);
  for (const iceberg::NestedField& field : schema.fields()) {
    SCOPED_TRACE(field.name);
    const auto& column = batch->GetColumnByName(field.name);
    RowIdentities rows;
    must(append_identities({.key = {}, .rank = {{column, field.name, field.type}}}, 300, rows));
    for (std::int64_t a = 0; a < 300; ++a) {
      const auto left = must(literal_at(*column, field.type, a));
      for (std::int64_t b = 0; b < 300; ++b) {
        const auto right = must(literal_at(*column, field.type, b));
        const auto got = rows.ranks[static_cast<std::size_t>(a)] <=> rows.ranks[static_cast<std::size_t>(b)];
        const std::partial_ordering expected =
            left && right ? iceberg::compare(*left, *right)
                          : std::partial_ordering(left.has_value() <=> right.has_value());
        ASSERT_TRUE(expected == (got < 0    ? std::partial_ordering::less
                                 : got == 0 ? std::partial_ordering::equivalent
                                            : std::partial_ordering::greater))
            << a << " " << b;
      }
    }
  }
}

TEST(RowIdentity, KeysTellColumnsApartAndIgnoreWidth) {
  const auto strings = [](const std::vector<std::string>& values) {
    arrow::StringBuilder builder;
    EXPECT_TRUE(builder.AppendValues(values).ok());
    return builder.Finish().ValueOrDie();
  };
  const std::string zero("\0", 1);
  const auto a = strings({"ab", "a", "", zero, "a" + zero, zero + zero});
  const auto b = strings({"c", "bc", "abc", "", zero, ""});
  RowIdentities rows;
  must(append_identities(
      {.key = {{a, "a", iceberg::Type::string()}, {b, "b", iceberg::Type::string()}}, .rank = {}}, 6, rows));
  EXPECT_EQ((std::set<RowKey>(rows.keys.begin(), rows.keys.end())).size(), 6U);
  EXPECT_EQ(winners(rows).size(), 6U);

  arrow::Int32Builder narrow;
  arrow::Int64Builder wide;
  for (const std::int32_t value : {0, -1, 7, INT32_MAX, INT32_MIN})
    EXPECT_TRUE(narrow.Append(value).ok() && wide.Append(value).ok());
  RowIdentities one;
  RowIdentities two;
  must(append_identities({.key = {{narrow.Finish().ValueOrDie(), "n", iceberg::Type::int32()}}, .rank = {}},
                         5, one));
  must(append_identities({.key = {{wide.Finish().ValueOrDie(), "w", iceberg::Type::int64()}}, .rank = {}}, 5,
                         two));
  EXPECT_EQ(one.keys, two.keys);
}

TEST(VersionValues, ComeBackFromTheirBytes) {
  testing::Rng rng(3);
  using iceberg::Type;
  for (const Type& type : {Type::int32(), Type::int64(), Type::float64(), Type::decimal(18, 4), Type::date(),
                           Type::timestamp(), Type::timestamptz()}) {
    const auto array = testing::random_array(must(to_arrow_type(type)), 50, 0.2, rng);
    std::vector<std::string> bytes;
    for (std::int64_t row = 0; row < array->length(); ++row) {
      std::string& text = bytes.emplace_back();
      if (array->IsNull(row)) continue;
      text = '\1';
      append_ordered(text, *array, type, row);
    }
    const std::vector<std::string_view> views(bytes.begin(), bytes.end());
    const auto back = must(values_of_versions(type, views));
    EXPECT_TRUE(back->Equals(*array, arrow::EqualOptions::Defaults().nans_equal(true))) << type.to_string();
  }
}

}  // namespace
}  // namespace tarn::table
