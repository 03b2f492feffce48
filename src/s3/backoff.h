#pragma once

#include <chrono>
#include <cstdint>

#include "io/random.h"

namespace tarn::s3 {

/// How often a request is sent at most. With the waits below, about half a minute of outage is ridden out.
inline constexpr int kMaxAttempts = 10;

/// How long to wait after so many attempts (from 1): doubling from a tenth of a second up to eight seconds, a
/// random half of it, so that many that failed at once do not come back at once.
std::chrono::milliseconds backoff(std::int64_t attempts, io::Random& random);

}  // namespace tarn::s3
