#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/request_target.h"

namespace {

std::string encoded(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace

// What is read of a target means the same when it is written again with every byte escaped.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tarn::net;  // NOLINT(google-build-using-namespace)
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = parse_target(text);
  if (!target.ok()) return 0;
  std::string again = target->segments.empty() ? "/" : "";
  for (const std::string& segment : target->segments) again += "/" + encoded(segment);
  char separator = '?';
  for (const auto& [key, value] : target->query) {
    again += separator + encoded(key) + "=" + encoded(value);
    separator = '&';
  }
  const auto reread = parse_target(again);
  TARN_CHECK(reread.ok());
  TARN_CHECK(reread->segments == target->segments);
  TARN_CHECK(reread->query == target->query);
  return 0;
}
