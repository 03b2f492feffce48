#include "ingest/batch_commit.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "catalog/errors.h"
#include "ingest/errors.h"
#include "ingest/parallel.h"
#include "table/child_upsert.h"
#include "table/data_files.h"
#include "table/upsert.h"

namespace tarn::ingest {
namespace {

// A foreign writer may win the race for a table a few times in a row, not for ever.
constexpr int kCommitAttempts = 10;

// The tie-break of versions is the order of arrival; within an arrival the order of the rows (plan_upsert).
const std::vector<std::string> kTieBreaks = {std::string(kSourceArrival)};

}  // namespace

/// All rows of a batch for one table.
struct BatchCommitter::Gathered {
  TableShape shape;
  const project::FeedSpec* feed = nullptr;
  bool is_child = false;
  TableName parent;  ///< Of a child.
  /// The workers' builders and the contract version to stamp their rows with.
  struct Part {
    TableBuilder* builder = nullptr;
    std::int32_t contract_version = 1;
    std::int64_t parent_offset = 0;  ///< What turns a worker's row number of the parent into the batch's.
  };
  std::vector<Part> parts;
  std::vector<std::string> extra_columns;
  // Filled by the first attempt.
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<std::int64_t> parent_rows;
  bool finished = false;
};

/// What was written for one table, before its commit.
struct BatchCommitter::TableWork {
  TableName name;
  std::shared_ptr<const iceberg::TableMetadata> metadata;  ///< After extra columns were added.
  std::vector<iceberg::TableUpdate> updates;
  std::vector<iceberg::TableRequirement> requirements;
  table::WrittenFiles data;
  std::vector<table::NewFile> deletes;
  std::optional<table::UpsertPlan> plan;
  table::KeyIndex* index = nullptr;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;  ///< Of a parent, for its children's plans.
  std::optional<table::BuiltSnapshot> built;
  std::map<std::int64_t, std::int64_t> superseded_by_arrival;
  std::int64_t rows_added = 0;
  std::int64_t rows_deleted = 0;
};

BatchCommitter::BatchCommitter(Services services, const project::Project& project, std::string index_folder)
    : services_(services),
      project_(project),
      index_folder_(std::move(index_folder)),
      manifests_(services.store),
      upsert_tables_(count_upsert_tables(project)),
      threads_(std::max<std::size_t>(1, project.spec.limits.threads > 0
                                            ? project.spec.limits.threads
                                            : std::thread::hardware_concurrency())) {}

BatchCommitter::~BatchCommitter() = default;

std::size_t BatchCommitter::count_upsert_tables(const project::Project& project) {
  std::size_t count = 0;
  for (const project::FeedSpec& feed : project.feeds) {
    if (*feed.mode == project::LoadMode::kUpsert) count += 1 + feed.children.size();
  }
  return std::max<std::size_t>(count, 1);
}

Status BatchCommitter::prepare_tables() {
  for (const project::FeedSpec& feed : project_.feeds) {
    for (const TableShape& shape : table_shapes(feed)) {
      TARN_ASSIGN_OR_RETURN(const bool exists, services_.catalog.table_exists(shape.name));
      if (exists) {
        TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(shape.name));
        TARN_ASSIGN_OR_RETURN(auto updates, updates_to_shape(*table.metadata, shape));
        if (updates.empty()) continue;
        const std::vector<catalog::TableCommit> commits = {
            {shape.name,
             {iceberg::AssertCurrentSchemaId{table.metadata->current_schema_id}},
             std::move(updates)}};
        TARN_RETURN_IF_ERROR(services_.catalog.commit(commits));
        continue;
      }
      TARN_ASSIGN_OR_RETURN(const auto namespaces, services_.catalog.list_namespaces());
      if (std::ranges::find(namespaces, shape.name.schema) == namespaces.end()) {
        TARN_RETURN_IF_ERROR(services_.catalog.create_namespace(shape.name.schema));
      }
      TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, new_table_schema(shape));
      TARN_ASSIGN_OR_RETURN(auto spec, iceberg::PartitionSpec::bind(schema, shape.partition));
      TARN_ASSIGN_OR_RETURN(auto order, iceberg::SortOrder::bind(schema, shape.sort));
      TARN_RETURN_IF_ERROR(services_.catalog.create_table(
          {shape.name, schema, std::move(spec), std::move(order), shape.properties}));
    }
  }
  return ok_status();
}

