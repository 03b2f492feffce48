#include "state/errors.h"

#include <array>

namespace tarn::state {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {
      &kBusy,       &kLocked,           &kNotFound,      &kNewerSchema, &kNeedsMigration,    &kNotState,
      &kCorrupt,    &kDiskFull,         &kDenied,        &kFailed,      &kUnreachable,       &kBadLocation,
      &kInServer,   &kLockLost,         &kCommitUnknown, &kNotWritable, &kNestedTransaction, &kConflict,
      &kUnbalanced, &kAuditUnavailable, &kAuditBroken,   &kAuditBadHead};
  return kCodes;
}

}  // namespace tarn::state
