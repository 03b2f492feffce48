#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "iceberg/schema.h"
#include "table/data_files.h"
#include "table/replace/delivery_index.h"
#include "table/upsert.h"

/// Deliveries that each are the whole content of a scope: the table, or the rows of a facility. What a scope
/// holds is a pure function of the set of its deliveries, in whatever order and batches they come. A
/// delivery's rank is its version, then its arrival:
///
/// - of the whole deliveries the greatest counts; its rows are there, all others are not;
/// - what is not whole, because records of it were refused, adds to that: of each key the greatest of the
///   whole one and those that are greater than it;
/// - so a delivery that is not greater than the greatest whole one is superseded altogether.
///
/// A row whose content is what the table has is not written again; it keeps the delivery that brought it.
///
///   TARN_RETURN_IF_ERROR(index.sync_to(tables, store, cache));
///   TARN_ASSIGN_OR_RETURN(DeliveryPlan plan, plan_deliveries(index, tables, records));
///   for each of both sides, with `table` for its metadata:
///     TARN_ASSIGN_OR_RETURN(WrittenFiles data, write_data_files(store, batches with its columns,
///         {.schema = …, .rows = plan.of(side).rows, .want_places = true}));
///     TARN_ASSIGN_OR_RETURN(auto deletes, write_deletes(store, cache, table, plan.of(side).deletes, …));
///   … build both snapshots, commit them together; and when that is done:
///   TARN_RETURN_IF_ERROR(note_committed(index, plan, rows, deliveries, snapshots));
///
/// docs/decisions/0017-replace.md says why a delivery is remembered and not what it deleted.
namespace tarn::table {

struct Delivery {
  bool whole = true;  ///< False: some of its records are missing, so that what it lacks says nothing.
};

/// The records of a batch.
struct DeliveryRecords {
  std::span<const std::shared_ptr<arrow::RecordBatch>> batches;  ///< With the columns of `schema`.
  const iceberg::Schema& schema;                                 ///< The current one of the table of rows.
  std::span<const Delivery> deliveries;                          ///< In the order of their arrival.
  std::span<const std::uint32_t> delivery_of;  ///< Of each record, through all batches; into `deliveries`.
  std::uint32_t max_deletes_percent = 100;     ///< Of a scope's rows; what deletes more is refused.
};

/// A delivery that changes nothing, and why.
struct RefusedDelivery {
  enum class Reason : std::uint8_t {
    kTooManyDeletes,
    kMixedVersions,  ///< Its records of one scope differ in their version.
  };
  std::uint32_t delivery = 0;
  Reason reason = Reason::kTooManyDeletes;
  std::int64_t rows = 0;     ///< Of the scope.
  std::int64_t deletes = 0;  ///< How many of them the delivery lacks.
};

struct DeliveryCounts {
  std::int64_t inserted = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;   ///< Records whose row is there already.
  std::int64_t superseded = 0;  ///< Records that lost to another of their key, or of later deliveries.
  std::int64_t deleted = 0;     ///< Rows that went, because a delivery lacked them.
};

/// What one of the two tables gets and loses.
struct DeliveryChange {
  std::vector<std::int64_t> rows;  ///< To write: ascending numbers of records.
  // Of each of `rows`.
  std::vector<RowKey> scopes;
  std::vector<RowKey> keys;            ///< Empty for deliveries.
  std::vector<std::int64_t> contents;  ///< Likewise.
  PackedStrings ranks;
  std::vector<UpsertPlan::PartitionDeletes> deletes;

  bool changes_nothing() const { return rows.empty() && deletes.empty(); }
};

struct DeliveryPlan {
  DeliveryChange rows;
  DeliveryChange deliveries;  ///< Each by one of its records.
  std::vector<DeliveryIndex::ScopedKey> removed;
  std::vector<RefusedDelivery> refused;
  std::vector<std::int64_t> kept;  ///< Records that are rows or equal to one, ascending.
  DeliveryCounts counts;
  DeliveryIndex::Snapshots base;  ///< What it was planned against.

  const DeliveryChange& of(DeliverySide side) const {
    return side == DeliverySide::kRows ? rows : deliveries;
  }
};

/// Decides what is written to and deleted from both tables. Costs what the batch and the scopes of its
/// deliveries are worth, in memory, too: the tables are not read. One thread at a time for an index. Errors:
/// table.index_not_in_step unless the index describes the tables, table.null_key, table.bad_key,
/// table.batch_mismatch, table.index_failed, those of tracked_hashes().
Result<DeliveryPlan> plan_deliveries(DeliveryIndex& index, const DeliveryTables& tables,
                                     const DeliveryRecords& records);

/// Tells the index that the plan was committed. The files are what write_data_files() returned for each of
/// the tables, places included. Errors: table.index_failed; table.index_not_in_step when the index has moved
/// on since the plan was made.
Status note_committed(DeliveryIndex& index, const DeliveryPlan& plan, const WrittenFiles& rows,
                      const WrittenFiles& deliveries, const DeliveryIndex::Snapshots& snapshots);

}  // namespace tarn::table
