#pragma once

#include <span>

#include "base/error.h"

namespace tarn::flight {

inline constexpr ErrorCode kBadMessage{"flight.bad_message", ErrorClass::kUser,
                                       "A client's message does not follow the Flight SQL protocol.",
                                       "Use a driver for Arrow Flight SQL."};
inline constexpr ErrorCode kUnsupported{"flight.unsupported", ErrorClass::kUser,
                                        "Flight SQL has this, Tarn does not.",
                                        "Do without it; see docs/sql.md."};
inline constexpr ErrorCode kNotAuthenticated{"flight.not_authenticated", ErrorClass::kUser,
                                             "The user's name, password or token is wrong or missing.",
                                             "Correct them; who may connect stands in `access/`."};
inline constexpr ErrorCode kNoSuchHandle{
    "flight.no_such_handle", ErrorClass::kUser,
    "A client named a ticket or a prepared statement that it does not have (any more).",
    "Ask again: a ticket is good for one reading, and ends unread after some minutes."};
inline constexpr ErrorCode kBadParameter{"flight.bad_parameter", ErrorClass::kUser,
                                         "The value of a parameter cannot be taken.",
                                         "Bind one row of plain values."};
inline constexpr ErrorCode kTooManyCalls{"flight.too_many_calls", ErrorClass::kTransient,
                                         "The server answers as many calls as it takes.",
                                         "Try again later, or raise `listeners.flight.max_calls` in "
                                         "tarn.yaml."};
inline constexpr ErrorCode kTooManyStatements{"flight.too_many_statements", ErrorClass::kUser,
                                              "A user has as many prepared statements as one may have.",
                                              "Close those that are not needed."};
inline constexpr ErrorCode kTimedOut{"flight.statement_timeout", ErrorClass::kUser,
                                     "The statement ran longer than `listeners.flight.statement_timeout`.",
                                     "Select less, or raise the setting."};
inline constexpr ErrorCode kChangedResult{"flight.changed_result", ErrorClass::kUser,
                                          "A statement has other columns than when its ticket was made.",
                                          "Ask for it again."};
inline constexpr ErrorCode kShuttingDown{"flight.shutting_down", ErrorClass::kTransient,
                                         "The server is being stopped.", "Connect again later."};
inline constexpr ErrorCode kCannotServe{"flight.cannot_serve", ErrorClass::kPermanent,
                                        "The Flight SQL listener cannot be started.",
                                        "Correct the address or the TLS files of `listeners.flight`."};
inline constexpr ErrorCode kFailed{"flight.failed", ErrorClass::kBug, "Arrow failed where it must not.",
                                   "Please report it."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::flight
