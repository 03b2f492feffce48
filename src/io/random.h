#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace tarn::io {

/// Random bytes for identifiers. All members may be called by many threads at once.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::array<std::uint8_t, 16> bytes16() = 0;
};

/// The operating system's generator.
std::unique_ptr<Random> make_system_random();

}  // namespace tarn::io
