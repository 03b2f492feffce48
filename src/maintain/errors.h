#pragma once

#include <span>

#include "base/error.h"

namespace tarn::maintain {

inline constexpr ErrorCode kStopped{"maintain.stopped", ErrorClass::kTransient,
                                    "Maintenance was stopped before its commit; nothing of it happened.",
                                    "Run it again: it goes on where it was."};

/// Every code of this library, for the reference page.
inline std::span<const ErrorCode* const> error_codes() {
  static constexpr const ErrorCode* kCodes[] = {&kStopped};
  return kCodes;
}

}  // namespace tarn::maintain
