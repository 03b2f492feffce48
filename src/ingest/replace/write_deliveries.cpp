// Deliveries (`mode: replace`): what those of a batch make of both tables.
#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "ingest/errors.h"
#include "table/arrow_schema.h"

namespace tarn::ingest {
namespace {

/// Of each row, which of the deliveries, which ascend by arrival, brought it.
std::vector<std::uint32_t> delivery_of_rows(const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches,
                                            const std::vector<const ParsedDelivery*>& deliveries) {
  std::vector<std::uint32_t> of;
  std::size_t last = 0;
  for (const auto& batch : batches) {
    const auto arrivals =
        std::static_pointer_cast<arrow::Int64Array>(batch->GetColumnByName(std::string(kSourceArrival)));
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      const ArrivalId arrival(arrivals->Value(row));
      if (deliveries[last]->arrival != arrival) {
        const auto found = std::ranges::lower_bound(
            deliveries, arrival, {}, [](const ParsedDelivery* delivery) { return delivery->arrival; });
        TARN_CHECK(found != deliveries.end() && (*found)->arrival == arrival);
        last = static_cast<std::size_t>(found - deliveries.begin());
      }
      of.push_back(static_cast<std::uint32_t>(last));
    }
  }
  return of;
}

std::string reason_of(const table::RefusedDelivery& refused, const project::FeedSpec& feed) {
  if (refused.reason == table::RefusedDelivery::Reason::kMixedVersions) {
    return fmt::format(
        "the records of the delivery differ in `{}`, which `mode: replace` takes for its version",
        *feed.version_column);
  }
  return fmt::format("the delivery lacks {} of the {} rows that it would replace, more than max_deletes: {}",
                     refused.deletes, refused.rows, feed.replace.max_deletes);
}

}  // namespace

Result<table::DeliveryIndex*> BatchCommitter::delivery_index_of(const table::DeliveryTables& tables,
                                                                const project::FeedSpec& feed) {
  std::unique_lock lock(indices_mutex_);  // of the map; each index is used by one thread
  std::unique_ptr<table::DeliveryIndex>& index = deliveries_[tables.rows.table_uuid];
  if (!index) {
    table::DeliveryColumns columns;
    columns.tie_breaks = tie_breaks();
    for (const auto& name : feed.key) columns.key.push_back(*name);
    for (const auto& name : feed.replace.by) columns.scope.push_back(*name);
    if (!feed.version_column->empty()) columns.version = *feed.version_column;
    for (const std::string_view name : project::audit_column_names()) columns.no_content.emplace_back(name);
    TARN_ASSIGN_OR_RETURN(index, table::DeliveryIndex::open(index_folder_ + "/" + tables.rows.table_uuid,
                                                            std::move(columns), index_options()));
  }
  table::DeliveryIndex* const opened = index.get();
  lock.unlock();
  TARN_RETURN_IF_ERROR(opened->sync_to(tables, services_.store, services_.manifests));
  return opened;
}

Status BatchCommitter::write_deliveries(TableWork& work, const Gathered& gathered, const ParsedBatch& batch,
                                        int attempt) {
  if (indices_follow_.valid()) indices_follow_.wait();
  const project::FeedSpec& feed = *gathered.feed;
  TARN_ASSIGN_OR_RETURN(TableWork companion, begin_work(*project::companion_table(feed), {}, {}));
  work.companion = std::make_unique<TableWork>(std::move(companion));
  const table::DeliveryTables tables{*work.metadata, *work.companion->metadata};
  std::vector<const ParsedDelivery*> parsed;
  for (const ParsedDelivery& delivery : batch.deliveries)
    if (delivery.feed == *feed.name) parsed.push_back(&delivery);
  std::ranges::sort(parsed, {}, [](const ParsedDelivery* delivery) { return delivery->arrival; });
  std::vector<table::Delivery> deliveries;
  for (const ParsedDelivery* delivery : parsed) deliveries.push_back({delivery->whole});
  const std::vector<std::uint32_t> of = delivery_of_rows(gathered.batches, parsed);
  auto replaced = std::make_unique<DeliveryWork>();
  TARN_ASSIGN_OR_RETURN(replaced->index, delivery_index_of(tables, feed));
  TARN_ASSIGN_OR_RETURN(replaced->plan,
                        table::plan_deliveries(*replaced->index, tables,
                                               {.batches = gathered.batches,
                                                .schema = tables.rows.current_schema(),
                                                .deliveries = deliveries,
                                                .delivery_of = of,
                                                .max_deletes_percent = feed.replace.max_deletes}));
  const table::DeliveryPlan& plan = replaced->plan;
  const auto write = [&](TableWork& written, const table::DeliveryChange& change, const auto& rows) {
    written.plan.emplace();
    written.plan->rows = change.rows;
    written.plan->deletes = change.deletes;
    return write_planned(written, gathered, rows, batch.id, attempt);
  };
  if (!plan.rows.changes_nothing()) TARN_RETURN_IF_ERROR(write(work, plan.rows, gathered.batches));
  if (!plan.deliveries.changes_nothing()) {
    TARN_ASSIGN_OR_RETURN(const auto rows,
                          rows_by_name(gathered.batches, tables.deliveries.current_schema()));
    TARN_RETURN_IF_ERROR(write(*work.companion, plan.deliveries, rows));
  }
  work.superseded_by_arrival = superseded_by_arrival(gathered.batches, plan.kept);
  for (const table::RefusedDelivery& refused : plan.refused) {
    const ParsedDelivery& delivery = *parsed[refused.delivery];
    work.superseded_by_arrival.erase(delivery.arrival.value());
    const bool mixed = refused.reason == table::RefusedDelivery::Reason::kMixedVersions;
    work.refused.push_back(
        {&delivery, gathered.feed, mixed ? &kMixedVersions : &kTooManyDeletes, reason_of(refused, feed)});
  }
  work.records_as_rows = std::ssize(plan.rows.rows);
  work.records_unchanged = plan.counts.unchanged;
  work.rows_missing = plan.counts.deleted;
  work.deliveries = std::move(replaced);
  return ok_status();
}

void BatchCommitter::follow_deliveries(TableWork& work) {
  DeliveryWork& done = *work.deliveries;
  done.snapshots = done.plan.base;
  if (work.built) done.snapshots.rows = work.built->snapshot.snapshot_id;
  if (work.companion->built) done.snapshots.companion = work.companion->built->snapshot.snapshot_id;
  done.written = {work.companion->data.files, std::move(work.companion->data.places)};
}

}  // namespace tarn::ingest
