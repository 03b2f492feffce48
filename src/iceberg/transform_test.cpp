#include "iceberg/transform.h"

#include <gtest/gtest.h>

#include "iceberg/partition_spec.h"
#include "iceberg/sort_order.h"

namespace tarn::iceberg {
namespace {

Literal value(const Type& type, std::string_view json) {
  return Literal::from_json(type, json).value();
}

TEST(Bucket, HashesAsAppendixBSays) {
  EXPECT_EQ(bucket_hash_int64(34), 2017239379);
  EXPECT_EQ(bucket_hash_decimal(1420), -500754589);
  EXPECT_EQ(bucket_hash_int64(value(Type::date(), "\"2017-11-16\"").get<std::int32_t>()), -653330422);
  EXPECT_EQ(bucket_hash_int64(value(Type::time(), "\"22:31:08\"").get<std::int64_t>()), -662762989);
  const auto at = [](const char* json) { return value(Type::timestamp(), json).get<std::int64_t>(); };
  EXPECT_EQ(bucket_hash_int64(at("\"2017-11-16T22:31:08\"")), -2047944441);
  EXPECT_EQ(bucket_hash_int64(at("\"2017-11-16T22:31:08.000001\"")), -1207196810);
  EXPECT_EQ(bucket_hash_bytes("iceberg"), 1210000089);
  EXPECT_EQ(bucket_hash_bytes(value(Type::uuid(), "\"f79c3e09-677c-4bbd-a479-3f349cb785e7\"").to_binary()),
            1488055340);
  EXPECT_EQ(bucket_hash_bytes(std::string_view("\0\1\2\3", 4)), -188683207);
  EXPECT_EQ(bucket_hash_int64(1), 1392991556);
}

struct Case {
  const char* transform;
  Type type;
  const char* input;
  const char* output;  ///< JSON of the result.
  const char* human;
};

TEST(Transform, GivesWhatTheSpecificationSays) {
  const Case kCases[] = {
      {"identity", Type::string(), "\"a/b\"", "\"a/b\"", "a/b"},
      {"bucket[16]", Type::int32(), "34", "3", "3"},
      {"bucket[16]", Type::int64(), "34", "3", "3"},
      {"bucket[16]", Type::string(), "\"iceberg\"", "9", "9"},
      {"bucket[7]", Type::fixed(4), "\"00010203\"", "3", "3"},
      {"truncate[10]", Type::int32(), "1", "0", "0"},
      {"truncate[10]", Type::int32(), "-1", "-10", "-10"},
      {"truncate[10]", Type::int64(), "-11", "-20", "-20"},
      {"truncate[50]", Type::decimal(9, 2), "\"10.65\"", "\"10.50\"", "10.50"},
      {"truncate[50]", Type::decimal(9, 2), "\"-0.01\"", "\"-0.50\"", "-0.50"},
      {"truncate[3]", Type::string(), "\"iceberg\"", "\"ice\"", "ice"},
      {"truncate[2]", Type::string(), "\"\xc3\xa4\xc3\xb6\xc3\xbc\"", "\"\xc3\xa4\xc3\xb6\"",
       "\xc3\xa4\xc3\xb6"},
      {"truncate[3]", Type::binary(), "\"0102030405\"", "\"010203\"", "AQID"},
      {"year", Type::date(), "\"2017-11-16\"", "47", "2017"},
      {"year", Type::date(), "\"1969-12-31\"", "-1", "1969"},
      {"month", Type::date(), "\"2017-12-01\"", "575", "2017-12"},
      {"month", Type::timestamp(), "\"1969-12-31T23:59:59.999999\"", "-1", "1969-12"},
      {"month", Type::date(), "\"1969-11-30\"", "-2", "1969-11"},
      {"day", Type::timestamptz(), "\"1969-12-31T23:59:59.999999+00:00\"", "\"1969-12-31\"", "1969-12-31"},
      {"day", Type::date(), "\"2024-02-29\"", "\"2024-02-29\"", "2024-02-29"},
      {"hour", Type::timestamp(), "\"1970-01-02T01:00:00\"", "25", "1970-01-02-01"},
      {"hour", Type::timestamp(), "\"1969-12-31T23:00:00\"", "-1", "1969-12-31-23"},
  };
  for (const Case& item : kCases) {
    const Transform transform = Transform::parse(item.transform).value();
    EXPECT_EQ(transform.to_string(), item.transform);
    const auto result = transform.apply(value(item.type, item.input));
    ASSERT_TRUE(result.ok()) << item.transform << " " << item.input;
    ASSERT_TRUE(result.value().has_value());
    EXPECT_EQ(result.value()->to_json(), item.output) << item.transform << " " << item.input;
    EXPECT_EQ(transform.to_human(result.value()), item.human);
    EXPECT_EQ(transform.result_type(item.type).value(), result.value()->type());
  }
}

TEST(Transform, GivesNullForNullAndVoid) {
  for (const char* text : {"identity", "bucket[4]", "truncate[2]", "year", "hour", "void"})
    EXPECT_EQ(Transform::parse(text).value().apply(std::nullopt).value(), std::nullopt) << text;
  EXPECT_EQ(Transform::always_null().apply(Literal::int32(3)).value(), std::nullopt);
  EXPECT_EQ(Transform::identity().to_human(std::nullopt), "null");
}

TEST(Transform, KnowsTheCalendarBeyondItsEra) {
  EXPECT_EQ(months_since_epoch(0), 0);
  EXPECT_EQ(months_since_epoch(-1), -1);
  EXPECT_EQ(months_since_epoch(30), 0);
  EXPECT_EQ(months_since_epoch(31), 1);
  EXPECT_EQ(years_since_epoch(-719528), -1970);
  EXPECT_EQ(years_since_epoch(106751991), 294247 - 1970);
  EXPECT_EQ(truncate_int64(std::numeric_limits<std::int64_t>::min(), 10),
            std::numeric_limits<std::int64_t>::max() - 1);
}

TEST(Transform, RefusesWhatDoesNotFit) {
  for (const char* text :
       {"", "bucket[0]", "bucket[-1]", "bucket[x]", "truncate[]", "truncate[99999999999]"}) {
    const auto transform = Transform::parse(text);
    ASSERT_FALSE(transform.ok()) << text;
    EXPECT_EQ(transform.error().name(), "iceberg.bad_transform");
  }
  const std::pair<const char*, Type> kMisfits[] = {
      {"bucket[4]", Type::boolean()},    {"bucket[4]", Type::float64()},
      {"truncate[4]", Type::uuid()},     {"year", Type::time()},
      {"day", Type::string()},           {"hour", Type::date()},
      {"identity", Type::structure({})}, {"zorder", Type::int32()},
  };
  for (const auto& [text, type] : kMisfits)
    EXPECT_EQ(Transform::parse(text).value().result_type(type).error().name(), "iceberg.bad_transform")
        << text;
  EXPECT_EQ(Transform::parse("zorder").value().to_string(), "zorder");
}

Schema visits() {
  return Schema::make(
             {.fields = {{.id = 1, .name = "id", .required = true, .type = Type::string()},
                         {.id = 2, .name = "at", .type = Type::timestamp()},
                         {.id = 3, .name = "a b", .type = Type::string()},
                         {.id = 4, .name = "tags", .type = Type::list({.id = 5, .type = Type::string()})}}})
      .value();
}

TEST(PartitionSpec, BindsNamesAndMakesPaths) {
  const Schema schema = visits();
  const PartitionTerm kTerms[] = {{.column = "at", .transform = Transform::month()},
                                  {.column = "id", .transform = Transform::bucket(8)},
                                  {.column = "a b", .transform = Transform::identity()}};
  const PartitionSpec spec = PartitionSpec::bind(schema, kTerms).value();
  EXPECT_EQ(spec.to_json(),
            R"({"fields":[{"field-id":1000,"name":"at_month","source-id":2,"transform":"month"},)"
            R"({"field-id":1001,"name":"id_bucket","source-id":1,"transform":"bucket[8]"},)"
            R"({"field-id":1002,"name":"a b","source-id":3,"transform":"identity"}],"spec-id":0})");
  EXPECT_EQ(PartitionSpec::from_json(spec.to_json()).value(), spec);
  EXPECT_EQ(spec.partition_type(schema).value().to_string(),
            "struct<at_month: int, id_bucket: int, a b: string>");
  EXPECT_EQ(spec.path_of(PartitionTuple{Literal::int32(649), Literal::int32(3), Literal::string("x/y z")}),
            "at_month=2024-02/id_bucket=3/a+b=x%2Fy+z");
  EXPECT_EQ(spec.path_of(PartitionTuple{std::nullopt, Literal::int32(0), std::nullopt}),
            "at_month=null/id_bucket=0/a+b=null");
}

TEST(PartitionSpec, RefusesWhatCannotPartition) {
  const Schema schema = visits();
  const auto code = [&](std::vector<PartitionTerm> terms) {
    const auto spec = PartitionSpec::bind(schema, terms);
    return spec.ok() ? std::string("ok") : std::string(spec.error().name());
  };
  EXPECT_EQ(code({{.column = "nope", .transform = {}}}), "iceberg.column_not_found");
  EXPECT_EQ(code({{.column = "tags", .transform = {}}}), "iceberg.bad_partition_spec");
  EXPECT_EQ(code({{.column = "tags.element", .transform = {}}}), "iceberg.bad_partition_spec");
  EXPECT_EQ(code({{.column = "id", .transform = Transform::day()}}), "iceberg.bad_transform");
  EXPECT_EQ(code({{.column = "id", .transform = Transform::bucket(2), .name = "at"}}),
            "iceberg.bad_partition_spec");
  EXPECT_EQ(code({{.column = "id", .transform = {}}, {.column = "id", .transform = {}, .name = "id"}}),
            "iceberg.bad_partition_spec");
  EXPECT_EQ(PartitionSpec::from_json("{}").error().name(), "iceberg.bad_partition_spec");
  EXPECT_EQ(PartitionSpec::from_fields_json(0, R"([{"source-id":1,"name":"x","transform":"bucket[0]"}])")
                .error()
                .message(),
            "$[0]: `bucket[0]` needs a whole number of at least 1");
}

TEST(SortOrder, RoundTripsAndRefuses) {
  const Schema schema = visits();
  const SortTerm kTerms[] = {{.column = "id"},
                             {.column = "at",
                              .transform = Transform::day(),
                              .direction = SortDirection::kDescending,
                              .null_order = NullOrder::kNullsLast}};
  const SortOrder order = SortOrder::bind(schema, kTerms).value();
  EXPECT_EQ(
      order.to_json(),
      R"({"fields":[{"direction":"asc","null-order":"nulls-first","source-id":1,"transform":"identity"},)"
      R"({"direction":"desc","null-order":"nulls-last","source-id":2,"transform":"day"}],"order-id":1})");
  EXPECT_EQ(SortOrder::from_json(order.to_json()).value(), order);
  const SortTerm kBad[] = {{.column = "tags"}};
  EXPECT_EQ(SortOrder::bind(schema, kBad).error().name(), "iceberg.bad_sort_order");
  for (const char* json :
       {R"({"order-id":1,"fields":[]})",
        R"({"order-id":0,"fields":[{"transform":"identity",)"
        R"("source-id":1,"direction":"asc","null-order":"nulls-first"}]})",
        R"({"order-id":1,"fields":[{"transform":"identity","source-id":1,"direction":"up",)"
        R"("null-order":"nulls-first"}]})"}) {
    EXPECT_EQ(SortOrder::from_json(json).error().name(), "iceberg.bad_sort_order") << json;
  }
}

}  // namespace
}  // namespace tarn::iceberg
