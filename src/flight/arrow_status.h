#pragma once

#include <arrow/status.h>

#include "base/result.h"

namespace tarn::flight {

/// An error as gRPC clients get it: the status that fits its code, and its message, hint and code as text.
arrow::Status to_arrow(const Error& error);
arrow::Status to_arrow(const Status& status);

/// What Arrow says where it cannot be the client's fault: flight.failed.
Error from_arrow(const arrow::Status& status);

}  // namespace tarn::flight

/// Returns from a function of Result or Status what Arrow refuses. Statements.
#define TARN_FLIGHT_ASSIGN_OR_RETURN(declaration, ...) \
  TARN_FLIGHT_INTERNAL_ASSIGN(TARN_INTERNAL_JOIN(tarn_arrow_, __COUNTER__), declaration, __VA_ARGS__)
#define TARN_FLIGHT_INTERNAL_ASSIGN(result, declaration, ...) \
  auto result = (__VA_ARGS__);                                \
  if (!result.ok()) [[unlikely]]                              \
    return ::tarn::flight::from_arrow(result.status());       \
  declaration = std::move(result).ValueUnsafe()
#define TARN_FLIGHT_RETURN_IF_ERROR(...)                                    \
  do {                                                                      \
    if (const arrow::Status tarn_status = (__VA_ARGS__); !tarn_status.ok()) \
      return ::tarn::flight::from_arrow(tarn_status);                       \
  } while (false)
