#pragma once

#include <cstdint>
#include <vector>

#include "engine/result_set.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/protocol/replies.h"
#include "pgwire/protocol/wire_buffer.h"

namespace tarn::pgwire {

/// As clients are told of the columns of a result.
std::vector<WireColumn> wire_columns(const std::vector<engine::Column>& columns);

/// Writes rows as DataRow messages. What clients were told of the columns before the statement was run holds,
/// even where the engine only then found out a type: such values are sent as texts.
class RowEncoder {
 public:
  /// `promised` has as many columns as `columns`.
  RowEncoder(const std::vector<engine::Column>& columns, const std::vector<WireColumn>& promised,
             const std::vector<Format>& formats);

  void write_row(const engine::Chunk& chunk, std::size_t row, WireWriter& out) const;

 private:
  struct Column {
    engine::ColumnType type;
    query::postgres::WireType wire;
    bool is_binary = false;
  };
  std::vector<Column> columns_;
};

}  // namespace tarn::pgwire
