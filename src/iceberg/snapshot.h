#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::iceberg {

/// The operations of a snapshot's summary (Iceberg spec, "Snapshots").
inline constexpr std::string_view kOperationAppend = "append";
inline constexpr std::string_view kOperationReplace = "replace";
inline constexpr std::string_view kOperationOverwrite = "overwrite";
inline constexpr std::string_view kOperationDelete = "delete";

/// The state of a table at some time (Iceberg spec, "Snapshots").
struct Snapshot {
  std::int64_t snapshot_id = 0;
  std::optional<std::int64_t> parent_snapshot_id = std::nullopt;
  std::int64_t sequence_number = 0;  ///< 0 for v1.
  std::int64_t timestamp_ms = 0;
  std::string manifest_list = {};           ///< Location; empty only for v1 snapshots that list `manifests`.
  std::vector<std::string> manifests = {};  ///< v1 only.
  std::string operation = "";               ///< Empty only for v1 snapshots without a summary.
  std::map<std::string, std::string> summary = {};  ///< Without "operation".
  std::optional<std::int32_t> schema_id = std::nullopt;
  /// v3 row lineage, kept as it came.
  std::optional<std::int64_t> first_row_id = std::nullopt;
  std::optional<std::int64_t> added_rows = std::nullopt;
  std::optional<std::string> key_id = std::nullopt;

  std::string to_json() const;
  static Result<Snapshot> from_json(std::string_view json);
  bool operator==(const Snapshot&) const = default;
};

/// When a snapshot became the current one.
struct SnapshotLogEntry {
  std::int64_t timestamp_ms = 0;
  std::int64_t snapshot_id = 0;
  bool operator==(const SnapshotLogEntry&) const = default;
};

/// An earlier metadata file, and the time of its last update.
struct MetadataLogEntry {
  std::int64_t timestamp_ms = 0;
  std::string metadata_file = {};
  bool operator==(const MetadataLogEntry&) const = default;
};

/// The branch that readers see by default.
inline constexpr std::string_view kMainBranch = "main";

/// A branch or tag (Iceberg spec, "Snapshot References").
struct SnapshotRef {
  enum class Kind : std::uint8_t { kBranch, kTag };
  std::int64_t snapshot_id = 0;
  Kind kind = Kind::kBranch;
  std::optional<std::int32_t> min_snapshots_to_keep = std::nullopt;  ///< Branches only.
  std::optional<std::int64_t> max_snapshot_age_ms = std::nullopt;    ///< Branches only.
  std::optional<std::int64_t> max_ref_age_ms = std::nullopt;
  bool operator==(const SnapshotRef&) const = default;
};

/// What a Puffin file holds (Iceberg spec, "Table Statistics").
struct BlobMetadata {
  std::string type = {};
  std::int64_t snapshot_id = 0;
  std::int64_t sequence_number = 0;
  std::vector<std::int32_t> fields = {};
  std::map<std::string, std::string> properties = {};
  bool operator==(const BlobMetadata&) const = default;
};

struct StatisticsFile {
  std::int64_t snapshot_id = 0;
  std::string statistics_path = {};
  std::int64_t file_size_bytes = 0;
  std::int64_t file_footer_size_bytes = 0;
  std::optional<std::string> key_metadata = std::nullopt;  ///< Base64, as it came.
  std::vector<BlobMetadata> blobs = {};
  bool operator==(const StatisticsFile&) const = default;
};

/// A key of the table, itself encrypted (Iceberg spec, "Encryption Keys"). Passed on; Tarn decrypts nothing.
struct EncryptedKey {
  std::string key_id = {};
  std::string encrypted_key_metadata = {};  ///< Base64, as it came.
  std::optional<std::string> encrypted_by_id = std::nullopt;
  std::map<std::string, std::string> properties = {};
  bool operator==(const EncryptedKey&) const = default;
};

/// (Iceberg spec, "Partition Statistics")
struct PartitionStatisticsFile {
  std::int64_t snapshot_id = 0;
  std::string statistics_path = {};
  std::int64_t file_size_bytes = 0;
  bool operator==(const PartitionStatisticsFile&) const = default;
};

}  // namespace tarn::iceberg
