#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <arrow/type_fwd.h>

#include "base/result.h"

namespace tarn::table {

/// Rows that wait on the local disk, because memory is bounded and what there is to do is not. The file has
/// no name once it is written, so nothing is left whatever happens. Immutable; any number of threads.
class SpilledRows {
 public:
  /// Writes `rows` to `path`, whose folder exists, and maps them. Errors: io.*, table.spill_failed.
  static Result<std::shared_ptr<const SpilledRows>> write(const arrow::RecordBatch& rows,
                                                          const std::string& path);
  SpilledRows(const SpilledRows&) = delete;
  SpilledRows& operator=(const SpilledRows&) = delete;

  /// The rows, in mapped memory, which lives as long as they are referred to.
  const std::shared_ptr<arrow::RecordBatch>& rows() const { return rows_; }
  /// Gives back the memory that reading the rows took; they can still be read.
  void forget_pages() const;

 private:
  SpilledRows() = default;
  std::shared_ptr<arrow::Buffer> bytes_;
  std::shared_ptr<arrow::RecordBatch> rows_;
};

}  // namespace tarn::table
