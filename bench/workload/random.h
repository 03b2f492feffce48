#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace tarn::workload {

/// SplitMix64's output function: one well-mixed number from another.
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}
constexpr std::uint64_t mix(std::uint64_t seed, std::uint64_t value) {
  return mix(mix(seed) ^ value);
}

/// xoshiro256** (Blackman and Vigna, 2018) and the draws the generator needs, in integers only, so that every
/// machine and compiler gives the same numbers. Cheap to make; one per zip or patient, seeded from what it
/// describes.
class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (std::uint64_t& word : state_) word = seed = mix(seed);
  }
  Random(std::uint64_t seed, std::uint64_t stream) : Random(mix(seed, stream)) {}

  std::uint64_t next() {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// 0 … bound - 1; `bound` is above 0. The bias is below 2^-32 for the bounds in use.
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
  }
  /// first … last, both included.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return first + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(last - first + 1));
  }
  /// True in `parts` of 10,000 cases.
  bool chance(std::uint32_t parts) { return below(10'000) < parts; }

  /// A draw from a distribution given by its quantiles at equal steps (0, 1/n, … 1), interpolated between
  /// them.
  std::int64_t quantile(std::span<const std::int32_t> quantiles) {
    const auto steps = static_cast<std::uint32_t>(quantiles.size() - 1);
    const std::uint64_t position = (next() >> 32) * steps;
    const auto step = static_cast<std::size_t>(position >> 32);
    const auto part = static_cast<std::int64_t>((position & 0xFFFFFFFFULL) >> 12);
    return quantiles[step] + (quantiles[step + 1] - quantiles[step]) * part / (1 << 20);
  }

  /// An index drawn by weights that sum to `total`.
  std::size_t weighted(std::span<const std::uint16_t> weights, std::uint32_t total) {
    std::uint32_t left = below(total);
    for (std::size_t i = 0; i + 1 < weights.size(); ++i) {
      if (left < weights[i]) return i;
      left -= weights[i];
    }
    return weights.size() - 1;
  }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t value, int by) {
    return (value << by) | (value >> (64 - by));
  }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace tarn::workload
