#pragma once

#include <string>

#include "base/hash.h"
#include "io/random.h"

namespace tarn::flight {

/// 256 random bits as text.
inline std::string random_handle(io::Random& random) {
  std::string bytes;
  for (int half = 0; half < 2; ++half) {
    const auto drawn = random.bytes16();
    bytes.append(drawn.begin(), drawn.end());
  }
  return to_hex(bytes);
}

}  // namespace tarn::flight
