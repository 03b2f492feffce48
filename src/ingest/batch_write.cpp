// The files of one table of a batch: data, deletes, manifests.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <iterator>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "ingest/errors.h"
#include "table/arrow_schema.h"
#include "table/child_upsert.h"
#include "table/data_files.h"
#include "table/upsert.h"

namespace tarn::ingest {

namespace {

// Rows that are gathered to be sorted and written together may take this part of the memory.
constexpr std::uint64_t kRoundsOfMemory = 8;

}  // namespace

std::vector<std::string> tie_breaks() {
  return {std::string(kSourceArrival)};
}

std::map<std::int64_t, std::int64_t> superseded_by_arrival(
    const std::vector<std::shared_ptr<arrow::RecordBatch>>& batches, const std::vector<std::int64_t>& kept) {
  std::map<std::int64_t, std::int64_t> lost;
  std::size_t next_kept = 0;
  std::int64_t number = 0;
  for (const auto& batch : batches) {
    const auto arrivals =
        std::static_pointer_cast<arrow::Int64Array>(batch->GetColumnByName(std::string(kSourceArrival)));
    for (std::int64_t row = 0; row < batch->num_rows(); ++row, ++number) {
      if (next_kept < kept.size() && kept[next_kept] == number)
        ++next_kept;
      else
        ++lost[arrivals->Value(row)];
    }
  }
  return lost;
}

Result<table::DataFilesRequest> BatchCommitter::request_for(const iceberg::TableMetadata& metadata,
                                                            const Gathered& gathered, const BatchId& id,
                                                            int attempt) const {
  TARN_ASSIGN_OR_RETURN(const table::ParquetOptions parquet, table::parquet_options(metadata.properties));
  return table::DataFilesRequest{
      .schema = metadata.current_schema(),
      .spec = metadata.default_spec(),
      .order = metadata.default_sort_order(),
      .table_location = metadata.location,
      .batch_id = id.value(),
      // Attempts never share a name: a reader may still hold what the first one wrote.
      .first_number = static_cast<std::uint32_t>(attempt) * 100'000,
      .parquet = parquet,
      .threads = threads_,
      .round_bytes = static_cast<std::int64_t>(project_.spec.limits.memory / kRoundsOfMemory),
      .written = [&gathered](std::size_t batch) {
        if (gathered.spilled[batch]) gathered.spilled[batch]->forget_pages();
      }};
}

Status BatchCommitter::write_append(TableWork& work, const Gathered& gathered, const BatchId& id,
                                    int attempt) {
  TARN_ASSIGN_OR_RETURN(const table::DataFilesRequest request,
                        request_for(*work.metadata, gathered, id, attempt));
  TARN_ASSIGN_OR_RETURN(work.data, table::write_data_files(services_.store, gathered.batches, request));
  for (const auto& batch : gathered.batches) work.rows_added += batch->num_rows();
  work.records_as_rows = work.rows_added;
  return ok_status();
}

Status BatchCommitter::write_upsert(TableWork& work, const Gathered& gathered, const BatchId& id,
                                    const TableWork* parent, int attempt) {
  if (indices_follow_.valid()) indices_follow_.wait();
  TARN_ASSIGN_OR_RETURN(work.index, index_of(*work.metadata, gathered));
  if (gathered.is_child) {
    TARN_CHECK(parent != nullptr && parent->plan.has_value());
    const table::ParentRows parents{parent->batches, *parent->plan, gathered.parent_rows};
    TARN_ASSIGN_OR_RETURN(work.plan,
                          table::plan_child_upsert(*work.index, *work.metadata, gathered.batches, parents));
  } else {
    if (gathered.feed->delete_when.column->empty()) {
      TARN_ASSIGN_OR_RETURN(work.plan, table::plan_upsert(*work.index, *work.metadata, gathered.batches));
    } else {
      TARN_RETURN_IF_ERROR(plan_with_tombstones(work, gathered, id, attempt));
    }
    work.batches = gathered.batches;
    std::vector<std::int64_t> kept;
    std::ranges::merge(work.plan->rows, work.plan->deleting, std::back_inserter(kept));
    work.superseded_by_arrival = superseded_by_arrival(gathered.batches, kept);
  }
  TARN_RETURN_IF_ERROR(write_planned(work, gathered, gathered.batches, id, attempt));
  work.records_as_rows = work.rows_added;
  return ok_status();
}

Status BatchCommitter::write_planned(TableWork& work, const Gathered& gathered,
                                     std::span<const std::shared_ptr<arrow::RecordBatch>> batches,
                                     const BatchId& id, int attempt) {
  TARN_ASSIGN_OR_RETURN(table::DataFilesRequest request, request_for(*work.metadata, gathered, id, attempt));
  request.rows = std::span<const std::int64_t>(work.plan->rows);
  request.want_places = true;
  TARN_ASSIGN_OR_RETURN(work.data, table::write_data_files(services_.store, batches, request));
  TARN_ASSIGN_OR_RETURN(work.deletes,
                        table::write_deletes(services_.store, services_.manifests, *work.metadata,
                                             work.plan->deletes, {id.value(), request.first_number}));
  work.rows_added = static_cast<std::int64_t>(work.plan->rows.size());
  for (const auto& partition : work.plan->deletes) {
    for (const auto& [path, positions] : partition.positions) {
      work.rows_deleted += static_cast<std::int64_t>(positions.size());
    }
  }
  return ok_status();
}

table::KeyIndexOptions BatchCommitter::index_options() const {
  // The indices of a project's keyed tables share a thirty-second of the memory, but none gets less than 4
  // MiB.
  const std::uint64_t share =
      std::max<std::uint64_t>(project_.spec.limits.memory / 32 / upsert_tables_, 4U << 20);
  return {.block_cache_bytes = share / 2, .write_buffer_bytes = share / 2, .threads = threads_};
}

Result<table::KeyIndex*> BatchCommitter::index_of(const iceberg::TableMetadata& metadata,
                                                  const Gathered& gathered) {
  std::unique_lock lock(indices_mutex_);  // of the map; each index is used by one thread
  std::unique_ptr<table::KeyIndex>& index = indices_[metadata.table_uuid];
  std::optional<std::string> version;
  if (!gathered.is_child && !gathered.feed->version_column->empty()) version = *gathered.feed->version_column;
  TARN_ASSIGN_OR_RETURN(
      auto columns, table::UpsertColumns::bind(metadata.current_schema(), gathered.shape.identifier_columns,
                                               version, tie_breaks()));
  if (!index) {
    TARN_ASSIGN_OR_RETURN(index, table::KeyIndex::open(index_folder_ + "/" + metadata.table_uuid,
                                                       std::move(columns), index_options()));
  }
  table::KeyIndex* const opened = index.get();
  lock.unlock();
  TARN_RETURN_IF_ERROR(opened->sync_to(metadata, services_.store, services_.manifests));
  return opened;
}

Result<DriftColumns> BatchCommitter::place_drift_of(const Gathered& gathered) const {
  if (gathered.drift_sources.empty()) return DriftColumns();
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(gathered.shape.name));
  const project::FeedSpec& feed = *gathered.feed;
  if (*feed.mode != project::LoadMode::kScd2 && *feed.mode != project::LoadMode::kScd3)
    return place_drift(*table.metadata, nullptr, feed, gathered.drift_sources);
  // The versions of a history that are no rows have the same columns.
  TARN_ASSIGN_OR_RETURN(const catalog::Table companion,
                        services_.catalog.load_table(*project::companion_table(feed)));
  return place_drift(*table.metadata, &companion.metadata->current_schema(), feed, gathered.drift_sources);
}

