#pragma once

#include <span>

#include "base/error.h"

namespace tarn::net {

inline constexpr ErrorCode kBadTarget{"net.bad_target", ErrorClass::kUser,
                                      "The target of a request is not a path with an optional query.",
                                      "Percent-encode every byte that is not allowed in a URI."};
inline constexpr ErrorCode kBadAddress{
    "net.bad_address", ErrorClass::kUser, "The address to listen on is not `ADDRESS:PORT`.",
    "Write an IP address and a port, such as `127.0.0.1:8181` or `[::1]:8181`."};
inline constexpr ErrorCode kCannotListen{"net.cannot_listen", ErrorClass::kPermanent,
                                         "The address cannot be listened on.",
                                         "Choose another port, or stop the process that holds this one."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::net
