#pragma once

#include <span>

#include "base/error.h"

namespace tarn::io {

inline constexpr ErrorCode kNotFound{"io.not_found", ErrorClass::kPermanent,
                                     "A file or object does not exist.",
                                     "Check the path; if Tarn wrote it, restore it from a backup."};
inline constexpr ErrorCode kDenied{"io.denied", ErrorClass::kPermanent,
                                   "The operating system refused access.",
                                   "Give the user that runs tarn the right to read or write the path."};
inline constexpr ErrorCode kDiskFull{
    "io.disk_full", ErrorClass::kPermanent, "The disk or the quota is full.",
    "Free space or raise the quota, then run the command again: nothing is lost."};
inline constexpr ErrorCode kExists{"io.exists", ErrorClass::kPermanent, "The object exists already.",
                                   "Choose another name."};
inline constexpr ErrorCode kBadLocation{"io.bad_location", ErrorClass::kUser,
                                        "A location is not one that this store can hold.",
                                        "Use an absolute path, a file:/// or an s3:// location."};
inline constexpr ErrorCode kFailed{
    "io.failed", ErrorClass::kPermanent, "Reading or writing failed.",
    "Look at the reason given and at the system's log; then run the command again."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::io
