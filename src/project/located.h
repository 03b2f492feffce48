#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace tarn::project {

/// A value together with the place where a person wrote it, so that a later stage can still point at it. A
/// value that was not written (a default) has a span whose line is 0. Two are equal when their values are.
///
///   for (const Located<std::string>& column : feed.key) {
///     if (!known(*column)) return Error(kUnknownColumn, "…").with_span(column.span);
///   }
template <typename T>
struct Located {
  T value{};
  SourceSpan span{};

  Located() = default;
  Located(T v) : value(std::move(v)) {}  // NOLINT(google-explicit-constructor): a default without a place
  Located(T v, SourceSpan s) : value(std::move(v)), span(std::move(s)) {}

  const T& operator*() const { return value; }
  T& operator*() { return value; }
  const T* operator->() const { return &value; }
  T* operator->() { return &value; }
  /// Whether it was written, rather than defaulted.
  bool written() const { return span.line > 0; }

  friend bool operator==(const Located& a, const Located& b) { return a.value == b.value; }
};

}  // namespace tarn::project
