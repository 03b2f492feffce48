#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::iceberg {

/// The positions of a blob of the type `deletion-vector-v1`, ascending: length, magic, a 64-bit Roaring
/// bitmap in its portable form, CRC-32 (Puffin spec, "deletion-vector-v1"; RoaringFormatSpec). `blob` is what
/// the manifest's `content_offset` and `content_size_in_bytes` name, `cardinality` its `record_count`: the
/// answer takes eight bytes for each. Errors: iceberg.bad_value.
Result<std::vector<std::int64_t>> read_deletion_vector(std::string_view blob, std::int64_t cardinality);

/// Such a blob of positions, which ascend without repeating, each at least 0. Errors: iceberg.bad_value.
Result<std::string> write_deletion_vector(std::span<const std::int64_t> positions);

}  // namespace tarn::iceberg