Status BatchCommitter::recover() {
  TARN_ASSIGN_OR_RETURN(const auto unfinished, state::unfinished_batches(services_.database));
  if (unfinished.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto names, services_.catalog.list_tables());
  for (const state::Batch& batch : unfinished) {
    for (const TableName& name : names) {
      TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(name));
      TARN_RETURN_IF_ERROR(
          table::remove_files_of_batch(services_.store, table.metadata->location, batch.id.value()));
    }
    TARN_ASSIGN_OR_RETURN(state::Transaction transaction, services_.database.begin());
    TARN_RETURN_IF_ERROR(state::abandon_batch(transaction, batch.id, services_.clock.now_us()));
    TARN_RETURN_IF_ERROR(transaction.commit());
  }
  return ok_status();
}

Status BatchCommitter::begin(const BatchId& id, std::optional<state::RunId> run) {
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, services_.database.begin());
  TARN_RETURN_IF_ERROR(state::begin_batch(transaction, {id, services_.clock.now_us(), run}));
  return transaction.commit();
}

Result<std::vector<BatchCommitter::Gathered>> BatchCommitter::gather(ParsedBatch& batch) {
  std::vector<Gathered> all;
  std::map<TableName, std::size_t> position;
  std::map<TableName, std::int64_t> rows_of_parent;
  for (std::size_t feed = 0; feed < project_.feeds.size(); ++feed) {
    const std::vector<TableShape> shapes = table_shapes(project_.feeds[feed]);
    // Two feeds may share a table: rows are numbered through all of them.
    std::int64_t& parent_offset = rows_of_parent[shapes[0].name];
    for (WorkerRows& worker : batch.workers) {
      const auto rows = worker.find(feed);
      if (rows == worker.end()) continue;
      for (std::size_t i = 0; i < rows->second.tables.size(); ++i) {
        TableBuilder& builder = rows->second.tables[i];
        // A child's table is looked at even without rows: a later version of a parent may have lost all of
        // them.
        if (builder.rows() == 0 && rows->second.tables.front().rows() == 0) continue;
        const auto [at, added] = position.try_emplace(shapes[i].name, all.size());
        if (added) {
          Gathered& first = all.emplace_back();
          first.shape = shapes[i];
          first.feed = &project_.feeds[feed];
          first.is_child = i > 0;
          first.parent = shapes[0].name;
        }
        Gathered& gathered = all[at->second];
        gathered.parts.push_back({&builder, project_.feeds[feed].contract_version, parent_offset});
        for (const std::string& extra : builder.extra_columns()) {
          if (std::ranges::find(gathered.extra_columns, extra) == gathered.extra_columns.end()) {
            gathered.extra_columns.push_back(extra);
          }
        }
      }
      parent_offset += rows->second.tables.front().rows();
    }
  }
  // Parents before children: which children's rows count depends on the parent's plan.
  std::ranges::stable_partition(all, [](const Gathered& gathered) { return !gathered.is_child; });
  return all;
}

