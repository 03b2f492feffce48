#include "workload/errors.h"

#include <array>

namespace tarn::workload {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array<const ErrorCode*, 2> kCodes = {&kBadOption, &kWriteFailed};
  return kCodes;
}

}  // namespace tarn::workload
