#include "engine/errors.h"

#include <array>

namespace tarn::engine {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kSyntax,         &kBinder,       &kCatalog,    &kConversion,
                                        &kOutOfRange,     &kInvalidInput, &kConstraint, &kTransaction,
                                        &kNotImplemented, &kPermission,   &kParameter,  &kUnsupportedType,
                                        &kOutOfMemory,    &kInterrupted,  &kIo,         &kFailed,
                                        &kInternal,       &kOpenFailed};
  return kCodes;
}

}  // namespace tarn::engine
