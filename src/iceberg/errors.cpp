#include "iceberg/errors.h"

#include <array>

namespace tarn::iceberg {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kBadJson,          &kBadType,
                                        &kUnsupportedType,  &kBadSchema,
                                        &kColumnExists,     &kColumnNotFound,
                                        &kIllegalWidening,  &kIllegalChange,
                                        &kBadValue,         &kBadTransform,
                                        &kBadPartitionSpec, &kBadSortOrder,
                                        &kBadMetadata,      &kUnsupportedVersion,
                                        &kBadUpdate,        &kBadFilter,
                                        &kStaleUpdate,      &kRequirementFailed,
                                        &kBadAvro,          &kUnsupportedCodec,
                                        &kBadManifest};
  return kCodes;
}

}  // namespace tarn::iceberg
