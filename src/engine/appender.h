#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace tarn::engine {

/// Adds rows to a table of the engine's own database, cell by cell from the left. One thread at a time; must
/// not outlive its connection. A mistake (wrong count or type of cells) is answered by end_row() or close().
///
///   TARN_ASSIGN_OR_RETURN(Appender rows, connection.append_to({"ops", "files"}));
///   rows.text("a.zip").int64(4711).null();
///   TARN_RETURN_IF_ERROR(rows.end_row());
///   TARN_RETURN_IF_ERROR(rows.close());
class Appender {
 public:
  Appender(Appender&&) noexcept;
  Appender& operator=(Appender&&) noexcept;
  ~Appender();

  Appender& null();
  Appender& boolean(bool value);
  Appender& int64(std::int64_t value);
  Appender& float64(double value);
  /// Text must be UTF-8; other bytes become U+FFFD.
  Appender& text(std::string_view value);
  Appender& binary(std::string_view value);
  /// Microseconds since the epoch; fits TIMESTAMP and TIMESTAMPTZ columns.
  Appender& timestamp_us(std::int64_t value);
  /// The text, or NULL when it is empty.
  Appender& text_or_null(std::string_view value);
  Appender& int64_or_null(std::optional<std::int64_t> value);

  Status end_row();
  /// Makes the rows visible. Without it they are lost.
  Status close();

 private:
  friend class Connection;
  struct Impl;
  explicit Appender(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::engine
