#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tarn::cli {

/// What an output stream can show. Colour: only on a TTY, never with NO_COLOR or TERM=dumb. Boxes are drawn
/// with Unicode only where the locale is UTF-8.
struct Terminal {
  bool is_tty = false;
  bool color = false;
  bool unicode = false;
  std::size_t width = 0;  ///< Columns; 0: as wide as need be (not a TTY).

  /// Of a file descriptor of this process: 1 is standard output, 2 standard error.
  static Terminal of(int descriptor);
};

/// The columns that `text` takes on a terminal: 0 for combining marks, 2 for wide East Asian letters and
/// emoji.
std::size_t display_width(std::string_view text);

/// `text` cut to at most `width` columns, the last one an ellipsis when something was cut.
std::string fit_width(std::string_view text, std::size_t width, bool unicode);

/// `text` on one line and harmless: control characters and bytes that are not UTF-8 are written as `\n`,
/// `\t`,
/// `\x1B`.
std::string printable(std::string_view text);

}  // namespace tarn::cli
