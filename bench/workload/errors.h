#pragma once

#include <span>

#include "base/error.h"

namespace tarn::workload {

inline constexpr ErrorCode kBadOption{"workload.bad_option", ErrorClass::kUser,
                                      "An option of the workload generator is outside its range.",
                                      "Give a value within the range that the message names."};
inline constexpr ErrorCode kWriteFailed{"workload.write_failed", ErrorClass::kPermanent,
                                        "A generated file could not be written.",
                                        "Free space on the disk or choose a folder you may write to."};

/// Every error code of this library, for the generated reference.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::workload
