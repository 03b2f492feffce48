#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "format/encoding.h"

// The first byte chooses the encoding. What is reported as clean must be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tarn::format::Encoding;
  if (size == 0) return 0;
  static std::string buffer;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto decoded = tarn::format::decode_text(bytes, static_cast<Encoding>(data[0] % 7), buffer);
  const std::size_t bad = tarn::format::find_bad_text(decoded.text);
  TARN_CHECK(decoded.is_clean == (bad == decoded.text.size()));
  const auto problem = tarn::format::check_text(decoded.text);
  TARN_CHECK(static_cast<bool>(problem) != decoded.is_clean);
  if (problem) {
    TARN_CHECK(problem.place.offset == bad && problem.place.line >= 1 && problem.place.column >= 1);
    TARN_CHECK(!tarn::format::to_error(problem).message().empty());
  }
  return 0;
}
