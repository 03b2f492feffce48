#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/ids.h"
#include "base/result.h"
#include "iceberg/schema.h"
#include "ingest/drift/drift_columns.h"
#include "ingest/read/cell.h"
#include "table/rows/spilled_rows.h"

namespace tarn::ingest {

/// Where the rows that follow come from; becomes their audit columns.
struct RowOrigin {
  struct File {
    std::string path;    ///< Relative to the source's folder.
    std::string sha256;  ///< Hexadecimal.
    ArrivalId arrival;
  };
  std::shared_ptr<const File> file;                  ///< Shared by its members.
  std::optional<std::string> member = std::nullopt;  ///< Nothing for a plain file.
};

/// What all rows of a batch share.
struct BatchStamp {
  BatchId id;
  std::int64_t ingested_at_us = 0;
  std::int32_t contract_version = 1;
};

/// Grows the Arrow columns of one table from good records. One thread at a time; every worker has its own.
///
///   TableBuilder builder(schema, {"id", "price"});
///   builder.set_origin({file, "a.csv"});
///   TARN_RETURN_IF_ERROR(builder.append(cells, elements, {.record = 1}));
///   TARN_ASSIGN_OR_RETURN(auto batches, builder.finish(schema, stamp));
class TableBuilder {
 public:
  /// `schema` is the table's; `contract_columns` name, in the order of the cells, which of its columns rows
  /// bring. Each must be in the schema, its type the contract's or a wider one.
  static Result<TableBuilder> make(const iceberg::Schema& schema,
                                   std::span<const std::string> contract_columns);
  TableBuilder(TableBuilder&&) noexcept;
  TableBuilder& operator=(TableBuilder&&) noexcept;
  ~TableBuilder();

  void set_origin(const RowOrigin& origin);

  /// A value of a column that the contract does not know.
  struct ExtraValue {
    std::string_view source;  ///< As DriftSource's.
    std::string_view name;
    std::string_view text;
  };
  struct Row {
    std::int64_t record = 0;      ///< Position in its member, from 1.
    std::int64_t parent_row = 0;  ///< Of a child's row: its parent's number among this worker's rows.
    std::span<const ExtraValue> extras = {};
  };
  /// Copies the cells. ingest.out_of_memory when Arrow cannot grow.
  Status append(std::span<const Cell> cells, const std::vector<Cell>& elements, const Row& row);

  /// All rows, the spilled ones among them.
  std::int64_t rows() const;
  /// About what the rows take that are not spilled.
  std::uint64_t memory_bytes() const;
  /// Moves the rows in memory to the file `path`. `schema` is the table's, as it is known so far. Errors:
  /// ingest.spill_failed.
  Status spill(const iceberg::Schema& schema, const BatchStamp& stamp, const std::string& path);
  /// The unknown columns that rows brought so far, in no order.
  std::vector<DriftSource> drift_sources() const;
  /// Of each row, Row::parent_row.
  const std::vector<std::int64_t>& parent_rows() const;

  struct Rows {
    std::shared_ptr<arrow::RecordBatch> batch;
    std::shared_ptr<const table::SpilledRows> spilled;  ///< What `batch` points into; null: memory.
  };
  /// The rows in their order, with exactly the columns of `schema` (audit text may be dictionaries), which is
  /// the table's after those of `drift` were added; that has all drift_sources(). The builder is empty
  /// afterwards.
  Result<std::vector<Rows>> finish(const iceberg::Schema& schema, const BatchStamp& stamp,
                                   const DriftColumns& drift);

 private:
  struct Impl;
  explicit TableBuilder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::ingest
