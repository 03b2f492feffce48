#include "iceberg/schema.h"

#include <gtest/gtest.h>

#include <functional>

#include "iceberg/errors.h"
#include "iceberg/schema_update.h"

namespace tarn::iceberg {
namespace {

constexpr const char* kSchemaJson = R"json(
  {"type":"struct","schema-id":3,"identifier-field-ids":[1],"fields":[
    {"id":1,"name":"id","required":true,"type":"long","doc":"the key"},
    {"id":2,"name":"amount","required":false,"type":"decimal(9,2)"},
    {"id":3,"name":"tags","required":false,
     "type":{"type":"list","element-id":4,"element-required":false,"element":"string"}},
    {"id":5,"name":"attrs","required":false,
     "type":{"type":"map","key-id":6,
             "key":{"type":"struct","fields":[{"id":12,"name":"k","required":true,"type":"int"}]},
             "value-id":7,"value-required":true,"value":"double"}},
    {"id":8,"name":"addr","required":true,"type":{"type":"struct","fields":[
      {"id":9,"name":"city","required":false,"type":"string"},{"id":10,"name":"zip","required":true,"type":"int"}]}},
    {"id":11,"name":"ratio","required":false,"type":"float","initial-default":1.5}]})json";

Schema sample() {
  return Schema::from_json(kSchemaJson).value();
}

TEST(Type, ParsesAndPrintsTheSpecificationsTexts) {
  for (const char* text :
       {"boolean", "int", "long", "float", "double", "date", "time", "timestamp", "timestamptz", "string",
        "uuid", "binary", "fixed[16]", "decimal(38, 0)", "decimal(9, 2)"}) {
    const auto type = Type::parse(text);
    ASSERT_TRUE(type.ok()) << text;
    EXPECT_EQ(type.value().to_string(), text);
  }
  EXPECT_EQ(Type::parse("decimal(9,2)").value(), Type::decimal(9, 2));
}

TEST(Type, RefusesOthersByCode) {
  for (const char* text :
       {"", "Int", "varchar", "decimal", "decimal(9)", "decimal(39,0)", "decimal(2,3)", "decimal(a,b)",
        "decimal(0,0)", "fixed[0]", "fixed[-1]", "fixed(3)", "fixed[99999999999]"}) {
    const auto type = Type::parse(text);
    ASSERT_FALSE(type.ok()) << text;
    EXPECT_EQ(type.error().name(), "iceberg.bad_type") << text;
  }
  for (const char* text : {"timestamp_ns", "variant", "unknown", "geometry", "geography(srid:4326)"})
    EXPECT_EQ(Type::parse(text)->to_string(), text);
  EXPECT_FALSE(*Type::parse("variant") == *Type::parse("unknown"));
  EXPECT_EQ(Type::parse("geometry(x").error().name(), "iceberg.bad_type");
}

TEST(Schema, RoundTripsAndFindsFields) {
  const Schema schema = sample();
  EXPECT_EQ(Schema::from_json(schema.to_json()).value(), schema);
  EXPECT_EQ(schema.id(), 3);
  EXPECT_EQ(schema.highest_field_id(), 12);
  EXPECT_EQ(schema.find("addr.zip")->id, 10);
  EXPECT_EQ(schema.find("tags.element")->id, 4);
  EXPECT_EQ(schema.find("attrs.key.k")->id, 12);
  EXPECT_EQ(schema.name_of(7), "attrs.value");
  EXPECT_EQ(schema.find(99), nullptr);
  EXPECT_EQ(schema.find("addr.nope"), nullptr);
  EXPECT_TRUE(schema.is_repeated(4));
  EXPECT_FALSE(schema.is_repeated(10));
  EXPECT_EQ(*schema.find(11)->initial_default, "1.5");
  EXPECT_TRUE(schema.same_fields(schema.with_id(9)));
  EXPECT_FALSE(schema == schema.with_id(9));
}

TEST(Schema, NumbersAfresh) {
  const Schema fresh = with_fresh_ids(sample()).value();
  EXPECT_EQ(fresh.find("ratio")->id, 6);
  EXPECT_EQ(fresh.find("tags.element")->id, 7);
  EXPECT_EQ(fresh.find("attrs.value")->id, 9);
  EXPECT_EQ(fresh.find("attrs.key.k")->id, 10);
  EXPECT_EQ(fresh.find("addr.zip")->id, 12);
  EXPECT_EQ(fresh.identifier_field_ids(), std::vector<std::int32_t>{1});
}

TEST(Schema, RefusesBrokenOnesByCodeAndPlace) {
  struct Case {
    const char* json;
    const char* code;
    const char* message;
  };
  const Case kCases[] = {
      {"[", "iceberg.bad_json", ""},
      {"[]", "iceberg.bad_schema", "$: an object is expected"},
      {R"({"type":"struct"})", "iceberg.bad_schema", "$: `fields` is missing"},
      {R"({"fields":[{"id":1,"name":"a","required":"no","type":"int"}]})", "iceberg.bad_schema",
       "$.fields[0].required: true or false is expected"},
      {R"({"fields":[{"id":1,"name":"a","required":false,"type":"integer"}]})", "iceberg.bad_type",
       "$.fields[0].type: `integer` is not a type"},
      {R"({"fields":[{"id":1,"name":"a","required":false,"type":"int"},{"id":1,"name":"b","required":false,"type":"int"}]})",
       "iceberg.bad_schema", "$: the field id 1 belongs to both `a` and `b`"},
      {R"({"fields":[{"id":1,"name":"a","required":false,"type":"int"},{"id":2,"name":"a","required":false,"type":"int"}]})",
       "iceberg.bad_schema", "$: `a` occurs twice"},
      {R"({"fields":[{"id":1,"name":"","required":false,"type":"int"}]})", "iceberg.bad_schema", ""},
      {R"({"fields":[{"id":2147483600,"name":"a","required":false,"type":"int"}]})", "iceberg.bad_schema",
       ""},
      {R"({"fields":[{"id":1,"name":"a","required":false,"type":"int"}],"identifier-field-ids":[1]})",
       "iceberg.bad_schema", "$: `a` may be null and cannot identify rows"},
      {R"({"fields":[{"id":1,"name":"a","required":true,"type":"double"}],"identifier-field-ids":[1]})",
       "iceberg.bad_schema", ""},
      {R"({"fields":[{"id":1,"name":"a","required":true,"type":"int"}],"identifier-field-ids":[7]})",
       "iceberg.bad_schema", ""},
      {R"({"fields":[{"id":1,"name":"a","required":true,"type":{"type":"tuple"}}]})", "iceberg.bad_schema",
       ""},
  };
  for (const Case& item : kCases) {
    const auto schema = Schema::from_json(item.json);
    ASSERT_FALSE(schema.ok()) << item.json;
    EXPECT_EQ(schema.error().name(), item.code) << item.json;
    if (*item.message != '\0') {
      EXPECT_EQ(schema.error().message(), item.message);
    }
  }
  std::string deep = R"("int")";
  for (int i = 0; i < 80; ++i)
    deep = R"({"type":"list","element-id":)" + std::to_string(i + 2) +
           R"(,"element-required":true,"element":)" + deep + "}";
  EXPECT_FALSE(
      Schema::from_json(R"({"fields":[{"id":1,"name":"a","required":true,"type":)" + deep + "}]}").ok());
  EXPECT_EQ(Schema::from_json(std::string(100000, '[')).error().name(), "iceberg.bad_json");
}

struct Step {
  const char* name;
  std::function<Status(SchemaUpdate&)> change;
  const char* code;    ///< Empty: it works.
  const char* result;  ///< Names and ids of the top level.
};

std::string outline(const Schema& schema) {
  std::string text;
  for (const NestedField& field : schema.fields()) text += field.name + ":" + std::to_string(field.id) + " ";
  return text;
}

/// What adds and drops.
std::vector<Step> steps_of_columns() {
  return {

      {"add", [](SchemaUpdate& u) { return u.add({.name = "ward", .type = Type::string()}); }, "",
       "id:1 amount:2 tags:3 attrs:5 addr:8 ratio:11 ward:21 "},
      {"add twice", [](SchemaUpdate& u) { return u.add({.name = "id", .type = Type::string()}); },
       "iceberg.column_exists", ""},
      {"add required",
       [](SchemaUpdate& u) { return u.add({.name = "x", .type = Type::string(), .required = true}); },
       "iceberg.illegal_change", ""},
      {"add into nothing", [](SchemaUpdate& u) { return u.add({.parent = "nope", .name = "x"}); },
       "iceberg.column_not_found", ""},
      {"add into a primitive", [](SchemaUpdate& u) { return u.add({.parent = "id", .name = "x"}); },
       "iceberg.illegal_change", ""},
      {"add twice into a struct", [](SchemaUpdate& u) { return u.add({.parent = "addr", .name = "zip"}); },
       "iceberg.column_exists", ""},
      {"add into a key", [](SchemaUpdate& u) { return u.add({.parent = "attrs.key", .name = "x"}); },
       "iceberg.illegal_change", ""},
      {"add a number too far", [](SchemaUpdate& u) { return u.add({.name = ""}); }, "iceberg.illegal_change",
       ""},
      {"drop", [](SchemaUpdate& u) { return u.drop("tags"); }, "", "id:1 amount:2 attrs:5 addr:8 ratio:11 "},
      {"drop nested", [](SchemaUpdate& u) { return u.drop("addr.city"); }, "", nullptr},
      {"drop nothing", [](SchemaUpdate& u) { return u.drop("nope"); }, "iceberg.column_not_found", ""},
      {"drop the identifier", [](SchemaUpdate& u) { return u.drop("id"); }, "iceberg.illegal_change", ""},
      {"drop an element", [](SchemaUpdate& u) { return u.drop("tags.element"); }, "iceberg.illegal_change",
       ""},
      {"drop in a key", [](SchemaUpdate& u) { return u.drop("attrs.key.k"); }, "iceberg.illegal_change", ""}};
}

/// What changes columns that stay.
std::vector<Step> steps_of_changes() {
  return {
      {"rename", [](SchemaUpdate& u) { return u.rename("amount", "total"); }, "",
       "id:1 total:2 tags:3 attrs:5 addr:8 ratio:11 "},
      {"rename onto another", [](SchemaUpdate& u) { return u.rename("amount", "id"); },
       "iceberg.column_exists", ""},
      {"rename nothing", [](SchemaUpdate& u) { return u.rename("amuont", "x"); }, "iceberg.column_not_found",
       ""},
      {"rename an element", [](SchemaUpdate& u) { return u.rename("tags.element", "x"); },
       "iceberg.illegal_change", ""},
      {"widen an int", [](SchemaUpdate& u) { return u.widen("addr.zip", Type::int64()); }, "", nullptr},
      {"widen a float", [](SchemaUpdate& u) { return u.widen("ratio", Type::float64()); }, "", nullptr},
      {"widen a decimal", [](SchemaUpdate& u) { return u.widen("amount", Type::decimal(18, 2)); }, "",
       nullptr},
      {"narrow a long", [](SchemaUpdate& u) { return u.widen("id", Type::int32()); },
       "iceberg.illegal_widening", ""},
      {"change a scale", [](SchemaUpdate& u) { return u.widen("amount", Type::decimal(18, 3)); },
       "iceberg.illegal_widening", ""},
      {"int to string", [](SchemaUpdate& u) { return u.widen("addr.zip", Type::string()); },
       "iceberg.illegal_widening", ""},
      {"widen a key", [](SchemaUpdate& u) { return u.widen("attrs.key.k", Type::int64()); },
       "iceberg.illegal_widening", ""},
      {"widen a list", [](SchemaUpdate& u) { return u.widen("tags", Type::string()); },
       "iceberg.illegal_widening", ""},
      {"optional", [](SchemaUpdate& u) { return u.make_optional("addr.zip"); }, "", nullptr},
      {"optional identifier", [](SchemaUpdate& u) { return u.make_optional("id"); }, "iceberg.illegal_change",
       ""},
      {"optional key", [](SchemaUpdate& u) { return u.make_optional("attrs.key"); }, "iceberg.illegal_change",
       ""},
      {"doc", [](SchemaUpdate& u) { return u.set_doc("amount", "EUR"); }, "", nullptr},
      {"first", [](SchemaUpdate& u) { return u.move_first("ratio"); }, "",
       "ratio:11 id:1 amount:2 tags:3 attrs:5 addr:8 "},
      {"before", [](SchemaUpdate& u) { return u.move_before("addr", "tags"); }, "",
       "id:1 amount:2 addr:8 tags:3 attrs:5 ratio:11 "},
      {"after", [](SchemaUpdate& u) { return u.move_after("id", "tags"); }, "",
       "amount:2 tags:3 id:1 attrs:5 addr:8 ratio:11 "},
      {"across structs", [](SchemaUpdate& u) { return u.move_after("id", "addr.zip"); },
       "iceberg.illegal_change", ""},
      {"after itself", [](SchemaUpdate& u) { return u.move_after("id", "id"); }, "iceberg.illegal_change",
       ""},
      {"identifiers", [](SchemaUpdate& u) { return u.set_identifier_columns({"addr.zip"}); }, "", nullptr},
      {"null identifiers", [](SchemaUpdate& u) { return u.set_identifier_columns({"amount"}); },
       "iceberg.bad_schema", ""}};
}

TEST(SchemaUpdate, FollowsTheRulesOfEvolution) {
  const std::string kBase = "id:1 amount:2 tags:3 attrs:5 addr:8 ratio:11 ";
  std::vector<Step> steps = steps_of_columns();
  std::vector<Step> changes = steps_of_changes();
  for (Step& step : changes) steps.push_back(std::move(step));
  for (const Step& step : steps) {
    SchemaUpdate update(sample(), 20);
    const Status status = step.change(update);
    ASSERT_EQ(status.ok() ? "" : std::string(status.error().name()), step.code) << step.name;
    const Schema after = update.finish().value().schema;
    if (!status.ok()) {
      EXPECT_EQ(after, sample()) << step.name;
    } else if (step.result != nullptr) {
      EXPECT_EQ(outline(after), step.result) << step.name;
    } else {
      EXPECT_EQ(outline(after), kBase) << step.name;
      EXPECT_FALSE(after == sample()) << step.name;
    }
  }
}

TEST(SchemaUpdate, NumbersNestedColumnsAndKeepsTheLastId) {
  SchemaUpdate update(sample(), 20);
  const Type lines = Type::list(
      {.type = Type::structure({{.id = 1, .name = "code", .type = Type::string()}, {.id = 1, .name = "n"}})});
  ASSERT_TRUE(update.add({.name = "lines", .type = lines, .doc = "of the claim"}).ok());
  ASSERT_TRUE(update.add({.parent = "lines", .name = "price", .type = Type::decimal(9, 2)}).ok());
  ASSERT_TRUE(update.drop("lines.element.n").ok());
  const SchemaUpdate::Outcome outcome = update.finish().value();
  EXPECT_EQ(outcome.last_column_id, 25);
  EXPECT_EQ(outcome.schema.find("lines")->id, 21);
  EXPECT_EQ(outcome.schema.find("lines.element")->id, 22);
  EXPECT_EQ(outcome.schema.find("lines.element.code")->id, 23);
  EXPECT_EQ(outcome.schema.find("lines.element.price")->id, 25);
  EXPECT_EQ(outcome.schema.find("lines.element.n"), nullptr);
}

TEST(Schema, RowLineageIsOfFilesOnly) {
  const Schema table =
      Schema::make({.schema_id = 3,
                    .fields = {{.id = 1, .name = "id", .required = true, .type = Type::int64()}},
                    .identifier_field_ids = {1}})
          .value();
  const Schema file = with_row_lineage(table).value();
  ASSERT_EQ(file.fields().size(), 3U);
  EXPECT_EQ(file.fields()[1].id, 2147483540);
  EXPECT_EQ(file.fields()[1].name, "_row_id");
  EXPECT_EQ(file.fields()[2].id, 2147483539);
  EXPECT_EQ(file.fields()[2].name, "_last_updated_sequence_number");
  EXPECT_FALSE(file.fields()[2].required);
  EXPECT_EQ(file.id(), 3);
  EXPECT_FALSE(Schema::from_json(file.to_json()).ok()) << "no table has those ids";
  EXPECT_FALSE(with_row_lineage(file).ok()) << "the names are taken";
}

}  // namespace
}  // namespace tarn::iceberg
