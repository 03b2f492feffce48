#include "discover/errors.h"

#include <array>

namespace tarn::discover {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kNoData, &kNotText, &kNoMember, &kNotWellFormed, &kBadProposal};
  return kCodes;
}

}  // namespace tarn::discover
