#pragma once

#include <span>

#include "base/error.h"

/// What running SQL can answer. The engine's own error types are folded into these codes.
namespace tarn::engine {

inline constexpr ErrorCode kSyntax{"sql.syntax", ErrorClass::kUser, "The statement is not SQL.",
                                   "Correct the place that the caret shows."};
inline constexpr ErrorCode kBinder{
    "sql.binder", ErrorClass::kUser,
    "A name, a type or a use of a function in the statement does not fit what is there.",
    "Correct the place that the caret shows; `DESCRIBE table` lists the columns."};
inline constexpr ErrorCode kCatalog{"sql.catalog", ErrorClass::kUser,
                                    "A table, function, type or schema does not exist, or exists already.",
                                    "Correct the name; `SHOW TABLES` lists the tables."};
inline constexpr ErrorCode kConversion{"sql.conversion", ErrorClass::kUser,
                                       "A value cannot be read as the type asked for.",
                                       "Use TRY_CAST to get NULL for such values, or correct the type."};
inline constexpr ErrorCode kOutOfRange{"sql.out_of_range", ErrorClass::kUser,
                                       "The result of an operation does not fit its type.",
                                       "Cast to a wider type first, such as DECIMAL(38, 2) or DOUBLE."};
inline constexpr ErrorCode kInvalidInput{"sql.invalid_input", ErrorClass::kUser,
                                         "A function or statement was given a value that it refuses.",
                                         "Correct the value named in the message."};
inline constexpr ErrorCode kConstraint{"sql.constraint", ErrorClass::kUser,
                                       "A row breaks a constraint of a temporary table.",
                                       "Correct the row or the constraint."};
inline constexpr ErrorCode kTransaction{"sql.transaction", ErrorClass::kUser,
                                        "The transaction cannot do this, or was aborted by an earlier error.",
                                        "Give ROLLBACK, then repeat the transaction."};
inline constexpr ErrorCode kNotImplemented{"sql.not_implemented", ErrorClass::kUser,
                                           "The SQL engine does not support this.",
                                           "Write the statement another way."};
inline constexpr ErrorCode kPermission{"sql.permission", ErrorClass::kUser, "This session may not do that.",
                                       "Ask who runs the server, or use the command line on the project."};
inline constexpr ErrorCode kParameter{"sql.parameter", ErrorClass::kUser,
                                      "A parameter of the statement has no value, or a value no parameter.",
                                      "Give each `$name` its value with `-p name=value`."};
inline constexpr ErrorCode kUnsupportedType{"sql.unsupported_type", ErrorClass::kUser,
                                            "A column of the result has a type that cannot be sent.",
                                            "Cast the column to VARCHAR or JSON."};
inline constexpr ErrorCode kOutOfMemory{
    "sql.out_of_memory", ErrorClass::kPermanent,
    "The statement needs more memory than it may use, and could not spill to disk.",
    "Raise `limits.memory` in tarn.yaml, or select fewer rows or columns."};
inline constexpr ErrorCode kInterrupted{"sql.interrupted", ErrorClass::kUser, "The statement was cancelled.",
                                        "Run it again when it was not meant to be."};
inline constexpr ErrorCode kIo{"sql.io", ErrorClass::kPermanent, "The engine could not read or write a file.",
                               "Check the path and its permissions; `tarn doctor` checks the warehouse."};
inline constexpr ErrorCode kFailed{"sql.failed", ErrorClass::kPermanent, "The engine gave up.",
                                   "Look at the message; the same statement will fail again."};
inline constexpr ErrorCode kInternal{"sql.internal", ErrorClass::kBug, "The engine found an error in itself.",
                                     "Report the statement and the message; start the process again."};
inline constexpr ErrorCode kOpenFailed{"engine.open_failed", ErrorClass::kPermanent,
                                       "The SQL engine could not start.",
                                       "Check the memory limit and the temporary folder."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::engine
