#include "cli/errors.h"

#include <array>

#include "cli/command_context.h"

namespace tarn::cli {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kNoProject,      &kBadProject, &kUsage,        &kStale,
                                        &kNoSourceFolder, &kUnhealthy,  &kOpenListener, &kPlainListener};
  return kCodes;
}

int exit_code_of(const Error& error) {
  return &error.code() == &kUsage ? kExitUsage : kExitFailed;
}

}  // namespace tarn::cli