Result<BatchCommitter::TableWork> BatchCommitter::write_table(Gathered& gathered, const ParsedBatch& batch,
                                                              const TableWork* parent, int attempt) {
  TableWork work;
  work.name = gathered.shape.name;
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(work.name));
  work.metadata = table.metadata;
  TARN_ASSIGN_OR_RETURN(work.updates, updates_to_add(*table.metadata, gathered.extra_columns));
  if (!work.updates.empty()) {
    work.requirements.emplace_back(iceberg::AssertLastAssignedFieldId{table.metadata->last_column_id});
    TARN_ASSIGN_OR_RETURN(auto evolved, iceberg::apply(*table.metadata, work.updates, {}));
    work.metadata = std::make_shared<const iceberg::TableMetadata>(std::move(evolved));
  }
  if (!gathered.finished) {
    for (Gathered::Part& part : gathered.parts) {
      for (const std::int64_t row : part.builder->parent_rows())
        gathered.parent_rows.push_back(row + part.parent_offset);
      const BatchStamp stamp{batch.id, services_.clock.now_us(), part.contract_version};
      TARN_ASSIGN_OR_RETURN(auto rows, part.builder->finish(work.metadata->current_schema(), stamp));
      if (rows) gathered.batches.push_back(std::move(rows));
    }
    gathered.finished = true;
  }
  if (*gathered.feed->mode == project::LoadMode::kUpsert) {
    TARN_RETURN_IF_ERROR(write_upsert(work, gathered, batch.id, parent, attempt));
  } else {
    TARN_RETURN_IF_ERROR(write_append(work, gathered, batch.id, attempt));
  }
  if (work.data.files.empty() && work.deletes.empty()) return work;
  table::SnapshotChange change{.data_files = work.data.files,
                               .delete_files = work.deletes,
                               .summary = {{"tarn.batch-id", batch.id.value()},
                                           {"tarn.files", std::to_string(batch.settlements.size())}},
                               .timestamp_ms = services_.clock.now_us() / 1000};
  TARN_ASSIGN_OR_RETURN(work.built, table::build_snapshot(services_.store, manifests_, services_.random,
                                                          *work.metadata, change));
  std::ranges::move(work.built->updates, std::back_inserter(work.updates));
  std::ranges::move(work.built->requirements, std::back_inserter(work.requirements));
  return work;
}

namespace {

table::DataFilesRequest request_for(const iceberg::TableMetadata& metadata, const BatchId& id, int attempt) {
  return {.schema = metadata.current_schema(),
          .spec = metadata.default_spec(),
          .order = metadata.default_sort_order(),
          .table_location = metadata.location,
          .batch_id = id.value(),
          // Attempts never share a name: a reader may still hold what the first one wrote.
          .first_number = static_cast<std::uint32_t>(attempt) * 100'000,
          .parquet = {}};
}

// Of the rows that a plan leaves out, how many each arrival brought.
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

}  // namespace

Status BatchCommitter::write_append(TableWork& work, const Gathered& gathered, const BatchId& id,
                                    int attempt) {
  TARN_ASSIGN_OR_RETURN(work.data, table::write_data_files(services_.store, gathered.batches,
                                                           request_for(*work.metadata, id, attempt)));
  for (const auto& batch : gathered.batches) work.rows_added += batch->num_rows();
  return ok_status();
}

Status BatchCommitter::write_upsert(TableWork& work, const Gathered& gathered, const BatchId& id,
                                    const TableWork* parent, int attempt) {
  TARN_ASSIGN_OR_RETURN(work.index, index_of(*work.metadata, gathered));
  TARN_RETURN_IF_ERROR(work.index->sync_to(*work.metadata, services_.store, manifests_));
  if (gathered.is_child) {
    TARN_CHECK(parent != nullptr && parent->plan.has_value());
    const table::ParentRows parents{parent->batches, *parent->plan, gathered.parent_rows};
    TARN_ASSIGN_OR_RETURN(work.plan,
                          table::plan_child_upsert(*work.index, *work.metadata, gathered.batches, parents));
  } else {
    TARN_ASSIGN_OR_RETURN(work.plan, table::plan_upsert(*work.index, *work.metadata, gathered.batches));
    work.batches = gathered.batches;
    work.superseded_by_arrival = superseded_by_arrival(gathered.batches, work.plan->rows);
  }
  table::DataFilesRequest request = request_for(*work.metadata, id, attempt);
  request.rows = std::span<const std::int64_t>(work.plan->rows);
  request.want_places = true;
  TARN_ASSIGN_OR_RETURN(work.data, table::write_data_files(services_.store, gathered.batches, request));
  TARN_ASSIGN_OR_RETURN(work.deletes, table::write_upsert_deletes(services_.store, *work.metadata, *work.plan,
                                                                  {id.value(), request.first_number}));
  work.rows_added = static_cast<std::int64_t>(work.plan->rows.size());
  for (const auto& partition : work.plan->deletes) {
    for (const auto& [path, positions] : partition.positions) {
      work.rows_deleted += static_cast<std::int64_t>(positions.size());
    }
  }
  return ok_status();
}

