#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "iceberg/types.h"

// The field ids of manifests and manifest lists, and the Avro schemas they are written with (Iceberg spec,
// "Manifests", "Manifest Lists" and Appendix A, "Avro").
namespace tarn::iceberg {

namespace entry_id {
inline constexpr std::int32_t kStatus = 0;
inline constexpr std::int32_t kSnapshotId = 1;
inline constexpr std::int32_t kDataFile = 2;
inline constexpr std::int32_t kSequenceNumber = 3;
inline constexpr std::int32_t kFileSequenceNumber = 4;
}  // namespace entry_id

namespace file_id {
inline constexpr std::int32_t kPath = 100;
inline constexpr std::int32_t kFormat = 101;
inline constexpr std::int32_t kPartition = 102;
inline constexpr std::int32_t kRecordCount = 103;
inline constexpr std::int32_t kSizeBytes = 104;
inline constexpr std::int32_t kColumnSizes = 108;
inline constexpr std::int32_t kValueCounts = 109;
inline constexpr std::int32_t kNullValueCounts = 110;
inline constexpr std::int32_t kLowerBounds = 125;
inline constexpr std::int32_t kUpperBounds = 128;
inline constexpr std::int32_t kKeyMetadata = 131;
inline constexpr std::int32_t kSplitOffsets = 132;
inline constexpr std::int32_t kContent = 134;
inline constexpr std::int32_t kEqualityIds = 135;
inline constexpr std::int32_t kNanValueCounts = 137;
inline constexpr std::int32_t kSortOrderId = 140;
inline constexpr std::int32_t kFirstRowId = 142;
inline constexpr std::int32_t kReferencedDataFile = 143;
inline constexpr std::int32_t kContentOffset = 144;
inline constexpr std::int32_t kContentSizeBytes = 145;
}  // namespace file_id

namespace list_id {
inline constexpr std::int32_t kPath = 500;
inline constexpr std::int32_t kLengthBytes = 501;
inline constexpr std::int32_t kSpecId = 502;
inline constexpr std::int32_t kAddedSnapshotId = 503;
inline constexpr std::int32_t kAddedFiles = 504;
inline constexpr std::int32_t kExistingFiles = 505;
inline constexpr std::int32_t kDeletedFiles = 506;
inline constexpr std::int32_t kPartitions = 507;
inline constexpr std::int32_t kContainsNull = 509;
inline constexpr std::int32_t kLowerBound = 510;
inline constexpr std::int32_t kUpperBound = 511;
inline constexpr std::int32_t kAddedRows = 512;
inline constexpr std::int32_t kExistingRows = 513;
inline constexpr std::int32_t kDeletedRows = 514;
inline constexpr std::int32_t kSequenceNumber = 515;
inline constexpr std::int32_t kMinSequenceNumber = 516;
inline constexpr std::int32_t kContent = 517;
inline constexpr std::int32_t kContainsNan = 518;
inline constexpr std::int32_t kKeyMetadata = 519;
inline constexpr std::int32_t kFirstRowId = 520;
}  // namespace list_id

/// The Avro schema of v2 or v3 manifest entries, for a partition tuple of this struct type. Fields stand in
/// the order in which ManifestWriter encodes them.
std::string manifest_entry_schema(const Type& partition_type, std::int32_t format_version);
/// The Avro schema of v2 or v3 manifest lists.
std::string manifest_list_schema(std::int32_t format_version);

/// The bytes that hold an unscaled decimal of this many digits.
std::int32_t decimal_width_bytes(std::int32_t precision);

}  // namespace tarn::iceberg
