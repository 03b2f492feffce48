#include "io/posix_error.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "io/errors.h"

namespace tarn::io {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array<const ErrorCode*, 6> kAll = {&kNotFound, &kDenied,      &kDiskFull,
                                                           &kExists,   &kBadLocation, &kFailed};
  return kAll;
}

Error posix_error(int error_number, std::string_view operation, std::string_view path) {
  const ErrorCode* code = &kFailed;
  switch (error_number) {
    case ENOENT:
      code = &kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = &kDenied;
      break;
    case ENOSPC:
    case EDQUOT:
      code = &kDiskFull;
      break;
    case EEXIST:
      code = &kExists;
      break;
    default:
      break;
  }
  return Error(
      *code, fmt::format("cannot {} {}: {}", operation, path, std::generic_category().message(error_number)));
}

}  // namespace tarn::io
