#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pgwire/values/copy_out.h"

namespace tarn::pgwire {

/// The fields of a row; nothing is NULL.
using CopyFields = std::span<const std::optional<std::string_view>>;
/// Called with each row and its line, or its number where there are no lines. The texts are good until it
/// returns.
using OnCopyRow = std::function<Status(CopyFields fields, std::int64_t line)>;

/// Longer rows are refused.
inline constexpr std::size_t kMaxCopyRowBytes = std::size_t{64} << 20;

/// Takes the data of COPY … FROM STDIN apart (PostgreSQL 15, "COPY", "File Formats"), in whatever pieces it
/// comes: text, CSV and binary. One thread.
///
///   const auto reader = make_copy_reader(copy, types, [&](auto fields, std::int64_t line) { … });
///   TARN_RETURN_IF_ERROR(reader->add(message.bytes));
///   TARN_RETURN_IF_ERROR(reader->finish());
class CopyReader {
 public:
  virtual ~CopyReader() = default;
  /// Errors: sql.bad_copy_data, pgwire.bad_parameter for a value, and those of `on_row`.
  virtual Status add(std::string_view bytes) = 0;
  virtual Status finish() = 0;
};

/// `types` are the numbers of the columns' types, for the binary format: its values become the texts that SQL
/// has for them. `copy` must outlive the reader.
std::unique_ptr<CopyReader> make_copy_reader(const CopyStatement& copy, std::vector<std::uint32_t> types,
                                             OnCopyRow on_row);

}  // namespace tarn::pgwire
