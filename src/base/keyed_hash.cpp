#include "base/keyed_hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace tarn {
namespace {

constexpr std::size_t kHashBytes = 32;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string hmac_sha256(std::string_view key, std::string_view data) {
  std::string mac(kHashBytes, '\0');
  unsigned int size = 0;
  const auto* made = HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(data), data.size(),
                          reinterpret_cast<unsigned char*>(mac.data()), &size);
  TARN_CHECK(made != nullptr && size == kHashBytes);
  return mac;
}

std::string pbkdf2_sha256(std::string_view secret, std::string_view salt, int rounds) {
  std::string hash(kHashBytes, '\0');
  const int made = PKCS5_PBKDF2_HMAC(secret.data(), static_cast<int>(secret.size()), bytes_of(salt),
                                     static_cast<int>(salt.size()), rounds, EVP_sha256(), kHashBytes,
                                     reinterpret_cast<unsigned char*>(hash.data()));
  TARN_CHECK(made == 1);
  return hash;
}

bool equal_in_constant_time(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

}  // namespace tarn