Result<BatchCommitter::TableWork> BatchCommitter::begin_work(TableName name, const DriftColumns& drift,
                                                             std::span<const DriftSource> sources) const {
  TableWork work;
  work.name = std::move(name);
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(work.name));
  work.metadata = table.metadata;
  TARN_ASSIGN_OR_RETURN(work.updates, updates_to_add(*table.metadata, drift, sources));
  if (work.updates.empty()) return work;
  work.requirements.emplace_back(iceberg::AssertLastAssignedFieldId{table.metadata->last_column_id});
  TARN_ASSIGN_OR_RETURN(auto evolved, iceberg::apply(*table.metadata, work.updates, {}));
  work.metadata = std::make_shared<const iceberg::TableMetadata>(std::move(evolved));
  return work;
}

Status BatchCommitter::finish_rows(Gathered& gathered, const iceberg::TableMetadata& metadata,
                                   const BatchId& id) {
  if (gathered.finished) return move_drift(gathered, metadata);
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema,
                        record_schema(metadata.current_schema(), *gathered.feed));
  for (Gathered::Part& part : gathered.parts) {
    for (const std::int64_t row : part.builder->parent_rows())
      gathered.parent_rows.push_back(row + part.parent_offset);
    const BatchStamp stamp{id, services_.clock.now_us(), part.feed->contract_version};
    TARN_ASSIGN_OR_RETURN(auto all, part.builder->finish(schema, stamp, gathered.drift));
    const auto times = gathered.event_times.find(*part.feed->name);
    for (TableBuilder::Rows& rows : all) {
      if (times != gathered.event_times.end()) times->second.add(*rows.batch, *part.feed->event_time);
      if (rows.spilled) rows.spilled->forget_pages();
      gathered.batches.push_back(std::move(rows.batch));
      gathered.spilled.push_back(std::move(rows.spilled));
    }
  }
  gathered.written_drift = gathered.drift;
  gathered.finished = true;
  return ok_status();
}

