#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"

/// Manifests and manifest lists (Iceberg spec, "Manifests" and "Manifest Lists"). Bytes in, bytes out.
///
///   TARN_ASSIGN_OR_RETURN(ManifestWriter writer, ManifestWriter::make({.schema = schema, .spec = spec,
///   .snapshot_id = id})); TARN_RETURN_IF_ERROR(writer.add({.status = EntryStatus::kAdded, .snapshot_id = id,
///   .file = file})); TARN_ASSIGN_OR_RETURN(WrittenManifest manifest, std::move(writer).finish());
///   manifest.file.path = …;                       // where the caller stored manifest.bytes
///   TARN_ASSIGN_OR_RETURN(std::string list, write_manifest_list(files, {.snapshot_id = id, .sequence_number
///   = 7}));
namespace tarn::iceberg {

enum class FileContent : std::uint8_t { kData = 0, kPositionDeletes = 1, kEqualityDeletes = 2 };
enum class EntryStatus : std::uint8_t { kExisting = 0, kAdded = 1, kDeleted = 2 };
enum class ManifestContent : std::uint8_t { kData = 0, kDeletes = 1 };
enum class FileFormat : std::uint8_t { kAvro, kOrc, kParquet, kPuffin };

/// "PARQUET" and so on.
std::string_view to_string(FileFormat format);

/// Values by column id, sorted; iterates as pairs.
template <typename V>
class ColumnMap {
 public:
  using Entry = std::pair<std::int32_t, V>;
  ColumnMap() = default;
  ColumnMap(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries) set(entry.first, entry.second);
  }

  const V* find(std::int32_t id) const {
    const auto at = lower(id);
    return at != entries_.end() && at->first == id ? &at->second : nullptr;
  }
  void set(std::int32_t id, V value) {
    if (entries_.empty() || entries_.back().first < id) {
      entries_.emplace_back(id, std::move(value));
      return;
    }
    const auto at = entries_.begin() + (lower(id) - entries_.cbegin());
    if (at->first == id) {
      at->second = std::move(value);
    } else {
      entries_.emplace(at, id, std::move(value));
    }
  }
  void reserve(std::size_t count) { entries_.reserve(count); }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  bool operator==(const ColumnMap&) const = default;

 private:
  auto lower(std::int32_t id) const {
    return std::lower_bound(entries_.cbegin(), entries_.cend(), id,
                            [](const Entry& entry, std::int32_t key) { return entry.first < key; });
  }
  std::vector<Entry> entries_;
};

/// A data or delete file.
struct DataFile {
  FileContent content = FileContent::kData;
  std::string file_path = {};
  FileFormat file_format = FileFormat::kParquet;
  PartitionTuple partition = {};
  std::int64_t record_count = 0;
  std::int64_t file_size_bytes = 0;
  // Empty maps and lists are written as null.
  ColumnMap<std::int64_t> column_sizes = {};
  ColumnMap<std::int64_t> value_counts = {};
  ColumnMap<std::int64_t> null_value_counts = {};
  ColumnMap<std::int64_t> nan_value_counts = {};
  ColumnMap<std::string> lower_bounds = {};  ///< Literal::to_binary()
  ColumnMap<std::string> upper_bounds = {};
  std::optional<std::string> key_metadata = std::nullopt;
  std::vector<std::int64_t> split_offsets = {};
  std::vector<std::int32_t> equality_ids = {};
  std::optional<std::int32_t> sort_order_id = std::nullopt;
  std::optional<std::string> referenced_data_file = std::nullopt;
  // Of v3 manifests only.
  std::optional<std::int64_t> first_row_id = std::nullopt;    ///< Of data files: see assign_row_ids().
  std::optional<std::int64_t> content_offset = std::nullopt;  ///< Of a deletion vector in its Puffin file.
  std::optional<std::int64_t> content_size_bytes = std::nullopt;
  bool operator==(const DataFile&) const = default;
};

struct ManifestEntry {
  EntryStatus status = EntryStatus::kAdded;
  std::optional<std::int64_t> snapshot_id = std::nullopt;
  /// Nothing: inherited (added files only). read_manifest() fills them in.
  std::optional<std::int64_t> sequence_number = std::nullopt;
  std::optional<std::int64_t> file_sequence_number = std::nullopt;
  DataFile file = {};
  bool operator==(const ManifestEntry&) const = default;
};

/// What a manifest list says of one partition field.
struct FieldSummary {
  bool contains_null = false;
  std::optional<bool> contains_nan = std::nullopt;
  std::optional<std::string> lower_bound = std::nullopt;  ///< Literal::to_binary(), not truncated.
  std::optional<std::string> upper_bound = std::nullopt;
  bool operator==(const FieldSummary&) const = default;
};

