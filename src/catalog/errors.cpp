#include "catalog/errors.h"

#include <array>

namespace tarn::catalog {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {
      &kBadName,           &kBadLocation,  &kBadCommit,        &kNamespaceExists,  &kNamespaceNotFound,
      &kNamespaceNotEmpty, &kTableExists,  &kTableNotFound,    &kCommitConflict,   &kCommitFailed,
      &kViewExists,        &kViewNotFound, &kPropertyConflict, &kMetadataTooLarge, &kMetadataNotFound};
  return kCodes;
}

}  // namespace tarn::catalog
