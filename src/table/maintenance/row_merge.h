#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"
#include "table/reader.h"

namespace tarn::table {

/// Where a merged row came from.
struct RowOrigin {
  std::uint32_t source = 0;
  std::uint32_t position = 0;  ///< In the file.
};

struct MergedRows {
  std::shared_ptr<arrow::RecordBatch> batch;
  std::vector<RowOrigin> origins;
};

/// The rows of several files in one order, without holding more than a batch of each. Rows that are equal by
/// the order keep that of their sources; without an order the sources come one after the other. A source that
/// is not in the order is read whole when it is added. One thread at a time. Inside of `table` only.
class RowMerge {
 public:
  RowMerge(const iceberg::Schema& schema, const iceberg::SortOrder& order) : schema_(schema), order_(order) {}

  Status add(std::unique_ptr<DataFileReader> reader, bool is_ordered);
  /// The next rows; nothing at the end. Errors: those of DataFileReader and ordered_rows().
  Result<std::optional<MergedRows>> next();

 private:
  struct Source {
    std::unique_ptr<DataFileReader> reader;  // null: at its end
    std::shared_ptr<arrow::RecordBatch> batch;
    std::vector<std::uint32_t> positions;
    std::int64_t rows() const;
  };
  Status read_more(Source& source) const;
  Status sort(Source& source) const;
  Result<std::optional<MergedRows>> next_in_sequence();
  Result<std::vector<std::size_t>> choose(std::size_t& bound) const;
  Result<MergedRows> emit(const std::vector<std::size_t>& chosen, std::size_t bound);
  Status keep_rest(const std::vector<std::size_t>& chosen, const std::vector<RowOrigin>& emitted);

  const iceberg::Schema& schema_;
  const iceberg::SortOrder& order_;
  std::vector<Source> sources_;
  std::size_t current_ = 0;  // of next_in_sequence()
};

}  // namespace tarn::table