Result<table::KeyIndex*> BatchCommitter::index_of(const iceberg::TableMetadata& metadata,
                                                  const Gathered& gathered) {
  const std::lock_guard lock(indices_mutex_);  // of the map; each index is used by one thread
  std::unique_ptr<table::KeyIndex>& index = indices_[metadata.table_uuid];
  std::optional<std::string> version;
  if (!gathered.is_child && !gathered.feed->version_column->empty()) version = *gathered.feed->version_column;
  TARN_ASSIGN_OR_RETURN(
      auto columns, table::UpsertColumns::bind(metadata.current_schema(), gathered.shape.identifier_columns,
                                               version, kTieBreaks));
  if (!index) {
    // The indices of a project's upsert tables share a thirty-second of the memory, but none gets less than 4
    // MiB.
    const std::uint64_t share =
        std::max<std::uint64_t>(project_.spec.limits.memory / 32 / upsert_tables_, 4U << 20);
    const table::KeyIndexOptions options{.block_cache_bytes = share / 2, .write_buffer_bytes = share / 2};
    TARN_ASSIGN_OR_RETURN(
        index, table::KeyIndex::open(index_folder_ + "/" + metadata.table_uuid, std::move(columns), options));
  }
  return index.get();
}

Status BatchCommitter::settle(ParsedBatch& batch, const CommitReport& report,
                              state::Transaction& transaction) {
  const std::int64_t now_us = services_.clock.now_us();
  for (state::Settlement& settlement : batch.settlements) {
    settlement.batch = batch.id;
    settlement.settled_at_us = now_us;
  }
  for (state::NewQuarantineEntry& entry : batch.quarantine) {
    entry.batch = batch.id;
    entry.created_at_us = now_us;
  }
  TARN_RETURN_IF_ERROR(state::settle(transaction, batch.settlements));
  if (!batch.quarantine.empty()) TARN_RETURN_IF_ERROR(state::quarantine(transaction, batch.quarantine));
  for (const state::Adjustment& adjustment : batch.adjustments) {
    TARN_RETURN_IF_ERROR(state::adjust(transaction, adjustment));
  }
  if (!batch.replayed.empty()) {
    TARN_RETURN_IF_ERROR(state::set_quarantine_status(
        transaction, batch.replayed,
        {state::QuarantineStatus::kReplayed, now_us, "by batch " + batch.id.value()}));
  }
  return state::commit_batch(transaction, batch.id, report.tables, now_us);
}

void BatchCommitter::discard(const std::vector<TableWork>& works) {
  // Files that no snapshot names only cost space; what cannot be removed now is removed with the batch later.
  const auto remove = [this](const std::string& location) { (void)services_.store.remove(location).ok(); };
  for (const TableWork& work : works) {
    for (const table::NewFile& file : work.data.files) remove(file.file.file_path);
    for (const table::NewFile& file : work.deletes) remove(file.file.file_path);
    if (!work.built) continue;
    for (const std::string& location : work.built->written_locations) remove(location);
  }
}

