#include "cli/table_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string_view>
#include <vector>

#include "base/size.h"

namespace tarn::cli {
namespace {

constexpr std::string_view kNull = "NULL";
constexpr std::size_t kNarrowest = 6;  ///< A column is not cut below this many columns.

struct Style {
  std::string_view horizontal, vertical, cross;
  std::string_view top_left, top_cross, top_right, left_cross, right_cross;
  std::string_view bottom_left, bottom_cross, bottom_right;
};
constexpr Style kUnicode{"─", "│", "┼", "┌", "┬", "┐", "├", "┤", "└", "┴", "┘"};
constexpr Style kAscii{"-", "|", "+", "+", "+", "+", "+", "+", "+", "+", "+"};

std::string paint(std::string text, std::string_view code, const Terminal& terminal) {
  if (!terminal.color) return text;
  return fmt::format("\x1B[{}m{}\x1B[0m", code, text);
}

/// Texts as they will be shown, and how wide each column would like to be.
struct Shown {
  std::vector<std::string> headers;
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
};

Shown prepare(const Grid& grid, const RenderOptions& options) {
  Shown shown;
  for (const Grid::Column& column : grid.columns()) {
    shown.headers.push_back(printable(column.name));
    shown.widths.push_back(display_width(shown.headers.back()));
  }
  const std::size_t count = options.max_rows == 0
                                ? grid.rows().size()
                                : std::min<std::size_t>(options.max_rows, grid.rows().size());
  for (std::size_t row = 0; row < count; ++row) {
    auto& texts = shown.rows.emplace_back();
    for (std::size_t i = 0; i < grid.columns().size(); ++i) {
      const Grid::Cell& cell = grid.rows()[row][i];
      texts.push_back(cell.is_null ? std::string(kNull) : printable(cell.text));
      shown.widths[i] = std::max(shown.widths[i], display_width(texts.back()));
    }
  }
  return shown;
}

std::size_t table_width(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), std::size_t{1},
                         [](std::size_t sum, std::size_t w) { return sum + w + 3; });
}

/// Cuts the widest columns first, then leaves out columns from the right. Returns how many columns are shown.
std::size_t fit(std::vector<std::size_t>& widths, std::size_t limit) {
  if (limit == 0 || table_width(widths) <= limit) return widths.size();
  std::size_t shown = widths.size();
  const auto narrowest = [&] {
    std::size_t sum = 1;
    for (std::size_t i = 0; i < shown; ++i) sum += std::min(widths[i], kNarrowest) + 3;
    return sum;
  };
  while (shown > 1 && narrowest() > limit) --shown;
  widths.resize(shown);
  while (table_width(widths) > limit) {
    const auto widest = std::ranges::max_element(widths);
    if (*widest <= kNarrowest) break;
    // Down to the second widest at once, so that thousands of columns of text do not take thousands of steps.
    std::size_t second = kNarrowest;
    for (auto it = widths.begin(); it != widths.end(); ++it) {
      if (it != widest) second = std::max(second, std::min(*it, *widest));
    }
    const std::size_t excess = table_width(widths) - limit;
    *widest -= std::clamp<std::size_t>(std::min(excess, *widest - second), 1, *widest - kNarrowest);
  }
  return shown;
}

std::string rule(const std::vector<std::size_t>& widths, std::string_view line, std::string_view left,
                 std::string_view cross, std::string_view right) {
  std::string text(left);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    if (i != 0) text += cross;
    for (std::size_t k = 0; k < widths[i] + 2; ++k) text += line;
  }
  return text.append(right) + "\n";
}

std::string pad(const std::string& text, std::size_t width, Align align) {
  const std::size_t used = display_width(text);
  const std::string blanks(width > used ? width - used : 0, ' ');
  return align == Align::kRight ? blanks + text : text + blanks;
}

std::string footer(const Grid& grid, std::size_t rows_shown, std::size_t columns_shown) {
  const std::uint64_t total = grid.total_rows();
  std::string text =
      fmt::format("{} row{}", format_count(static_cast<std::int64_t>(total)), total == 1 ? "" : "s");
  if (rows_shown < total)
    text += fmt::format(" ({} shown)", format_count(static_cast<std::int64_t>(rows_shown)));
  if (columns_shown < grid.columns().size()) {
    text += fmt::format("; {} columns do not fit:", grid.columns().size() - columns_shown);
    for (std::size_t i = columns_shown; i < grid.columns().size(); ++i)
      text += " " + printable(grid.columns()[i].name);
  }
  return text;
}

}  // namespace

std::string layout_table(const Grid& grid, const RenderOptions& options) {
  const Terminal& terminal = options.terminal;
  const Style& style = terminal.unicode ? kUnicode : kAscii;
  Shown shown = prepare(grid, options);
  const std::size_t columns = fit(shown.widths, terminal.width);
  std::string text = rule(shown.widths, style.horizontal, style.top_left, style.top_cross, style.top_right);
  text += style.vertical;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::string name = fit_width(shown.headers[i], shown.widths[i], terminal.unicode);
    text += " " + paint(pad(name, shown.widths[i], grid.columns()[i].align), "1", terminal) + " ";
    text += style.vertical;
  }
  text += "\n" + rule(shown.widths, style.horizontal, style.left_cross, style.cross, style.right_cross);
  for (std::size_t row = 0; row < shown.rows.size(); ++row) {
    text += style.vertical;
    for (std::size_t i = 0; i < columns; ++i) {
      const std::string value = fit_width(shown.rows[row][i], shown.widths[i], terminal.unicode);
      const std::string padded = pad(value, shown.widths[i], grid.columns()[i].align);
      text += " " + (grid.rows()[row][i].is_null ? paint(padded, "2", terminal) : padded) + " ";
      text += style.vertical;
    }
    text += "\n";
  }
  text += rule(shown.widths, style.horizontal, style.bottom_left, style.bottom_cross, style.bottom_right);
  if (options.footer) text += paint(footer(grid, shown.rows.size(), columns), "2", terminal) + "\n";
  return text;
}

std::string layout_expanded(const Grid& grid, const RenderOptions& options) {
  const Terminal& terminal = options.terminal;
  const std::string_view bar = terminal.unicode ? "│" : "|";
  const Shown shown = prepare(grid, options);
  std::size_t width = 0;
  for (const std::string& header : shown.headers) width = std::max(width, display_width(header));
  std::string text;
  for (std::size_t row = 0; row < shown.rows.size(); ++row) {
    text += paint(fmt::format("-[ row {} ]-", row + 1), "2", terminal) + "\n";
    for (std::size_t i = 0; i < shown.headers.size(); ++i) {
      const std::string& value = shown.rows[row][i];
      text += fmt::format("{} {} {}\n", paint(pad(shown.headers[i], width, Align::kLeft), "1", terminal), bar,
                          grid.rows()[row][i].is_null ? paint(value, "2", terminal) : value);
    }
  }
  if (options.footer)
    text += paint(footer(grid, shown.rows.size(), shown.headers.size()), "2", terminal) + "\n";
  return text;
}

}  // namespace tarn::cli