/// A manifest, as a manifest list describes it.
struct ManifestFile {
  std::string path = {};
  std::int64_t length_bytes = 0;
  std::int32_t spec_id = 0;
  ManifestContent content = ManifestContent::kData;
  /// Nothing: assigned by write_manifest_list() from the snapshot.
  std::optional<std::int64_t> sequence_number = std::nullopt;
  std::optional<std::int64_t> min_sequence_number = std::nullopt;
  std::int64_t added_snapshot_id = 0;
  // Nothing only where a v1 writer did not say.
  std::optional<std::int32_t> added_files_count = std::nullopt;
  std::optional<std::int32_t> existing_files_count = std::nullopt;
  std::optional<std::int32_t> deleted_files_count = std::nullopt;
  std::optional<std::int64_t> added_rows_count = std::nullopt;
  std::optional<std::int64_t> existing_rows_count = std::nullopt;
  std::optional<std::int64_t> deleted_rows_count = std::nullopt;
  std::vector<FieldSummary> partitions = {};
  std::optional<std::string> key_metadata = std::nullopt;
  std::optional<std::int64_t> first_row_id = std::nullopt;  ///< v3, of data: see assign_row_ids().
  bool has_added_files() const { return added_files_count.value_or(1) > 0; }
  bool has_live_files() const { return has_added_files() || existing_files_count.value_or(1) > 0; }
  bool operator==(const ManifestFile&) const = default;
};

enum class AvroCompression : std::uint8_t { kNone, kDeflate };

struct ManifestOptions {
  Schema schema = {};
  PartitionSpec spec = {};
  ManifestContent content = ManifestContent::kData;
  std::int64_t snapshot_id = 0;     ///< Of the snapshot that adds the manifest.
  std::int32_t format_version = 2;  ///< 2 or 3.
  AvroCompression compression = AvroCompression::kDeflate;
};

struct WrittenManifest {
  std::string bytes = {};
  ManifestFile file;  ///< Whole but for the path.
};

/// Writes one v2 or v3 manifest. One thread at a time.
class ManifestWriter {
 public:
  /// Errors: iceberg.bad_partition_spec, iceberg.bad_transform.
  static Result<ManifestWriter> make(ManifestOptions options);
  ManifestWriter(ManifestWriter&&) noexcept;
  ManifestWriter& operator=(ManifestWriter&&) noexcept;
  ~ManifestWriter();

  /// Errors: iceberg.bad_manifest: the content does not fit the manifest's, the partition not the spec,
  /// equality ids are missing, an existing or deleted entry lacks its sequence numbers or snapshot id, or
  /// positions are deleted otherwise than the version demands: v3 adds deletion vectors, v2 has none.
  Status add(const ManifestEntry& entry);
  std::size_t size() const;
  Result<WrittenManifest> finish() &&;

 private:
  struct State;
  explicit ManifestWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

struct Manifest {
  Schema schema = {};
  PartitionSpec spec = {};
  Type partition_type = {};  ///< The struct type of every entry's partition tuple.
  ManifestContent content = ManifestContent::kData;
  std::vector<ManifestEntry> entries = {};  ///< Deleted ones included.
};

/// Reads a v1, v2 or v3 manifest of any writer, resolving by field ids. What entries inherit (snapshot id,
/// sequence numbers, first row ids) is filled in from `file`. Errors: iceberg.bad_avro,
/// iceberg.unsupported_codec, iceberg.bad_manifest and those of the schema and spec.
Result<Manifest> read_manifest(std::string_view bytes, const ManifestFile& file);

struct ManifestListOptions {
  std::int64_t snapshot_id = 0;
  std::optional<std::int64_t> parent_snapshot_id = std::nullopt;
  std::int64_t sequence_number = 0;
  std::int32_t format_version = 2;  ///< 2 or 3.
  AvroCompression compression = AvroCompression::kDeflate;
};

/// Gives the data manifests that have no first row id theirs, from `next_row_id` on (Iceberg spec, "First Row
/// ID Assignment"), and returns how many ids are taken: what the snapshot's `added-rows` says. Errors:
/// iceberg.bad_manifest when a manifest lacks its counts or no ids are left.
Result<std::int64_t> assign_row_ids(std::span<ManifestFile> files, std::int64_t next_row_id);

/// A v2 or v3 manifest list. Errors: iceberg.bad_manifest when a manifest lacks its path, length or counts,
/// or, in v3, a data manifest its first row id.
Result<std::string> write_manifest_list(std::span<const ManifestFile> files,
                                        const ManifestListOptions& options);
/// Reads a v1, v2 or v3 manifest list of any writer. Errors as of read_manifest().
Result<std::vector<ManifestFile>> read_manifest_list(std::string_view bytes);

}  // namespace tarn::iceberg
