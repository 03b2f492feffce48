#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"
#include "table/maintenance/z_curve.h"
#include "table/reader.h"

namespace tarn::table {

/// The order of rows within a file: a curve where the table has one, else its sort order.
struct RowOrder {
  const iceberg::Schema& schema;
  const iceberg::SortOrder& sort;
  const ZCurve* curve = nullptr;

  bool is_unordered() const { return curve == nullptr && sort.is_unsorted(); }
  /// The rows of a batch in the order; equal ones as they are. Errors: those of ordered_rows().
  Result<std::vector<std::uint32_t>> ordered(const arrow::RecordBatch& batch) const;
};

/// What is sorted beyond `memory_bytes` waits in files of this local folder; empty: in memory.
struct MergeSpill {
  std::string folder = {};
  std::int64_t memory_bytes = 0;
};

/// Where a merged row came from.
struct RowOrigin {
  std::uint32_t source = 0;    ///< The number of its add().
  std::uint32_t position = 0;  ///< In the file.
};

struct MergedRows {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::vector<RowOrigin> origins;
};

/// The rows of several files in one order, without holding more than a batch of each. Rows that are equal by
/// the order keep that of their sources; without an order the sources come one after the other. A source that
/// is not in the order is read when it is added, and sorted in pieces. One thread at a time. Inside of
/// `table` only.
class RowMerge {
 public:
  explicit RowMerge(RowOrder order, MergeSpill spill = {}) : order_(order), spill_(std::move(spill)) {}

  /// Errors: those of DataFileReader and RowOrder::ordered(), table.spill_failed.
  Status add(std::unique_ptr<DataFileReader> reader, bool is_ordered);
  /// The next rows; nothing at the end. Errors: those of DataFileReader and ordered_rows().
  Result<std::optional<MergedRows>> next();

 private:
  struct Source {
    std::unique_ptr<DataFileReader> reader;  // null: at its end
    std::shared_ptr<arrow::RecordBatch> batch;
    std::vector<std::uint32_t> positions;
    std::uint32_t number = 0;  // of the add()
    std::int64_t rows() const;
  };
  Status read_more(Source& source) const;
  Status add_sorted(std::unique_ptr<DataFileReader> reader);
  Status keep_sorted(std::shared_ptr<arrow::RecordBatch> piece, std::vector<std::uint32_t> positions);
  Result<std::optional<MergedRows>> next_in_sequence();
  Result<std::vector<std::size_t>> choose(std::size_t& bound) const;
  Result<MergedRows> emit(const std::vector<std::size_t>& chosen, std::size_t bound);
  Status keep_rest(const std::vector<std::size_t>& chosen, const std::vector<RowOrigin>& emitted);

  RowOrder order_;
  MergeSpill spill_;
  std::int64_t held_bytes_ = 0;  // of sorted pieces in memory
  std::uint32_t spilled_ = 0;
  std::uint32_t added_ = 0;
  std::vector<Source> sources_;
  std::size_t current_ = 0;  // of next_in_sequence()
};

}  // namespace tarn::table
