#include "ingest/errors.h"

namespace tarn::ingest {

std::span<const ErrorCode* const> error_codes() {
  static constexpr const ErrorCode* kAll[] = {
      &kIncompatibleTable, &kOutOfMemory,   &kLandingCorrupt,  &kNoFeeds,         &kUnknownFeed,
      &kFileTooLarge,      &kNotAZip,       &kNoFeedForMember, &kRequired,        &kMissingKey,
      &kNotAccepted,       &kOutOfRange,    &kBadLength,       &kPatternMismatch, &kRagged,
      &kRepeated,          &kUnknownColumn, &kMissingColumn,   &kDuplicateColumn, &kNoHeader,
      &kNoRecord,          &kEmptyDelivery, &kTooManyDeletes,  &kMixedVersions,   &kNoBackfill,
      &kPartialBackfill};
  return kAll;
}

}  // namespace tarn::ingest
