#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace tarn {

/// The outcome of something that returns nothing: fine, or an Error.
///
///   Status save(const Path& path);
///   TARN_RETURN_IF_ERROR(save(path));
class [[nodiscard]] Status {
 public:
  Status() = default;
  Status(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor): `return Error(…)`

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  /// Requires !ok().
  const Error& error() const& {
    TARN_CHECK(error_.has_value());
    return *error_;
  }
  Error&& error() && {
    TARN_CHECK(error_.has_value());
    return *std::move(error_);
  }

 private:
  std::optional<Error> error_;
};

inline Status ok_status() {
  return Status();
}

/// A value or an Error.
///
///   Result<Schema> parse(std::string_view text);
///   TARN_ASSIGN_OR_RETURN(const Schema schema, parse(text));
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by intent
  Result(Error error) : value_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by intent

  bool ok() const { return value_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// Requires ok().
  T& value() & {
    TARN_CHECK(ok());
    return std::get<0>(value_);
  }
  const T& value() const& {
    TARN_CHECK(ok());
    return std::get<0>(value_);
  }
  T&& value() && {
    TARN_CHECK(ok());
    return std::get<0>(std::move(value_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Requires !ok().
  const Error& error() const& {
    TARN_CHECK(!ok());
    return std::get<1>(value_);
  }
  Error&& error() && {
    TARN_CHECK(!ok());
    return std::get<1>(std::move(value_));
  }

 private:
  std::variant<T, Error> value_;
};

}  // namespace tarn

#define TARN_INTERNAL_JOIN2(a, b) a##b
#define TARN_INTERNAL_JOIN(a, b) TARN_INTERNAL_JOIN2(a, b)

/// Returns the error of a Status or Result expression from the enclosing function. A statement.
#define TARN_RETURN_IF_ERROR(...)                                         \
  do {                                                                    \
    if (auto tarn_status = (__VA_ARGS__); !tarn_status.ok()) [[unlikely]] \
      return std::move(tarn_status).error();                              \
  } while (false)

/// Declares or assigns `declaration` from a Result, or returns its error. A statement, in a scope of its own
/// line.
#define TARN_ASSIGN_OR_RETURN(declaration, ...) \
  TARN_INTERNAL_ASSIGN(TARN_INTERNAL_JOIN(tarn_result_, __COUNTER__), declaration, __VA_ARGS__)
#define TARN_INTERNAL_ASSIGN(result, declaration, ...) \
  auto result = (__VA_ARGS__);                         \
  if (!result.ok()) [[unlikely]]                       \
    return std::move(result).error();                  \
  declaration = std::move(result).value()
