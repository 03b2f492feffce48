#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pgwire/values/copy_out.h"

namespace tarn::pgwire {

/// Takes the data of COPY … FROM STDIN apart (PostgreSQL 15, "COPY", "File Formats"), in whatever pieces it
/// comes: text and CSV. One thread.
///
///   CopyReader reader(copy, [&](auto fields, std::int64_t line) { return rows.add_row(fields, line); });
///   TARN_RETURN_IF_ERROR(reader.add(message.bytes));
///   TARN_RETURN_IF_ERROR(reader.finish());
class CopyReader {
 public:
  using Fields = std::span<const std::optional<std::string_view>>;
  /// Called with each row; nothing is NULL. The texts are good until it returns.
  using OnRow = std::function<Status(Fields fields, std::int64_t line)>;
  /// Longer rows are refused.
  static constexpr std::size_t kMaxRowBytes = std::size_t{64} << 20;

  CopyReader(const CopyStatement& copy, OnRow on_row) : copy_(copy), on_row_(std::move(on_row)) {}

  /// Errors: sql.bad_copy_data, and those of `on_row`.
  Status add(std::string_view bytes);
  Status finish();

 private:
  bool find_end();
  Status take_row(std::string_view row);
  Status read_text(std::string_view row);
  Status read_csv(std::string_view row);
  void unescape(std::string_view field);
  Error bad(std::string_view what) const;

  const CopyStatement& copy_;
  OnRow on_row_;
  std::string waiting_;      ///< Of rows that are not whole yet.
  std::size_t scanned_ = 0;  ///< Of `waiting_`.
  bool in_quotes_ = false;   ///< There.
  bool is_escaped_ = false;  ///< The byte behind it.
  std::int64_t line_ = 1;    ///< Where the row begins.
  std::int64_t lines_ = 0;   ///< Within the row.
  bool has_ended_ = false;   ///< `\.` was there.
  bool has_begun_ = false;
  std::string text_;  ///< The fields of a row, one behind the other.
};

}  // namespace tarn::pgwire
