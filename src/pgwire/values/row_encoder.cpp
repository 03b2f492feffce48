#include "pgwire/values/row_encoder.h"

#include "pgwire/values/values.h"

namespace tarn::pgwire {

std::vector<WireColumn> wire_columns(const std::vector<engine::Column>& columns) {
  std::vector<WireColumn> told;
  for (const engine::Column& column : columns) {
    // What PostgreSQL calls the column of `SELECT count(*)`, and programs ask for.
    const std::string name = column.name == "count_star()" ? "count" : column.name;
    told.push_back({name, query::postgres::wire_type(column.precise)});
  }
  return told;
}

RowEncoder::RowEncoder(const std::vector<engine::Column>& columns, const std::vector<WireColumn>& promised,
                       const std::vector<Format>& formats) {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Column column{.type = columns[i].precise, .wire = query::postgres::wire_type(columns[i].precise)};
    const bool is_as_promised = i >= promised.size() || promised[i].type.oid == column.wire.oid;
    // Text is the same in both formats.
    column.is_binary = is_as_promised && format_of(formats, i) == Format::kBinary;
    columns_.push_back(column);
  }
}

void RowEncoder::write_row(const engine::Chunk& chunk, std::size_t row, WireWriter& out) const {
  out.begin('D').int16(static_cast<std::int16_t>(columns_.size()));
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const engine::Cell cell = chunk.cell(i, row);
    if (cell.is_null()) {
      out.int32(-1);
      continue;
    }
    const Column& column = columns_[i];
    const std::size_t place = out.open_length();
    if (column.is_binary) {
      append_binary(cell, column.type, column.wire, out);
    } else {
      append_text(cell, column.type, column.wire, out.buffer());
    }
    out.close_length(place);
  }
  out.end();
}

}  // namespace tarn::pgwire
