#pragma once

#include <span>
#include <string_view>

#include "base/error.h"

namespace tarn::pgwire {

inline constexpr ErrorCode kBadMessage{"pgwire.bad_message", ErrorClass::kUser,
                                       "A client's message does not follow the PostgreSQL protocol.",
                                       "Use a driver for PostgreSQL; the connection was closed."};
inline constexpr ErrorCode kBadVersion{"pgwire.bad_version", ErrorClass::kUser,
                                       "A client speaks another version of the PostgreSQL protocol.",
                                       "Use a driver for PostgreSQL 7.4 or later."};
inline constexpr ErrorCode kMessageTooLarge{"pgwire.message_too_large", ErrorClass::kUser,
                                            "A client's message is larger than the server takes.",
                                            "Send less at once."};
inline constexpr ErrorCode kTooManyConnections{"pgwire.too_many_connections", ErrorClass::kTransient,
                                               "The server has as many clients as it takes.",
                                               "Close connections that are idle, or raise "
                                               "`listeners.postgres.max_connections` in tarn.yaml."};
inline constexpr ErrorCode kNeedsTls{"pgwire.needs_tls", ErrorClass::kUser,
                                     "A client came from another machine without TLS.",
                                     "Connect with `sslmode=require`."};
inline constexpr ErrorCode kNotAuthenticated{"pgwire.not_authenticated", ErrorClass::kUser,
                                             "The user's name or password is wrong.",
                                             "Correct them; who may connect stands in `access/`."};
inline constexpr ErrorCode kNoSuchStatement{"pgwire.no_such_statement", ErrorClass::kUser,
                                            "A client named a prepared statement that it did not make.",
                                            "Prepare the statement first."};
inline constexpr ErrorCode kNoSuchCursor{"pgwire.no_such_cursor", ErrorClass::kUser,
                                         "A client named a cursor or portal that is not open.",
                                         "Declare the cursor first, within the same transaction."};
inline constexpr ErrorCode kDuplicateName{"pgwire.duplicate_name", ErrorClass::kUser,
                                          "A prepared statement or cursor of that name is there already.",
                                          "Close it first, or choose another name."};
inline constexpr ErrorCode kBadParameter{"pgwire.bad_parameter", ErrorClass::kUser,
                                         "The value of a parameter is not of its type.",
                                         "Bind a value of the type that Describe tells."};
inline constexpr ErrorCode kInFailedTransaction{
    "pgwire.in_failed_transaction", ErrorClass::kUser,
    "A statement of the transaction failed: the next ones are ignored until it ends.", "Give ROLLBACK."};
inline constexpr ErrorCode kNoTransaction{"pgwire.no_transaction", ErrorClass::kUser,
                                          "The statement works inside of a transaction only.",
                                          "Give BEGIN first."};
inline constexpr ErrorCode kUnknownSetting{"pgwire.unknown_setting", ErrorClass::kUser,
                                           "There is no setting of that name.", "`SHOW ALL` lists them."};
inline constexpr ErrorCode kBadSetting{"pgwire.bad_setting", ErrorClass::kUser,
                                       "A setting cannot take that value.", "See the reason."};
inline constexpr ErrorCode kUnsupported{"pgwire.unsupported", ErrorClass::kUser,
                                        "PostgreSQL has this, Tarn does not.",
                                        "Do without it; see docs/sql.md."};
inline constexpr ErrorCode kTimedOut{"pgwire.statement_timeout", ErrorClass::kUser,
                                     "The statement ran longer than `statement_timeout` allows.",
                                     "Select less, or `SET statement_timeout` higher."};
inline constexpr ErrorCode kChangedResult{"pgwire.changed_result", ErrorClass::kUser,
                                          "A prepared statement has other columns than when it was prepared.",
                                          "Prepare it again."};
inline constexpr ErrorCode kShuttingDown{"pgwire.shutting_down", ErrorClass::kTransient,
                                         "The server is being stopped.", "Connect again later."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

/// The SQLSTATE that PostgreSQL's clients know an error by (PostgreSQL 15, appendix A).
std::string_view sqlstate_of(const Error& error);

}  // namespace tarn::pgwire
