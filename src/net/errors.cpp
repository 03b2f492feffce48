#include "net/errors.h"

#include <array>

namespace tarn::net {

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {&kBadTarget,      &kBadAddress, &kCannotListen,
                                        &kBadCertificate, &kClosed,     &kTimedOut,
                                        &kUnreachable,    &kUntrusted,  &kReplyLost};
  return kCodes;
}

}  // namespace tarn::net
