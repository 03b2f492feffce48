#include "project/errors.h"

#include <array>

namespace tarn::project {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {
      &kNoProjectFile,    &kNoFeeds,       &kDuplicateFeed,   &kTableConflict, &kAmbiguousSource,
      &kYamlSyntax,       &kNotUtf8,       &kTooLarge,        &kEmptyDocument, &kDuplicateKey,
      &kUnknownKey,       &kNotApplicable, &kMissingKey,      &kWrongType,     &kBadValue,
      &kUnknownVariable,  &kBadName,       &kReservedName,    &kBadType,       &kBadPattern,
      &kModeNotAvailable, &kUnknownColumn, &kDuplicateColumn, &kDuplicateFrom, &kBadKey,
      &kBadVersionColumn, &kBadEventTime,  &kBadPartition,    &kBadSort,       &kBadRange,
      &kBadConstant,      &kBadFormat,     &kBadFrom,         &kBadDialect,    &kOverlap,
      &kBadTimezone,      &kBadChild,      &kBadMoveTo};
  return kCodes;
}

}  // namespace tarn::project
