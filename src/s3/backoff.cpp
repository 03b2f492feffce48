#include "s3/backoff.h"

#include <algorithm>

namespace tarn::s3 {

std::chrono::milliseconds backoff(std::int64_t attempts, io::Random& random) {
  constexpr std::int64_t kFirstMs = 100;
  constexpr std::int64_t kLongestMs = 8'000;
  constexpr std::int64_t kDoublings = 7;
  const std::int64_t full =
      std::min(kLongestMs, kFirstMs << std::clamp<std::int64_t>(attempts - 1, 0, kDoublings));
  const auto bytes = random.bytes16();
  const std::int64_t share = bytes[0] * 256 + bytes[1];  // of 65536
  return std::chrono::milliseconds(full / 2 + full / 2 * share / 65536);
}

}  // namespace tarn::s3
