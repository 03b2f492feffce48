#include <cstddef>
#include <cstdint>
#include <string_view>

#include "flight/messages/commands.h"
#include "flight/metadata/like_pattern.h"
#include "flight/statements/parameters.h"

/// Any bytes as a command, a ticket, a pattern and a statement with parameters of a Flight SQL client.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)tarn::flight::read_command(bytes);
  (void)tarn::flight::declare(bytes, {"BIGINT", "", "VARCHAR"});
  const std::string_view half = bytes.substr(0, size / 2);
  (void)tarn::flight::matches_like(half, bytes.substr(size / 2));
  return 0;
}
