#pragma once

namespace tarn::internal {
/// Prints the broken invariant with its place and aborts.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);
}  // namespace tarn::internal

/// Aborts in every build when an invariant of Tarn's own is broken. User input can never reach one.
#define TARN_CHECK(condition)                                         \
  do {                                                                \
    if (!(condition)) [[unlikely]]                                    \
      ::tarn::internal::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
