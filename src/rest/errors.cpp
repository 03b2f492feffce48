#include "rest/errors.h"

#include <array>

namespace tarn::rest {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kBadRequest, &kNoEndpoint, &kNotAuthorized, &kForbidden,
                                        &kBadSecret,  &kKeyReused,  &kNoPlan,        &kNoPlanTask};
  return kCodes;
}

}  // namespace tarn::rest
