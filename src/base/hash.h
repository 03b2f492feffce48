#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace tarn {

/// A SHA-256 digest, compared and ordered by its bytes.
struct Sha256Digest {
  std::array<unsigned char, 32> bytes{};

  /// 64 lower-case hexadecimal characters.
  std::string hex() const;
  auto operator<=>(const Sha256Digest&) const = default;
};

/// SHA-256 (FIPS 180-4) of `data`, in one go.
Sha256Digest sha256(std::string_view data);

/// SHA-256 of a stream. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::string_view data);
  /// The digest of all that was given; the object is spent afterwards.
  Sha256Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// XXH3 of `data`: fast, not cryptographic, stable across runs and machines.
std::uint64_t xxh3_64(std::string_view data, std::uint64_t seed = 0);

/// The 128-bit variant; {low, high}.
struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto operator<=>(const Hash128&) const = default;
};
Hash128 xxh3_128(std::string_view data);

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);

}  // namespace tarn