// Somebody else changed the table while the rows were written: columns of drift may have other ids, or even
// other names.
Status BatchCommitter::move_drift(Gathered& gathered, const iceberg::TableMetadata& metadata) {
  if (gathered.drift.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema,
                        record_schema(metadata.current_schema(), *gathered.feed));
  std::map<std::string, std::string> names;
  for (const auto& [source, name] : gathered.written_drift) names[name] = gathered.drift.at(source);
  for (std::shared_ptr<arrow::RecordBatch>& batch : gathered.batches) {
    arrow::FieldVector fields = batch->schema()->fields();
    for (std::shared_ptr<arrow::Field>& field : fields) {
      const auto moved = names.find(field->name());
      if (moved != names.end()) field = arrow::field(moved->second, field->type());
    }
    const auto renamed =
        arrow::RecordBatch::Make(arrow::schema(std::move(fields)), batch->num_rows(), batch->columns());
    TARN_ASSIGN_OR_RETURN(batch, table::conform_batch(renamed, schema, table::Dictionaries::kKeep));
  }
  gathered.written_drift = gathered.drift;
  return ok_status();
}

Result<BatchCommitter::TableWork> BatchCommitter::write_table(Gathered& gathered, const ParsedBatch& batch,
                                                              const TableWork* parent, int attempt) {
  TARN_ASSIGN_OR_RETURN(gathered.drift, place_drift_of(gathered));
  TARN_ASSIGN_OR_RETURN(TableWork work,
                        begin_work(gathered.shape.name, gathered.drift, gathered.drift_sources));
  TARN_RETURN_IF_ERROR(finish_rows(gathered, *work.metadata, batch.id));
  switch (*gathered.feed->mode) {
    case project::LoadMode::kAppend:
      TARN_RETURN_IF_ERROR(write_append(work, gathered, batch.id, attempt));
      break;
    case project::LoadMode::kUpsert:
      TARN_RETURN_IF_ERROR(write_upsert(work, gathered, batch.id, parent, attempt));
      break;
    case project::LoadMode::kScd2:
    case project::LoadMode::kScd3:
      TARN_RETURN_IF_ERROR(write_history(work, gathered, batch.id, attempt));
      break;
    case project::LoadMode::kReplace:
      TARN_RETURN_IF_ERROR(write_deliveries(work, gathered, batch, attempt));
      break;
  }
  TARN_RETURN_IF_ERROR(add_snapshots(work, batch));
  return work;
}

Status BatchCommitter::add_snapshots(TableWork& work, const ParsedBatch& batch) {
  TARN_RETURN_IF_ERROR(add_snapshot(work, batch));
  if (!work.companion) return ok_status();
  TARN_RETURN_IF_ERROR(add_snapshot(*work.companion, batch));
  if (work.deliveries) follow_deliveries(work);
  if (!work.history) return ok_status();
  HistoryWork& history = *work.history;
  history.snapshots = history.plan.base;
  if (work.built) history.snapshots.rows = work.built->snapshot.snapshot_id;
  if (work.companion->built) history.snapshots.companion = work.companion->built->snapshot.snapshot_id;
  history.unchanged = {work.companion->data.files, std::move(work.companion->data.places)};
  return ok_status();
}

Status BatchCommitter::add_snapshot(TableWork& work, const ParsedBatch& batch) {
  if (work.data.files.empty() && work.deletes.files.empty()) return ok_status();
  table::SnapshotChange change{.data_files = work.data.files,
                               .delete_files = work.deletes.files,
                               .removed_files = work.deletes.replaced,
                               .summary = {{"tarn.batch-id", batch.id.value()},
                                           {"tarn.files", std::to_string(batch.settlements.size())}},
                               .timestamp_ms = services_.clock.now_us() / 1000};
  TARN_ASSIGN_OR_RETURN(work.built, table::build_snapshot(services_.store, services_.manifests,
                                                          services_.random, *work.metadata, change));
  std::ranges::move(work.built->updates, std::back_inserter(work.updates));
  std::ranges::move(work.built->requirements, std::back_inserter(work.requirements));
  return ok_status();
}

}  // namespace tarn::ingest
