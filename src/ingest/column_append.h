#pragma once

#include <vector>

#include <arrow/type_fwd.h>

#include "ingest/read/cell.h"

namespace tarn::ingest {

/// Appends a cell to the builder of its column, which builds `type`; `elements` is what RecordCells::elements
/// holds. The builder's type may be wider than the contract's (int into int64, decimal(8,2) into
/// decimal(12,2)).
arrow::Status append_cell(arrow::ArrayBuilder& builder, arrow::Type::type type, const Cell& cell,
                          const std::vector<Cell>& elements);

}  // namespace tarn::ingest
