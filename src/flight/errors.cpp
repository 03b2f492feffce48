#include "flight/errors.h"

#include <array>

namespace tarn::flight {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kBadMessage,    &kUnsupported,  &kNotAuthenticated,  &kNoSuchHandle,
                                        &kBadParameter,  &kTooManyCalls, &kTooManyStatements, &kTimedOut,
                                        &kChangedResult, &kShuttingDown, &kCannotServe,       &kFailed};
  return kCodes;
}

}  // namespace tarn::flight
