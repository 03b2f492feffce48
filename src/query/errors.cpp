#include "query/errors.h"

#include <array>

namespace tarn::query {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {
      &kReadOnly,         &kNotAllowed,       &kUnknownTable,     &kBadTimeTravel, &kUnreadableTable,
      &kUnknownUser,      &kMissingAttribute, &kBadFilter,        &kNoMaskKey,     &kUnsupportedWrite,
      &kWriteDenied,      &kWrittenByFeed,    &kMaterializedView, &kTooComplex,    &kNotNull,
      &kNoSchemaSelected, &kDuplicateColumn,  &kBadCopyData,      &kCardinality,   &kAccessChanged,
      &kNotAdministrator, &kUnknownRole,      &kRoleExists,       &kStandsInFile,  &kBadRule};
  return kCodes;
}

}  // namespace tarn::query
