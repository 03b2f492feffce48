#include "table/errors.h"

namespace tarn::table {

std::span<const ErrorCode* const> error_codes() {
  static constexpr const ErrorCode* kCodes[] = {
      &kUnsupportedType,  &kBatchMismatch, &kNullInRequired,    &kWrongLength,
      &kTooLarge,         &kParquetFailed, &kUnsupportedFormat, &kUnsupportedDelete,
      &kSnapshotNotFound, &kNotAnAncestor, &kBadChange,         &kBadKey,
      &kNullKey,          &kIndexFailed,   &kIndexNotInStep,    &kSpillFailed,
      &kBadZOrder,        &kBadProperty,   &kMissingFiles};
  return kCodes;
}

}  // namespace tarn::table
