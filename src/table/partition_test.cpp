#include "table/partition.h"

#include <arrow/api.h>

#include <algorithm>

#include "table/columns/partition_key.h"
#include "table/columns/values.h"
#include "table/data_files.h"
#include "table/errors.h"
#include "table/reader.h"
#include "table/testing/rows.h"

namespace tarn::table {
namespace {

using iceberg::Literal;
using iceberg::Transform;
using iceberg::Type;
using testing::must;

struct TermCase {
  std::string column;
  Transform transform;
};

std::vector<TermCase> all_terms() {
  std::vector<TermCase> terms;
  const iceberg::Schema schema = testing::all_types();
  const std::vector<Transform> transforms{
      Transform::identity(),   Transform::bucket(16),   Transform::bucket(1000), Transform::truncate(3),
      Transform::truncate(50), Transform::year(),       Transform::month(),      Transform::day(),
      Transform::hour(),       Transform::always_null()};
  for (const iceberg::NestedField& field : schema.fields())
    for (const Transform& transform : transforms)
      if (transform.result_type(field.type).ok()) terms.push_back({field.name, transform});
  return terms;
}

TEST(PartitionRows, EqualsTheTransformsOnSingleValues) {
  testing::Rng rng(1);
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 3000, rng);
  std::size_t checked = 0;
  for (const TermCase& term : all_terms()) {
    SCOPED_TRACE(term.column + " " + term.transform.to_string());
    const iceberg::NestedField& field = *schema.find(term.column);
    const iceberg::PartitionSpec spec{1, {{field.id, 1000, "p", term.transform}}};
    const Partitioning result = must(partition_rows(*batch, schema, spec));
    ASSERT_EQ(result.group_of_row.size(), 3000U);
    std::set<std::string> keys;
    for (const auto& tuple : result.tuples) keys.insert(partition_key(1, tuple));
    EXPECT_EQ(keys.size(), result.tuples.size()) << "groups must differ";
    const auto& column = *batch->GetColumnByName(term.column);
    for (std::int64_t row = 0; row < 3000; ++row) {
      const auto expected = must(term.transform.apply(must(literal_at(column, field.type, row))));
      const auto& got = result.tuples[result.group_of_row[static_cast<std::size_t>(row)]][0];
      ASSERT_EQ(got, expected) << row;
      ++checked;
    }
    const Type type = must(spec.partition_type(schema));
    for (const auto& tuple : result.tuples)
      EXPECT_EQ(must(partition_from_key(partition_key(1, tuple), type)), tuple);
  }
  EXPECT_GT(checked, 150'000U);
}

TEST(PartitionRows, CombinesFieldsAndDescendsIntoStructs) {
  testing::Rng rng(2);
  const iceberg::Schema schema = must(iceberg::Schema::make(
      {.fields = {{.id = 1, .name = "a", .type = Type::int32()},
                  {.id = 2,
                   .name = "s",
                   .type = Type::structure({{.id = 3, .name = "b", .type = Type::boolean()}})}}}));
  const auto arrow_schema = must(to_arrow_schema(schema));
  const auto b = testing::random_array(arrow::boolean(), 1000, 0.2, rng);
  const auto s = arrow::StructArray::Make({b}, arrow_schema->field(1)->type()->fields()).ValueOrDie();
  const auto batch = arrow::RecordBatch::Make(arrow_schema, 1000,
                                              {testing::random_array(arrow::int32(), 1000, 0.1, rng), s});
  const iceberg::PartitionSpec spec{
      0, {{1, 1000, "a_bucket", Transform::bucket(4)}, {3, 1001, "b", Transform::identity()}}};
  const Partitioning result = must(partition_rows(*batch, schema, spec));
  EXPECT_EQ(result.tuples.size(), 15U) << "(4 buckets and null) times (true, false and null)";
  for (std::int64_t row = 0; row < 1000; ++row) {
    const auto& tuple = result.tuples[result.group_of_row[static_cast<std::size_t>(row)]];
    EXPECT_EQ(tuple[1], must(literal_at(*b, Type::boolean(), row)));
  }
}

TEST(PartitionRows, ReportsColumnsAndTransformsThatDoNotFit) {
  testing::Rng rng(3);
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 3, rng);
  const auto error = [&](std::int32_t id, const Transform& transform) {
    return std::string(partition_rows(*batch, schema, {0, {{id, 1000, "p", transform}}}).error().name());
  };
  EXPECT_EQ(error(99, Transform::identity()), "table.batch_mismatch");
  EXPECT_EQ(error(13, Transform::month()), "iceberg.bad_transform");
  EXPECT_EQ(error(2, Transform::bucket(4)), "iceberg.bad_transform");
  EXPECT_EQ(partition_from_key("xx", Type::structure({})).error().name(), "iceberg.bad_value");
  const auto few = arrow::RecordBatch::Make(arrow::schema({}), 3, arrow::ArrayVector{});
  EXPECT_EQ(partition_rows(*few, schema, {0, {{1, 1000, "p", Transform::identity()}}}).error().name(),
            "table.batch_mismatch");
}

TEST(OrderedRows, SortsEveryTypeByItsLiterals) {
  testing::Rng rng(4);
  const iceberg::Schema schema = testing::all_types();
  const auto batch = testing::random_batch(schema, 1500, rng);
  for (const TermCase& term : all_terms()) {
    for (const bool descending : {false, true}) {
      SCOPED_TRACE(term.column + " " + term.transform.to_string() + (descending ? " desc" : ""));
      const iceberg::NestedField& field = *schema.find(term.column);
      iceberg::SortField sort{term.transform, field.id};
      if (descending) sort.direction = iceberg::SortDirection::kDescending;
      const bool nulls_first = rng() % 2 == 0;
      sort.null_order = nulls_first ? iceberg::NullOrder::kNullsFirst : iceberg::NullOrder::kNullsLast;
      const auto rows = must(ordered_rows(*batch, schema, {1, {sort}}, nullptr));
      const auto& column = *batch->GetColumnByName(term.column);
      std::optional<Literal> last;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto value = must(term.transform.apply(must(literal_at(column, field.type, rows[i]))));
        if (i > 0 && value.has_value() != last.has_value()) {
          EXPECT_EQ(value.has_value(), nulls_first);
        }
        if (i > 0 && value && last) {
          const auto order = iceberg::compare(*last, *value);
          ASSERT_TRUE(descending ? order >= 0 : order <= 0) << i;
          if (order == 0) {
            ASSERT_LT(rows[i - 1], rows[i]) << "stable";
          }
        }
        last = value;
      }
    }
  }
}