Status BatchCommitter::write_tables(std::vector<Gathered>& gathered, const ParsedBatch& batch,
                                    std::vector<TableWork>& works, int attempt) {
  // A parent and its children are one unit, because the parent's plan decides of the children's rows. Parents
  // come first.
  std::vector<std::vector<std::size_t>> units;
  std::map<TableName, std::size_t> unit_of_parent;
  for (std::size_t i = 0; i < gathered.size(); ++i) {
    const bool joins = gathered[i].is_child && unit_of_parent.contains(gathered[i].parent);
    if (!joins) {
      unit_of_parent[gathered[i].shape.name] = units.size();
      units.push_back({i});
    } else {
      units[unit_of_parent[gathered[i].parent]].push_back(i);
    }
  }
  std::atomic<std::size_t> next{0};
  return run_parallel(std::min(threads_, units.size()), [&](std::size_t) -> Status {
    for (std::size_t unit = next++; unit < units.size(); unit = next++) {
      const TableWork* const parent = &works[units[unit].front()];
      for (const std::size_t i : units[unit]) {
        auto work = write_table(gathered[i], batch, gathered[i].is_child ? parent : nullptr, attempt);
        if (!work.ok()) {
          next = units.size();
          return std::move(work).error();
        }
        works[i] = *std::move(work);
      }
    }
    return ok_status();
  });
}

Status BatchCommitter::note_committed(const std::vector<TableWork>& works) const {
  // The indices are caches: one that is out of step is brought up to date by the next batch.
  std::atomic<std::size_t> next{0};
  return run_parallel(std::min(threads_, works.size()), [&](std::size_t) -> Status {
    for (std::size_t i = next++; i < works.size(); i = next++) {
      const TableWork& work = works[i];
      if (!work.plan || !work.built) continue;
      TARN_RETURN_IF_ERROR(
          table::note_committed(*work.index, *work.plan, work.data, work.built->snapshot.snapshot_id));
    }
    return ok_status();
  });
}

Result<CommitReport> BatchCommitter::try_commit(ParsedBatch& batch, std::vector<Gathered>& gathered,
                                                int attempt) {
  CommitReport report;
  std::vector<TableWork> works(gathered.size());
  std::vector<catalog::TableCommit> commits;
  TARN_RETURN_IF_ERROR(write_tables(gathered, batch, works, attempt));
  for (TableWork& work : works) {
    for (const auto& [arrival, rows] : work.superseded_by_arrival) report.superseded += rows;
    report.rows += work.rows_added;
    if (work.updates.empty()) continue;
    const std::int64_t snapshot = work.built ? work.built->snapshot.snapshot_id : 0;
    report.tables.push_back({work.name, work.rows_added, work.rows_deleted, snapshot});
    commits.push_back({work.name, std::move(work.requirements), std::move(work.updates)});
  }
  for (state::Settlement& settlement : batch.settlements) {
    settlement.records.superseded = 0;
    for (const TableWork& work : works) {
      const auto lost = work.superseded_by_arrival.find(settlement.id.value());
      if (lost != work.superseded_by_arrival.end()) settlement.records.superseded += lost->second;
    }
  }
  TARN_RETURN_IF_ERROR(services_.store.sync());
  const auto committed = services_.catalog.commit(
      commits, [&](state::Transaction& transaction) { return settle(batch, report, transaction); });
  if (!committed.ok()) {
    if (committed.error().error_class() != ErrorClass::kUnknownOutcome) discard(works);
    return committed.error();
  }
  TARN_RETURN_IF_ERROR(note_committed(works));
  return report;
}

Result<CommitReport> BatchCommitter::commit(ParsedBatch& batch) {
  TARN_ASSIGN_OR_RETURN(std::vector<Gathered> gathered, gather(batch));
  for (int attempt = 0;; ++attempt) {
    Result<CommitReport> report = try_commit(batch, gathered, attempt);
    const bool lost_race = !report.ok() && report.error().name() == catalog::kCommitConflict.name;
    if (!lost_race || attempt + 1 == kCommitAttempts) return report;
  }
}

}  // namespace tarn::ingest
