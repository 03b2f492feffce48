#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "iceberg/manifest.h"

// What is different in manifests of version 3: deletion vectors and row ids.
namespace tarn::iceberg {
namespace {

DataFile data_file(const std::string& path) {
  return {.file_path = path, .record_count = 10, .file_size_bytes = 4096};
}

ManifestOptions options(ManifestContent content = ManifestContent::kData) {
  return {.schema = Schema::make({.fields = {{.id = 1, .name = "id", .type = Type::int64()}}}).value(),
          .content = content,
          .snapshot_id = 77};
}

DataFile deletion_vector(const std::string& data_file) {
  return {.content = FileContent::kPositionDeletes,
          .file_path = "v.puffin",
          .file_format = FileFormat::kPuffin,
          .record_count = 3,
          .file_size_bytes = 99,
          .referenced_data_file = data_file,
          .content_offset = 4,
          .content_size_bytes = 40};
}

TEST(Manifest, HoldsDeletionVectorsOfVersion3Only) {
  for (const std::int32_t version : {2, 3}) {
    ManifestOptions with = options(ManifestContent::kDeletes);
    with.format_version = version;
    ManifestWriter writer = ManifestWriter::make(with).value();
    DataFile file = deletion_vector("a.parquet");
    EXPECT_EQ(writer.add({.file = file}).ok(), version == 3);
    file.content_offset.reset();
    EXPECT_FALSE(writer.add({.file = file}).ok());
    file.file_format = FileFormat::kParquet;
    EXPECT_EQ(writer.add({.file = file}).ok(), version == 2) << "version 3 adds no other positional deletes";
    EXPECT_TRUE(writer
                    .add({.status = EntryStatus::kExisting,
                          .snapshot_id = 5,
                          .sequence_number = 2,
                          .file_sequence_number = 2,
                          .file = file})
                    .ok())
        << "and keeps those that it has";
    file.first_row_id = 1;
    EXPECT_FALSE(writer.add({.file = file}).ok());
    const WrittenManifest manifest = std::move(writer).finish().value();
    if (version == 2) continue;
    EXPECT_EQ(read_manifest(manifest.bytes, manifest.file).value().entries[0].file,
              deletion_vector("a.parquet"));
  }
  ManifestWriter old = ManifestWriter::make(options()).value();
  DataFile numbered = data_file("a");
  numbered.first_row_id = 7;
  EXPECT_FALSE(old.add({.file = numbered}).ok());
}

/// Ten rows a file; an existing one with ids of its own, the others without.
WrittenManifest of_version_3() {
  ManifestOptions with = options();
  with.format_version = 3;
  ManifestWriter writer = ManifestWriter::make(with).value();
  ManifestEntry entry{.status = EntryStatus::kExisting,
                      .snapshot_id = 5,
                      .sequence_number = 2,
                      .file_sequence_number = 2,
                      .file = data_file("numbered")};
  entry.file.first_row_id = 400;
  EXPECT_TRUE(writer.add(entry).ok());
  EXPECT_TRUE(writer.add({.file = data_file("added")}).ok());
  entry.file = data_file("upgraded");
  EXPECT_TRUE(writer.add(entry).ok());
  entry.status = EntryStatus::kDeleted;
  EXPECT_TRUE(writer.add(entry).ok());
  EXPECT_TRUE(writer.add({.file = data_file("last")}).ok());
  WrittenManifest manifest = std::move(writer).finish().value();
  manifest.file.path = "m.avro";
  return manifest;
}

TEST(Manifest, RowsAreNumberedByInheritance) {
  const WrittenManifest manifest = of_version_3();
  ManifestFile deletes = manifest.file;
  deletes.path = "d.avro";
  deletes.content = ManifestContent::kDeletes;
  ManifestFile known = manifest.file;
  known.path = "k.avro";
  known.first_row_id = 3;
  std::vector<ManifestFile> files{manifest.file, deletes, known, manifest.file};
  const ManifestListOptions list{.snapshot_id = 77, .sequence_number = 9, .format_version = 3};
  EXPECT_EQ(write_manifest_list(files, list).error().name(), "iceberg.bad_manifest") << "not numbered yet";
  EXPECT_EQ(assign_row_ids(files, 1000).value(), 80) << "added and existing rows of two manifests";
  const auto read = read_manifest_list(write_manifest_list(files, list).value()).value();
  ASSERT_EQ(read.size(), 4U);
  EXPECT_EQ(read[0].first_row_id, 1000);
  EXPECT_EQ(read[1].first_row_id, std::nullopt);
  EXPECT_EQ(read[2].first_row_id, 3);
  EXPECT_EQ(read[3].first_row_id, 1040);
  const Manifest numbered = read_manifest(manifest.bytes, read[3]).value();
  std::vector<std::optional<std::int64_t>> ids;
  for (const ManifestEntry& entry : numbered.entries) ids.push_back(entry.file.first_row_id);
  EXPECT_EQ(ids, (std::vector<std::optional<std::int64_t>>{400, 1040, 1050, std::nullopt, 1060}));
  EXPECT_EQ(assign_row_ids(files, 5000).value(), 0) << "each has its own now";
}

TEST(Manifest, RefusesRowsThatCannotBeNumbered) {
  const WrittenManifest manifest = of_version_3();
  for (std::int64_t first = INT64_MAX - 50; first < INT64_MAX - 10; first += 10) {
    std::vector<ManifestFile> files{manifest.file};
    EXPECT_EQ(assign_row_ids(files, first).ok(), first <= INT64_MAX - 40) << first;
    ManifestFile file = manifest.file;
    file.first_row_id = first;
    EXPECT_EQ(read_manifest(manifest.bytes, file).ok(), first <= INT64_MAX - 30) << first;
  }
  std::vector<ManifestFile> files{manifest.file};
  files[0].existing_rows_count.reset();
  EXPECT_EQ(assign_row_ids(files, 0).error().name(), "iceberg.bad_manifest");
  std::vector<ManifestFile> deletes{manifest.file};
  deletes[0].content = ManifestContent::kDeletes;
  deletes[0].first_row_id = 1;
  EXPECT_EQ(write_manifest_list(deletes, {.snapshot_id = 77, .sequence_number = 9, .format_version = 3})
                .error()
                .name(),
            "iceberg.bad_manifest");
}

}  // namespace
}  // namespace tarn::iceberg
