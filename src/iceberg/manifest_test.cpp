#include "iceberg/manifest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>

#include "iceberg/errors.h"
#include "iceberg/table_metadata.h"

namespace tarn::iceberg {
namespace {

std::string golden(const std::string& name) {
  std::ifstream in(std::filesystem::path(TARN_TEST_DATA) / "golden" / "iceberg" / name, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

const Type kMoney = Type::decimal(12, 2);

Schema visits() {
  return Schema::make({.schema_id = 4,
                       .fields = {{.id = 1, .name = "id", .required = true, .type = Type::string()},
                                  {.id = 2, .name = "at", .type = Type::timestamp()},
                                  {.id = 3, .name = "cost", .type = kMoney},
                                  {.id = 4, .name = "key", .type = Type::uuid()},
                                  {.id = 5, .name = "score", .type = Type::float64()},
                                  {.id = 6, .name = "flag", .type = Type::boolean()},
                                  {.id = 7, .name = "raw", .type = Type::binary()},
                                  {.id = 8, .name = "code", .type = Type::fixed(2)}}})
      .value();
}

PartitionSpec by_everything() {
  const PartitionTerm kTerms[] = {{.column = "at", .transform = Transform::day()},
                                  {.column = "cost", .transform = Transform::identity()},
                                  {.column = "key", .transform = Transform::identity()},
                                  {.column = "score", .transform = Transform::identity()},
                                  {.column = "flag", .transform = Transform::identity()},
                                  {.column = "raw", .transform = Transform::truncate(4)},
                                  {.column = "code", .transform = Transform::identity()},
                                  {.column = "id", .transform = Transform::bucket(8), .name = "1 id/bücket"}};
  PartitionSpec spec = PartitionSpec::bind(visits(), kTerms).value();
  spec.spec_id = 3;
  return spec;
}

PartitionTuple tuple(std::int32_t day, double score) {
  return {Literal::date(day),       Literal::decimal(kMoney, -1250),
          Literal::uuid({1, 2, 3}), Literal::float64(score),
          Literal::boolean(true),   Literal::binary("\1\2"),
          Literal::fixed("ab"),     Literal::int32(7)};
}

DataFile data_file(const std::string& path, PartitionTuple partition) {
  return {
      .file_path = path,
      .partition = std::move(partition),
      .record_count = 10,
      .file_size_bytes = 4096,
      .column_sizes = {{1, 100}, {2, 200}},
      .value_counts = {{1, 10}},
      .null_value_counts = {{2, 3}},
      .nan_value_counts = {{5, 1}},
      .lower_bounds = {{1, Literal::string("a").to_binary()}, {3, Literal::decimal(kMoney, -5).to_binary()}},
      .upper_bounds = {{1, Literal::string("z").to_binary()}},
      .key_metadata = "k",
      .split_offsets = {4, 2048},
      .sort_order_id = 1};
}

ManifestOptions options(ManifestContent content = ManifestContent::kData) {
  return {.schema = visits(), .spec = by_everything(), .content = content, .snapshot_id = 77};
}

PartitionTuple nulls() {
  return PartitionTuple(8);
}

WrittenManifest written(AvroCompression compression) {
  ManifestOptions with = options();
  with.compression = compression;
  ManifestWriter writer = ManifestWriter::make(with).value();
  EXPECT_TRUE(writer.add({.snapshot_id = 77, .file = data_file("a.parquet", tuple(19782, 1.5))}).ok());
  EXPECT_TRUE(
      writer.add({.file = data_file("b.parquet", tuple(-1, std::numeric_limits<double>::quiet_NaN()))}).ok());
  EXPECT_TRUE(writer
                  .add({.status = EntryStatus::kExisting,
                        .snapshot_id = 5,
                        .sequence_number = 2,
                        .file_sequence_number = 3,
                        .file = data_file("c.parquet", nulls())})
                  .ok());
  EXPECT_TRUE(writer
                  .add({.status = EntryStatus::kDeleted,
                        .snapshot_id = 77,
                        .sequence_number = 1,
                        .file_sequence_number = 1,
                        .file = data_file("d.parquet", tuple(1, 2.5))})
                  .ok());
  EXPECT_EQ(writer.size(), 4U);
  return std::move(writer).finish().value();
}

class ManifestRoundTrip : public testing::TestWithParam<AvroCompression> {};

TEST_P(ManifestRoundTrip, KeepsEverythingAndInherits) {
  WrittenManifest manifest = written(GetParam());
  EXPECT_EQ(written(GetParam()).bytes, manifest.bytes);
  manifest.file.path = "m.avro";
  EXPECT_EQ(manifest.file.added_files_count, 2);
  EXPECT_EQ(manifest.file.existing_rows_count, 10);
  EXPECT_EQ(manifest.file.deleted_files_count, 1);
  EXPECT_EQ(manifest.file.min_sequence_number, 2);
  EXPECT_EQ(manifest.file.partitions[0].lower_bound, Literal::date(-1).to_binary());
  EXPECT_EQ(manifest.file.partitions[0].upper_bound, Literal::date(19782).to_binary());
  EXPECT_TRUE(manifest.file.partitions[0].contains_null);
  EXPECT_EQ(manifest.file.partitions[3].contains_nan, true);
  EXPECT_EQ(manifest.file.partitions[0].contains_nan, false);

  const auto list = write_manifest_list(std::vector{manifest.file},
                                        {.snapshot_id = 77, .sequence_number = 9, .compression = GetParam()});
  const std::vector<ManifestFile> files = read_manifest_list(list.value()).value();
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(files[0].sequence_number, 9);
  EXPECT_EQ(files[0].min_sequence_number, 2);
  EXPECT_EQ(files[0].partitions, manifest.file.partitions);

  const Manifest read = read_manifest(manifest.bytes, files[0]).value();
  EXPECT_EQ(read.schema, visits());
  EXPECT_EQ(read.spec, by_everything());
  ASSERT_EQ(read.entries.size(), 4U);
  EXPECT_EQ(read.entries[0].file, data_file("a.parquet", tuple(19782, 1.5)));
  EXPECT_EQ(read.entries[1].file,
            data_file("b.parquet", tuple(-1, std::numeric_limits<double>::quiet_NaN())));
  EXPECT_EQ(read.entries[1].snapshot_id, 77);
  EXPECT_EQ(read.entries[1].sequence_number, 9);
  EXPECT_EQ(read.entries[1].file_sequence_number, 9);
  EXPECT_EQ(read.entries[2].sequence_number, 2);
  EXPECT_EQ(read.entries[2].file_sequence_number, 3);
  EXPECT_EQ(read.entries[2].file.partition, nulls());
  EXPECT_EQ(read.entries[3].status, EntryStatus::kDeleted);
}

INSTANTIATE_TEST_SUITE_P(Codecs, ManifestRoundTrip,
                         testing::Values(AvroCompression::kNone, AvroCompression::kDeflate));

TEST(Manifest, HoldsDeleteFiles) {
  ManifestWriter writer = ManifestWriter::make(options(ManifestContent::kDeletes)).value();
  DataFile positions{.content = FileContent::kPositionDeletes,
                     .file_path = "p.parquet",
                     .partition = nulls(),
                     .record_count = 1,
                     .file_size_bytes = 9,
                     .referenced_data_file = "a.parquet"};
  DataFile equality{.content = FileContent::kEqualityDeletes,
                    .file_path = "e.parquet",
                    .partition = nulls(),
                    .record_count = 1,
                    .file_size_bytes = 9,
                    .equality_ids = {1}};
  ASSERT_TRUE(writer.add({.file = positions}).ok());
  ASSERT_TRUE(writer.add({.file = equality}).ok());
  const WrittenManifest manifest = std::move(writer).finish().value();
  const Manifest read = read_manifest(manifest.bytes, manifest.file).value();
  EXPECT_EQ(read.content, ManifestContent::kDeletes);
  EXPECT_EQ(read.entries[0].file, positions);
  EXPECT_EQ(read.entries[1].file, equality);
}

TEST(Manifest, SurvivesManyBlocks) {
  ManifestWriter writer = ManifestWriter::make(options()).value();
  for (int i = 0; i < 5000; ++i)
    ASSERT_TRUE(writer.add({.file = data_file("f" + std::to_string(i), tuple(i, i))}).ok());
  const WrittenManifest manifest = std::move(writer).finish().value();
  const Manifest read = read_manifest(manifest.bytes, manifest.file).value();
  ASSERT_EQ(read.entries.size(), 5000U);
  EXPECT_EQ(read.entries[4999].file, data_file("f4999", tuple(4999, 4999)));
}

TEST(Manifest, HoldsDecimalsOfEveryPrecision) {
  Int128 greatest = 0;
  for (std::int32_t precision = 1; precision <= 38; ++precision) {
    greatest = greatest * 10 + 9;
    const Type type = Type::decimal(precision, 0);
    const Schema schema = Schema::make({.fields = {{.id = 1, .name = "n", .type = type}}}).value();
    const PartitionTerm kTerms[] = {{.column = "n", .transform = Transform::identity()}};
    ManifestWriter writer =
        ManifestWriter::make({.schema = schema, .spec = PartitionSpec::bind(schema, kTerms).value()}).value();
    for (const Int128 value : {greatest, -greatest}) {
      ASSERT_TRUE(
          writer.add({.file = {.file_path = "f", .partition = {Literal::decimal(type, value)}}}).ok());
    }
    const WrittenManifest manifest = std::move(writer).finish().value();
    const Manifest read = read_manifest(manifest.bytes, manifest.file).value();
    EXPECT_EQ(read.entries[0].file.partition[0], Literal::decimal(type, greatest)) << precision;
    EXPECT_EQ(read.entries[1].file.partition[0], Literal::decimal(type, -greatest)) << precision;
  }
}

TEST(Manifest, RefusesEntriesThatDoNotFit) {
  const std::pair<const char*, std::function<void(ManifestEntry&)>> kCases[] = {
      {"path", [](ManifestEntry& e) { e.file.file_path.clear(); }},
      {"count", [](ManifestEntry& e) { e.file.record_count = -1; }},
      {"content", [](ManifestEntry& e) { e.file.content = FileContent::kPositionDeletes; }},
      {"equality ids", [](ManifestEntry& e) { e.file.equality_ids = {1}; }},
      {"tuple", [](ManifestEntry& e) { e.file.partition.pop_back(); }},
      {"tuple type", [](ManifestEntry& e) { e.file.partition[0] = Literal::int32(1); }},
      {"no snapshot", [](ManifestEntry& e) { e.status = EntryStatus::kDeleted; }},
      {"no sequence",
       [](ManifestEntry& e) {
         e.status = EntryStatus::kExisting;
         e.snapshot_id = 1;
       }},
  };
  for (const auto& [name, damage] : kCases) {
    ManifestWriter writer = ManifestWriter::make(options()).value();
    ManifestEntry entry{.file = data_file("a", nulls())};
    damage(entry);
    const Status status = writer.add(entry);
    ASSERT_FALSE(status.ok()) << name;
    EXPECT_EQ(status.error().name(), "iceberg.bad_manifest") << name;
  }
  ManifestOptions unknown = options();
  unknown.spec.fields[0].transform = Transform::parse("zorder").value();
  EXPECT_EQ(ManifestWriter::make(unknown).error().name(), "iceberg.bad_transform");
  ManifestFile file = written(AvroCompression::kNone).file;
  const ManifestListOptions list{.snapshot_id = 77, .sequence_number = 9};
  EXPECT_EQ(write_manifest_list(std::vector{file}, list).error().name(), "iceberg.bad_manifest");
  file.path = "m";
  file.added_snapshot_id = 3;
  EXPECT_EQ(write_manifest_list(std::vector{file}, list).error().name(), "iceberg.bad_manifest");
  file.sequence_number = 10;
  EXPECT_EQ(write_manifest_list(std::vector{file}, list).error().name(), "iceberg.bad_manifest");
}

TEST(Manifest, RefusesDamagedFilesByCode) {
  const WrittenManifest manifest = written(AvroCompression::kNone);
  const auto code = [&](std::string bytes) {
    const auto read = read_manifest(bytes, manifest.file);
    return read.ok() ? std::string("ok") : std::string(read.error().name());
  };
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string bytes = manifest.bytes;
    EXPECT_EQ(from.size(), to.size());
    const std::size_t at = bytes.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return bytes.replace(at, from.size(), to);
  };
  EXPECT_EQ(code(""), "iceberg.bad_avro");
  EXPECT_EQ(code("PAR1"), "iceberg.bad_avro");
  EXPECT_EQ(code(replaced("\x08null",
                          "\x08"
                          "brok")),
            "iceberg.unsupported_codec");
  EXPECT_EQ(code(replaced("avro.schema", "avro.schemo")), "iceberg.bad_avro");
  EXPECT_EQ(code(replaced("\"manifest_entry\"", "\"manifest_entry ")), "iceberg.bad_json");
  EXPECT_EQ(code(replaced("\x1cpartition-spec", "\x1cpartition-spek")), "iceberg.bad_manifest");
  EXPECT_EQ(code(replaced("PARQUET", "PARKETT")), "iceberg.bad_avro");
  EXPECT_EQ(code(replaced("\"type\":\"timestamp\"", "\"type\":\"timestump\"")), "iceberg.bad_type");
  EXPECT_EQ(code(replaced("\x0e"
                          "content\x08"
                          "data",
                          "\x0e"
                          "content\x08"
                          "both")),
            "iceberg.bad_manifest");
  // Cut anywhere, and with any byte turned, it is refused or read, and never crashes.
  const std::size_t body = manifest.bytes.size() - 900;
  for (std::size_t length = 1; length < manifest.bytes.size(); length += 7)
    EXPECT_NE(code(manifest.bytes.substr(0, length)), "ok");
  for (std::size_t at = body; at < manifest.bytes.size(); ++at) {
    std::string bytes = manifest.bytes;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    code(bytes);
  }
}

TEST(Manifest, ReadsWhatPyIcebergWrites) {
  const TableMetadata table = TableMetadata::from_json(golden("pyiceberg/table.metadata.json")).value();
  const auto files = read_manifest_list(golden("pyiceberg/manifest-list.avro"));
  ASSERT_TRUE(files.ok()) << files.error().to_string();
  ASSERT_EQ(files.value().size(), 3U);
  const ManifestFile& first = files.value()[0];
  EXPECT_EQ(first.added_snapshot_id, table.current_snapshot()->snapshot_id);
  EXPECT_EQ(first.sequence_number, 4);
  EXPECT_EQ(first.partitions.size(), 5U);
  EXPECT_TRUE(first.partitions[3].contains_null);
  std::int64_t live_rows = 0;
  for (std::size_t i = 0; i < files.value().size(); ++i) {
    const auto manifest =
        read_manifest(golden("pyiceberg/manifest-" + std::to_string(i) + ".avro"), files.value()[i]);
    ASSERT_TRUE(manifest.ok()) << manifest.error().to_string();
    for (const ManifestEntry& entry : manifest.value().entries) {
      if (entry.status != EntryStatus::kDeleted) live_rows += entry.file.record_count;
      EXPECT_TRUE(entry.sequence_number.has_value());
      EXPECT_EQ(entry.file.file_format, FileFormat::kParquet);
      EXPECT_NE(entry.file.lower_bounds.find(1), nullptr);
    }
    if (i == 0) {
      const ManifestEntry& entry = manifest.value().entries.at(0);
      EXPECT_EQ(entry.sequence_number, 4);
      EXPECT_EQ(entry.file.partition, (PartitionTuple{Literal::int32(-1), Literal::int32(1),
                                                      Literal::string("Ev"), std::nullopt, std::nullopt}));
      EXPECT_EQ(Literal::from_binary(Type::int64(), *entry.file.lower_bounds.find(1)).value(),
                Literal::int64(500));
    } else {
      EXPECT_EQ(manifest.value().entries.at(0).file.partition[3], Literal::date(19782));
      EXPECT_EQ(manifest.value().entries.at(0).file.partition[4]->to_string(), "12.50");
    }
  }
  EXPECT_EQ(live_rows, 10);
}

}  // namespace
}  // namespace tarn::iceberg
