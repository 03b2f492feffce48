#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/column_type.h"

namespace tarn::query {

class Session;

/// Where COPY … FROM STDIN leads.
struct CopyTarget {
  std::string table = {};                 ///< As SQL writes it: `curated.visit`.
  std::vector<std::string> columns = {};  ///< Their names; empty: all, in the table's order.
};

/// Takes rows of texts for a table and writes them all, or none. One thread at a time; must not outlive its
/// session, which runs nothing else until finish() or the destruction.
///
///   TARN_ASSIGN_OR_RETURN(auto copy, session->begin_copy(sql, {.table = "sales.orders"}));
///   TARN_RETURN_IF_ERROR(copy->add_row(fields, line));
///   TARN_ASSIGN_OR_RETURN(const std::int64_t rows, copy->finish());
class CopyIn {
 public:
  struct Impl;
  explicit CopyIn(std::unique_ptr<Impl> impl);
  ~CopyIn();
  CopyIn(const CopyIn&) = delete;
  CopyIn& operator=(const CopyIn&) = delete;

  /// Of a row's fields.
  std::vector<engine::ColumnType> types() const;
  /// Nothing is NULL. `line` is where the row stands, for errors. Errors: sql.bad_copy_data (another count
  /// of fields).
  Status add_row(std::span<const std::optional<std::string_view>> fields, std::int64_t line);
  /// Errors: as of an INSERT; sql.conversion with the line and the column.
  Result<std::int64_t> finish();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::query
