#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "iceberg/literal.h"

namespace tarn::iceberg {

/// Two's complement, big-endian, in the fewest bytes (Iceberg spec, Appendix D, "decimal").
std::string min_big_endian(Int128 value);
/// Two's complement, big-endian, in `width` bytes (1 … 16), which must suffice.
std::string big_endian(Int128 value, std::size_t width);
/// Nothing for no bytes, or more than 16 that are not mere sign.
std::optional<Int128> from_big_endian(std::string_view bytes);

void append_little_endian(std::string& bytes, std::uint64_t value, std::size_t width);
/// At most eight bytes.
std::uint64_t from_little_endian(std::string_view bytes);

}  // namespace tarn::iceberg
