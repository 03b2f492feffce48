#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tarn::ingest {

/// A typed value of one record, held until the whole record is known to be good. Which member counts follows
/// from the column's type: `integer` for boolean, int, long, date (days), time and timestamps (microseconds);
/// `text` for string, binary and uuid (16 bytes); `first` and `count` for lists, whose elements lie in
/// RecordCells::elements. Texts point into the member's buffer or the record's arena and live as long as the
/// record is being worked on.
struct Cell {
  bool is_null = true;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  union {
    std::int64_t integer = 0;
    double number;
  };
  __extension__ __int128 decimal = 0;
  std::string_view text;
};

/// The cells of one record: one for each column of the feed's table, in the contract's order, then what lists
/// hold. An element of a list<struct> takes as many consecutive cells as the struct has members.
struct RecordCells {
  std::vector<Cell> columns;
  std::vector<Cell> elements;

  void clear() {
    columns.clear();
    elements.clear();
  }
};

}  // namespace tarn::ingest
