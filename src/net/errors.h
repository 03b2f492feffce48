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
inline constexpr ErrorCode kBadCertificate{
    "net.bad_certificate", ErrorClass::kUser,
    "The certificate, the key or the authorities of a listener cannot be used.",
    "Name PEM files that Tarn may read: the server's certificate first, its own key without passphrase."};
inline constexpr ErrorCode kClosed{"net.closed", ErrorClass::kTransient, "A connection was closed.",
                                   "Connect again."};
inline constexpr ErrorCode kTimedOut{"net.timed_out", ErrorClass::kTransient,
                                     "The other side of a connection took too long.",
                                     "Connect again; look at the network between."};
inline constexpr ErrorCode kUnreachable{"net.unreachable", ErrorClass::kTransient,
                                        "A server cannot be connected to.",
                                        "Check its name, its port and the network between."};
inline constexpr ErrorCode kUntrusted{
    "net.untrusted", ErrorClass::kPermanent, "A server's certificate is not trusted.",
    "Name the authority that signed it (`ca_file`), or correct the server's name or certificate."};
inline constexpr ErrorCode kReplyLost{
    "net.reply_lost", ErrorClass::kUnknownOutcome,
    "A request was sent and no whole answer came: the server may have done what was asked.",
    "Look whether it was done before asking again."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::net
