#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn {

/// Bytes from "256MiB", "1.5 GB", "4096" or "64KiB": KiB, MiB, GiB, TiB are powers of 1024; kB, KB, MB, GB,
/// TB of 1000; case is ignored. Nothing when it is not a size, is negative, or does not fit.
std::optional<std::uint64_t> parse_size_bytes(std::string_view text);

/// Milliseconds from "250ms", "2s", "15m", "6h", "7d". Nothing when it is not a duration.
std::optional<std::int64_t> parse_duration_ms(std::string_view text);

/// "1.2 MB", "14 kB", "512 B": for people, in powers of 1000.
std::string format_size(std::uint64_t bytes);

/// "1,234,567".
std::string format_count(std::int64_t count);

/// "850 ms", "12.4 s", "3 m 20 s", "2 h 05 m": for people.
std::string format_duration(double seconds);

}  // namespace tarn
