#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tarn::cli {

enum class Align : std::uint8_t { kLeft, kRight };

/// Rows to be shown, in any output format. Commands that list things fill one:
///
///   Grid grid({{"file"}, {"rows", Align::kRight}});
///   grid.text("a.zip").number(4711).end_row();
///   std::cout << render(grid, context.render_options());
class Grid {
 public:
  struct Column {
    std::string name;
    Align align = Align::kLeft;
  };
  struct Cell {
    std::string text = "";      ///< For tables and CSV.
    std::string json = "null";  ///< A JSON value; "null" for NULL.
    bool is_null = false;
  };

  explicit Grid(std::vector<Column> columns) : columns_(std::move(columns)) {}

  Grid& text(std::string_view value);
  Grid& number(std::int64_t value);
  Grid& boolean(bool value);
  Grid& null();
  Grid& text_or_null(std::string_view value) { return value.empty() ? null() : text(value); }
  /// Microseconds since the epoch, as UTC.
  Grid& timestamp_us(std::int64_t value);
  /// A number shown for people in tables ("1.2 MB") and exactly elsewhere.
  Grid& size_bytes(std::uint64_t value);
  Grid& cell(Cell value);
  /// Cells that are missing become NULL.
  void end_row();

  const std::vector<Column>& columns() const { return columns_; }
  const std::vector<std::vector<Cell>>& rows() const { return rows_; }
  /// How many rows there are in all, when not all were put in here.
  std::uint64_t total_rows() const { return rows_.size() + left_out_; }
  void leave_out(std::uint64_t rows) { left_out_ += rows; }

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
  std::vector<Cell> open_row_;
  std::uint64_t left_out_ = 0;
};

}  // namespace tarn::cli
