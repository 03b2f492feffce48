#include "ingest/errors.h"

#include <array>

namespace tarn::ingest {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array<const ErrorCode*, 27> kAll = {
      &kIncompatibleTable, &kOutOfMemory,   &kSpillFailed,     &kLandingCorrupt,
      &kNoFeeds,           &kUnknownFeed,   &kFileTooLarge,    &kNotAZip,
      &kNoFeedForMember,   &kRequired,      &kMissingKey,      &kNotAccepted,
      &kOutOfRange,        &kBadLength,     &kPatternMismatch, &kRagged,
      &kRepeated,          &kUnknownColumn, &kMissingColumn,   &kDuplicateColumn,
      &kNoHeader,          &kNoRecord,      &kEmptyDelivery,   &kTooManyDeletes,
      &kMixedVersions,     &kNoBackfill,    &kPartialBackfill};
  return kAll;
}

}  // namespace tarn::ingest