TEST(WriteDataFiles, WritesEachPartitionSortedAndTellsWhereRowsWent) {
  testing::Rng rng(5);
  testing::TestTable table(
      testing::all_types(),
      {{.column = "small", .transform = Transform::bucket(5)},
       {.column = "flag", .transform = Transform::identity()}},
      {{.column = "name"}, {.column = "id", .direction = iceberg::SortDirection::kDescending}});
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  for (const std::int64_t rows : {400, 0, 900})
    batches.push_back(testing::random_batch(table.metadata.current_schema(), rows, rng));
  std::vector<std::int64_t> chosen;
  for (std::int64_t row = 0; row < 1300; ++row)
    if (rng() % 3 != 0) chosen.push_back(row);
  auto request = table.request("b1");
  request.rows = chosen;
  request.want_places = true;
  const WrittenFiles written = must(write_data_files(table.store, batches, request));
  EXPECT_GT(written.files.size(), 12U);
  ASSERT_EQ(written.places.size(), chosen.size());
  const auto whole = arrow::ConcatenateRecordBatches(batches).ValueOrDie();
  DeleteFileCache deletes(table.store);
  for (std::uint32_t f = 0; f < written.files.size(); ++f) {
    const iceberg::DataFile& file = written.files[f].file;
    EXPECT_EQ(file.sort_order_id, 1);
    EXPECT_NE(file.file_path.find("/data/small_bucket="), std::string::npos) << file.file_path;
    EXPECT_TRUE(file.file_path.ends_with("/b1-" + std::to_string(f) + ".parquet")) << file.file_path;
    const ScanTask task{std::make_shared<const LiveFile>(LiveFile{file, 0, 1, 1}), {}};
    const auto reader =
        must(DataFileReader::open(table.store, deletes, task, table.metadata.current_schema(), {1}));
    const auto rows = must(reader->next());
    ASSERT_TRUE(rows);
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      if (written.places[i].file != f) continue;
      EXPECT_TRUE(rows->batch->column(0)
                      ->GetScalar(written.places[i].position)
                      .ValueOrDie()
                      ->Equals(*whole->column(0)->GetScalar(chosen[i]).ValueOrDie()));
    }
  }
  table.commit(table.build({.data_files = written.files}));
  std::vector<std::shared_ptr<arrow::RecordBatch>> expected;
  for (const std::int64_t row : chosen) expected.push_back(whole->Slice(row, 1));
  EXPECT_EQ(testing::row_texts(must(read_all(table.store, must(plan_scan(table.cache, table.metadata))))),
            testing::row_texts(expected));
}

TEST(WriteDataFiles, WritesNothingWithoutRowsAndRefusesUnorderedOnes) {
  testing::Rng rng(6);
  testing::TestTable table(testing::all_types());
  EXPECT_TRUE(must(write_data_files(table.store, {}, table.request("b"))).files.empty());
  const std::vector batches{testing::random_batch(table.metadata.current_schema(), 10, rng)};
  auto request = table.request("b");
  for (const std::vector<std::int64_t>& rows : {std::vector<std::int64_t>{3, 2}, {1, 1}, {10}, {-1}}) {
    request.rows = rows;
    EXPECT_EQ(write_data_files(table.store, batches, request).error().name(), "table.bad_change");
  }
  EXPECT_TRUE(must(table.store.list("file:///lake/t/data")).empty());
}

TEST(WriteDataFiles, NamesAreSafeAndFoundAgain) {
  EXPECT_EQ(data_file_location("/t/", "a=x%2Fy/b=1", "n.parquet"), "/t/data/a=x_2Fy/b=1/n.parquet");
  EXPECT_EQ(data_file_location("/t", "", "n.parquet"), "/t/data/n.parquet");
  const std::string longest = data_file_location("/t", "a=" + std::string(5000, 'x'), "n.parquet");
  EXPECT_LT(longest.size(), 180U);
  EXPECT_NE(longest, data_file_location("/t", "a=" + std::string(5001, 'x'), "n.parquet"));
  testing::Rng rng(7);
  testing::TestTable table(testing::all_types(), {{.column = "small", .transform = Transform::bucket(3)}});
  const std::vector batches{testing::random_batch(table.metadata.current_schema(), 100, rng)};
  must(write_data_files(table.store, batches, table.request("b1")));
  const auto kept = must(write_data_files(table.store, batches, table.request("b11")));
  EXPECT_EQ(must(remove_files_of_batch(table.store, table.metadata.location, "b1")), 4);
  EXPECT_EQ(must(table.store.list("file:///lake/t/data")).size(), kept.files.size());
}

}  // namespace
}  // namespace tarn::table
