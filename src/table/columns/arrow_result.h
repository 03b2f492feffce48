#pragma once

#include <exception>
#include <string>
#include <utility>

#include <arrow/result.h>
#include <arrow/status.h>

#include "base/result.h"
#include "table/errors.h"

/// The door between Arrow's and Tarn's errors. Inside of `table` only.
namespace tarn::table {

inline Error arrow_error(const arrow::Status& status, const ErrorCode& code = kParquetFailed) {
  if (status.IsCapacityError()) return Error(kTooLarge, status.message());
  return Error(code, status.message());
}

/// Calls into libparquet, which throws. `call` returns a Status or a Result.
template <typename Call>
auto without_exceptions(const std::string& what, Call&& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::exception& error) {
    return Error(kParquetFailed, what + ": " + error.what());
  }
}

}  // namespace tarn::table

/// As TARN_RETURN_IF_ERROR and TARN_ASSIGN_OR_RETURN, of arrow::Status and arrow::Result.
#define TARN_ARROW_RETURN_IF_ERROR(...)                                                      \
  do {                                                                                       \
    if (const ::arrow::Status arrow_status = (__VA_ARGS__); !arrow_status.ok()) [[unlikely]] \
      return ::tarn::table::arrow_error(arrow_status);                                       \
  } while (false)
#define TARN_ARROW_ASSIGN_OR_RETURN(declaration, ...) \
  TARN_INTERNAL_ARROW_ASSIGN(TARN_INTERNAL_JOIN(arrow_result_, __COUNTER__), declaration, __VA_ARGS__)
#define TARN_INTERNAL_ARROW_ASSIGN(result, declaration, ...) \
  auto result = (__VA_ARGS__);                               \
  if (!result.ok()) [[unlikely]]                             \
    return ::tarn::table::arrow_error(result.status());      \
  declaration = std::move(result).ValueUnsafe()
