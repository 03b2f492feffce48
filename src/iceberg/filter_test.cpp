#include "iceberg/filter/filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "iceberg/errors.h"
#include "iceberg/filter/evidence.h"
#include "iceberg/json/codec.h"

namespace tarn::iceberg {
namespace {

using Rows = std::vector<std::optional<Literal>>;
using Rng = std::mt19937_64;

Schema visits() {
  return Schema::make(
             {.fields = {{.id = 1, .name = "id", .type = Type::int64()},
                         {.id = 2, .name = "ward", .type = Type::string()},
                         {.id = 3, .name = "at", .type = Type::timestamp()},
                         {.id = 4, .name = "day", .type = Type::date()},
                         {.id = 5, .name = "beds", .type = Type::int32()},
                         {.id = 6, .name = "cost", .type = Type::decimal(9, 2)},
                         {.id = 7, .name = "share", .type = Type::float64()},
                         {.id = 8,
                          .name = "who",
                          .type = Type::structure({{.id = 9, .name = "Name", .type = Type::string()}})},
                         {.id = 10, .name = "tags", .type = Type::list({.id = 11, .type = Type::string()})}}})
      .value();
}

std::string read(std::string_view text, NameCase name_case = NameCase::kSensitive) {
  const Json json = parse_json(text).value();
  const auto filter = filter_from(JsonView(json, kBadJson), visits(), name_case);
  return filter.ok() ? dump_json(json_of(*filter)) : std::string(filter.error().name());
}

Filter filter_of(std::string_view text) {
  const Json json = parse_json(text).value();
  return filter_from(JsonView(json, kBadJson), visits(), NameCase::kSensitive).value();
}

TEST(Filter, ReadsWhatTheReferenceWrites) {
  const std::pair<std::string_view, std::string_view> kForms[] = {
      {"true", "true"},
      {R"({"type":"false"})", "false"},
      {R"({"type":"literal","value":true})", "true"},
      {R"({"type":"is-null","term":"id"})", R"({"term":"id","type":"is-null"})"},
      {R"({"type":"NOT_NULL","term":{"type":"reference","term":"id"}})",
       R"({"term":"id","type":"not-null"})"},
      {R"({"type":"lt","term":"day","value":1})", R"({"term":"day","type":"lt","value":"1970-01-02"})"},
      {R"({"type":"gt-eq","term":"at","value":1000000})",
       R"({"term":"at","type":"gt-eq","value":"1970-01-01T00:00:01.000000"})"},
      {R"({"type":"eq","term":"cost","value":"12.5"})", R"({"term":"cost","type":"eq","value":"12.50"})"},
      {R"({"type":"eq","term":"cost","value":12})", R"({"term":"cost","type":"eq","value":"12.00"})"},
      {R"({"type":"eq","term":{"type":"transform","transform":"bucket[16]","term":"ward"},"value":3})",
       R"({"term":{"term":"ward","transform":"bucket[16]","type":"transform"},"type":"eq","value":3})"},
      {R"({"type":"in","term":"who.Name","values":["a","b"]})",
       R"({"term":"who.Name","type":"in","values":["a","b"]})"},
      {R"({"type":"in","term":"id","values":[]})", "false"},
      {R"({"type":"not","child":{"type":"lt","term":"id","value":5}})",
       R"({"term":"id","type":"gt-eq","value":5})"},
      {R"({"type":"not","child":{"type":"and","left":{"type":"is-nan","term":"share"},)"
       R"("right":{"type":"not-starts-with","term":"ward","value":"x"}}})",
       R"({"left":{"term":"share","type":"not-nan"},"right":{"term":"ward","type":"starts-with","value":"x"},)"
       R"("type":"or"})"},
      {R"({"type":"or","left":true,"right":{"type":"is-null","term":"id"}})", "true"},
      // Beyond what a column can hold.
      {R"({"type":"lt","term":"beds","value":3000000000})", R"({"term":"beds","type":"not-null"})"},
      {R"({"type":"gt","term":"beds","value":3000000000})", "false"},
      {R"({"type":"in","term":"beds","values":[1,-3000000000]})",
       R"({"term":"beds","type":"in","values":[1]})"},
  };
  for (const auto& [given, wanted] : kForms) EXPECT_EQ(read(given), wanted) << given;
  for (const auto& [given, wanted] : kForms) EXPECT_EQ(read(wanted), wanted);
}

TEST(Filter, FindsColumnsWithoutCaseWhereAsked) {
  EXPECT_EQ(read(R"({"type":"is-null","term":"WHO.name"})"), "iceberg.column_not_found");
  EXPECT_EQ(read(R"({"type":"is-null","term":"WHO.name"})", NameCase::kInsensitive),
            R"({"term":"who.Name","type":"is-null"})");
  const Schema twins = Schema::make({.fields = {{.id = 1, .name = "a", .type = Type::int64()},
                                                {.id = 2, .name = "A", .type = Type::int64()}}})
                           .value();
  EXPECT_EQ(find_field(twins, "a", NameCase::kSensitive).value()->id, 1);
  EXPECT_EQ(find_field(twins, "a", NameCase::kInsensitive).error().name(), kColumnNotFound.name);
}

TEST(Filter, RefusesWhatMakesNoSense) {
  const std::string_view kBad[] = {
      "5",
      "[]",
      R"({})",
      R"({"type":"like","term":"ward","value":"x"})",
      R"({"type":"and","left":true})",
      R"({"type":"not"})",
      R"({"type":"eq","term":"id"})",
      R"({"type":"eq","term":"id","value":"x"})",
      R"({"type":"eq","term":"id","value":null})",
      R"({"type":"eq","term":"cost","value":"1.234"})",
      R"({"type":"eq","term":"share","value":"NaN"})",
      R"({"type":"is-nan","term":"id"})",
      R"({"type":"starts-with","term":"id","value":"x"})",
      R"({"type":"in","term":"id","values":5})",
      R"({"type":"eq","term":"who","value":"x"})",
      R"({"type":"is-null","term":"tags.element"})",
      R"({"type":"is-null","term":{"type":"sum","term":"id"}})",
      R"({"type":"is-null","term":5})",
  };
  for (const std::string_view text : kBad) EXPECT_EQ(read(text), "iceberg.bad_filter") << text;
  EXPECT_EQ(read(R"({"type":"is-null","term":"nothing"})"), "iceberg.column_not_found");
  EXPECT_EQ(read(R"({"type":"eq","term":{"type":"transform","transform":"day","term":"ward"},"value":3})"),
            "iceberg.bad_transform");
}

// The meaning of a predicate for one value; nothing where engines differ (null against a value).
std::optional<bool> holds(const Predicate& test, const std::optional<Literal>& source) {
  const std::optional<Literal> value = test.transform.apply(source).value();
  if (test.op == Operator::kIsNull) return !value;
  if (test.op == Operator::kNotNull) return value.has_value();
  const bool negative =
      test.op == Operator::kNotEq || test.op == Operator::kNotIn || test.op == Operator::kNotStartsWith;
  if (!value) return negative ? std::nullopt : std::optional(false);
  const auto is_value = [&](const Literal& one) { return compare(*value, one) == 0; };
  const bool member = std::any_of(test.values.begin(), test.values.end(), is_value);
  switch (test.op) {
    case Operator::kEq:
    case Operator::kIn:
      return member;
    case Operator::kNotEq:
    case Operator::kNotIn:
      return !member;
    case Operator::kStartsWith:
      return value->get<std::string>().starts_with(test.values[0].get<std::string>());
    case Operator::kNotStartsWith:
      return !value->get<std::string>().starts_with(test.values[0].get<std::string>());
    case Operator::kLt:
      return compare(*value, test.values[0]) < 0;
    case Operator::kLtEq:
      return compare(*value, test.values[0]) <= 0;
    case Operator::kGt:
      return compare(*value, test.values[0]) > 0;
    default:
      return compare(*value, test.values[0]) >= 0;
  }
}

Literal random_value(const Type& type, Rng& rng) {
  const auto number = [&](std::int64_t range) {
    return static_cast<std::int64_t>(rng() % static_cast<std::uint64_t>(2 * range)) - range;
  };
  switch (type.id()) {
    case TypeId::kInt:
      return Literal::int32(static_cast<std::int32_t>(number(30)));
    case TypeId::kLong:
      return Literal::int64(number(30));
    case TypeId::kDate:
      return Literal::date(static_cast<std::int32_t>(number(500)));
    case TypeId::kTimestamp:
      return Literal::timestamp(number(100) * 7'200'000'000 + number(3));
    case TypeId::kDecimal:
      return Literal::decimal(type, number(300));
    default: {
      static const std::vector<std::string> kPieces = {"a", "b", "é", "😀", "\x7f"};
      std::string text;
      for (std::uint64_t left = rng() % 5; left > 0; --left) text += kPieces[rng() % kPieces.size()];
      return Literal::string(text);
    }
  }
}

// A file of these rows, its bounds cut as writers cut them.
DataFile file_of(const Rows& rows, std::int32_t column_id, Rng& rng) {
  DataFile file;
  std::int64_t nulls = 0;
  std::optional<Literal> lower;
  std::optional<Literal> upper;
  for (const auto& row : rows) {
    if (!row) {
      ++nulls;
      continue;
    }
    if (!lower || compare(*row, *lower) < 0) lower = row;
    if (!upper || compare(*row, *upper) > 0) upper = row;
  }
  if (rng() % 4 == 0) return file;  // A writer that keeps no metrics.
  file.value_counts.set(column_id, static_cast<std::int64_t>(rows.size()));
  file.null_value_counts.set(column_id, nulls);
  if (lower) file.lower_bounds.set(column_id, truncated_lower_bound(*lower, 2).to_binary());
  if (upper) {
    if (const auto bound = truncated_upper_bound(*upper, 2))
      file.upper_bounds.set(column_id, bound->to_binary());
  }
  return file;
}

ManifestFile manifest_of(const std::optional<Literal>& partition) {
  ManifestFile manifest;
  FieldSummary summary{.contains_null = !partition, .contains_nan = false};
  if (partition) summary.lower_bound = summary.upper_bound = partition->to_binary();
  manifest.partitions.push_back(std::move(summary));
  return manifest;
}

Predicate random_test(const NestedField& column, const Transform& transform, Rng& rng) {
  Predicate test{.column_id = column.id, .column = column.name, .transform = transform};
  test.type = transform.result_type(column.type).value();
  do {
    test.op = static_cast<Operator>(rng() % 14);
  } while (test.op == Operator::kIsNan || test.op == Operator::kNotNan ||
           ((test.op == Operator::kStartsWith || test.op == Operator::kNotStartsWith) &&
            test.type.id() != TypeId::kString));
  const bool set = test.op == Operator::kIn || test.op == Operator::kNotIn;
  const std::uint64_t count = test.op <= Operator::kNotNan ? 0 : set ? 1 + rng() % 3 : 1;
  while (test.values.size() < count) {
    const auto value = transform.apply(random_value(column.type, rng)).value();
    test.values.push_back(*value);
  }
  return test;
}

// Whatever is decided of a file agrees with every row that may lie in it.
TEST(Filter, DecidesAsEveryRowWould) {
  Rng rng(20);
  const Schema schema = visits();
  const std::vector<std::pair<std::int32_t, std::vector<Transform>>> kLayouts = {
      {1, {Transform::identity(), Transform::truncate(10), Transform::bucket(4)}},
      {2, {Transform::identity(), Transform::truncate(1), Transform::truncate(2), Transform::bucket(4)}},
      {3,
       {Transform::year(), Transform::month(), Transform::day(), Transform::hour(),
        Transform::always_null()}},
      {4, {Transform::identity(), Transform::year(), Transform::month(), Transform::day()}},
      {5, {Transform::identity(), Transform::truncate(7)}},
      {6, {Transform::truncate(50), Transform::bucket(3)}}};
  int decided = 0;
  for (int round = 0; round < 20'000; ++round) {
    const auto& [column_id, transforms] = kLayouts[rng() % kLayouts.size()];
    const NestedField& column = *schema.find(column_id);
    const Transform& layout = transforms[rng() % transforms.size()];
    const PartitionSpec spec{.fields = {{column_id, 1000, "p", layout}}};
    // Rows of one partition.
    Rows rows = {rng() % 5 == 0 ? std::nullopt : std::optional(random_value(column.type, rng))};
    const auto partition = layout.apply(rows[0]).value();
    for (int more = 0; more < 20; ++more) {
      const auto row = rng() % 8 == 0 ? std::nullopt : std::optional(random_value(column.type, rng));
      if (layout.apply(row).value() == partition) rows.push_back(row);
    }
    DataFile file = file_of(rows, column_id, rng);
    file.partition = {partition};
    const Transform& tested =
        rng() % 3 == 0 && layout.kind() != TransformKind::kVoid ? layout : Transform::identity();
    const Predicate test = random_test(column, tested, rng);
    const Filter left = residual(Filter::of(test), file, spec, schema);
    for (const auto& row : rows) {
      const auto wanted = holds(test, row);
      if (!wanted) continue;
      const std::string where =
          dump_json(json_of(Filter::of(test))) + " of " + (row ? row->to_json() : "null");
      if (left.kind == Filter::Kind::kPredicate) {
        EXPECT_EQ(holds(left.predicate, row), wanted) << where;
      } else {
        EXPECT_EQ(left.kind == Filter::Kind::kTrue, *wanted) << where;
      }
    }
    decided += left.kind != Filter::Kind::kPredicate;
    const bool some = std::any_of(rows.begin(), rows.end(),
                                  [&](const auto& row) { return holds(test, row).value_or(true); });
    if (some) {
      EXPECT_TRUE(may_match(Filter::of(test), manifest_of(partition), spec,
                            spec.partition_type(schema).value(), schema))
          << dump_json(json_of(Filter::of(test)));
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(decided, 7'000);  // It would be of no use otherwise.
}

TEST(Filter, DropsWhatIsDecided) {
  const Schema schema = visits();
  const PartitionSpec spec{.fields = {{2, 1000, "ward", Transform::identity()}}};
  DataFile file;
  file.partition = {Literal::string("north")};
  const auto left = [&](std::string_view text) {
    return dump_json(json_of(residual(filter_of(text), file, spec, schema)));
  };
  EXPECT_EQ(left(R"({"type":"and","left":{"type":"eq","term":"ward","value":"north"},)"
                 R"("right":{"type":"lt","term":"id","value":5}})"),
            R"({"term":"id","type":"lt","value":5})");
  EXPECT_EQ(left(R"({"type":"and","left":{"type":"eq","term":"ward","value":"south"},)"
                 R"("right":{"type":"lt","term":"id","value":5}})"),
            "false");
  EXPECT_EQ(left(R"({"type":"or","left":{"type":"in","term":"ward","values":["south","north"]},)"
                 R"("right":{"type":"lt","term":"id","value":5}})"),
            "true");
}

TEST(Filter, KnowsNaNs) {
  const Schema schema = visits();
  DataFile file;
  file.value_counts.set(7, 5);
  file.null_value_counts.set(7, 0);
  file.nan_value_counts.set(7, 5);
  const auto left = [&](std::string_view text) { return residual(filter_of(text), file, {}, schema).kind; };
  EXPECT_EQ(left(R"({"type":"is-nan","term":"share"})"), Filter::Kind::kTrue);
  EXPECT_EQ(left(R"({"type":"gt","term":"share","value":1.5})"), Filter::Kind::kFalse);
  file.nan_value_counts.set(7, 1);
  file.lower_bounds.set(7, Literal::float64(2).to_binary());
  file.upper_bounds.set(7, Literal::float64(3).to_binary());
  EXPECT_EQ(left(R"({"type":"gt","term":"share","value":1.5})"), Filter::Kind::kPredicate);
  EXPECT_EQ(left(R"({"type":"lt","term":"share","value":1.5})"), Filter::Kind::kFalse);
}

TEST(Filter, IgnoresWhatIsNotOfTheColumnsType) {
  const Schema schema = visits();
  const PartitionSpec spec{
      .fields = {{1, 1000, "id", Transform::identity()}, {3, 1001, "at", Transform::year()}}};
  DataFile file;
  // An int before it was widened; a string from a damaged file.
  file.partition = {Literal::int32(5), Literal::string("x")};
  const auto left = [&](std::string_view text) { return residual(filter_of(text), file, spec, schema).kind; };
  EXPECT_EQ(left(R"({"type":"eq","term":"id","value":7})"), Filter::Kind::kPredicate);
  EXPECT_EQ(left(R"({"type":"lt","term":"at","value":7})"), Filter::Kind::kPredicate);
  file.partition.pop_back();
  EXPECT_EQ(left(R"({"type":"is-null","term":"id"})"), Filter::Kind::kPredicate);
}

}  // namespace
}  // namespace tarn::iceberg
