#include "ingest/batch_commit.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>
#include <thread>
#include <tuple>
#include <utility>

#include "base/parallel.h"
#include "catalog/errors.h"
#include "catalog/if_present.h"
#include "ingest/backfill/beside.h"
#include "ingest/batch_work.h"
#include "ingest/errors.h"
#include "state/runs.h"
#include "table/child_upsert.h"
#include "table/data_files.h"
#include "table/upsert.h"

namespace tarn::ingest {
namespace {

// An engine may have widened the table's columns beyond the contract's types; its rows must fit here, too.
Status widen_companion(TableShape& companion, const TableName& of, catalog::Catalog& catalog) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, catalog.load_table(of));
  for (iceberg::NestedField& column : companion.columns) {
    const iceberg::NestedField* field = table.metadata->current_schema().find(column.name);
    if (field != nullptr) column.type = field->type;
  }
  return ok_status();
}

// Those of several workers, each with the first place where one of them met it.
void add_sources(std::vector<DriftSource> sources, std::vector<DriftSource>& all) {
  for (DriftSource& source : sources) {
    const auto known = std::ranges::find(all, source.source, &DriftSource::source);
    if (known == all.end())
      all.push_back(std::move(source));
    else
      known->first = std::min(known->first, source.first);
  }
}

// A foreign writer may win the race for a table a few times in a row, not for ever.
constexpr int kCommitAttempts = 10;

}  // namespace

BatchCommitter::BatchCommitter(Services services, const project::Project& project, std::string index_folder,
                               telemetry::Log* log)
    : services_(services),
      project_(project),
      index_folder_(std::move(index_folder)),
      log_(log),
      upsert_tables_(count_upsert_tables(project)),
      threads_(std::max<std::size_t>(1, project.spec.limits.threads > 0
                                            ? project.spec.limits.threads
                                            : std::thread::hardware_concurrency())) {}

BatchCommitter::~BatchCommitter() {
  if (indices_follow_.valid()) indices_follow_.wait();
}

std::size_t BatchCommitter::count_upsert_tables(const project::Project& project) {
  std::size_t count = 0;
  for (const project::FeedSpec& feed : project.feeds) {
    if (*feed.mode == project::LoadMode::kAppend) continue;
    count += 1 + feed.children.size() + (feed.delete_when.column->empty() ? 0 : 1);
  }
  return std::max<std::size_t>(count, 1);
}

Result<std::vector<BlockedFeed>> BatchCommitter::prepare_tables(std::optional<std::size_t> only) {
  std::vector<BlockedFeed> blocked;
  std::set<TableName> prepared;
  for (std::size_t feed = 0; feed < project_.feeds.size(); ++feed) {
    if (only.value_or(feed) != feed) continue;
    for (TableShape& shape : written_shapes(project_.feeds[feed])) {
      // Of feeds that share a table, the first describes it.
      if (!prepared.insert(shape.name).second) forget_description(shape);
      if (shape.name == project::companion_table(project_.feeds[feed])) {
        TARN_RETURN_IF_ERROR(widen_companion(shape, *project_.feeds[feed].table, services_.catalog));
      }
      Status status = prepare_table(shape);
      if (status.ok()) continue;
      if (status.error().error_class() != ErrorClass::kUser) return std::move(status).error();
      blocked.push_back({feed, std::move(status).error()});
      break;
    }
  }
  return blocked;
}

Status BatchCommitter::prepare_table(const TableShape& shape) {
  TARN_ASSIGN_OR_RETURN(const bool exists, services_.catalog.table_exists(shape.name));
  if (exists) {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(shape.name));
    TARN_ASSIGN_OR_RETURN(auto updates, updates_to_shape(*table.metadata, shape));
    if (updates.empty()) return ok_status();
    const std::vector<catalog::TableCommit> commits = {
        {shape.name,
         {iceberg::AssertCurrentSchemaId{table.metadata->current_schema_id}},
         std::move(updates)}};
    TARN_RETURN_IF_ERROR(services_.catalog.commit(commits));
    return ok_status();
  }
  TARN_ASSIGN_OR_RETURN(const auto namespaces, services_.catalog.list_namespaces());
  if (std::ranges::find(namespaces, shape.name.schema) == namespaces.end()) {
    TARN_RETURN_IF_ERROR(services_.catalog.create_namespace(shape.name.schema));
  }
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema schema, new_table_schema(shape));
  TARN_ASSIGN_OR_RETURN(auto spec, iceberg::PartitionSpec::bind(schema, shape.partition));
  TARN_ASSIGN_OR_RETURN(auto order, iceberg::SortOrder::bind(schema, shape.sort));
  TARN_RETURN_IF_ERROR(services_.catalog.create_table(
      {.name = shape.name,
       .schema = schema,
       .spec = std::move(spec),
       .sort_order = std::move(order),
       .properties = shape.properties,
       .format_version = static_cast<std::int32_t>(project_.spec.format_version)}));
  return ok_status();
}

Status BatchCommitter::recover(const std::optional<std::string>& backfill) {
  TARN_ASSIGN_OR_RETURN(const auto unfinished, state::unfinished_batches(services_.database));
  if (unfinished.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(const auto names, services_.catalog.list_tables());
  for (const state::Batch& batch : unfinished) {
    std::string command;
    if (batch.run) {
      TARN_ASSIGN_OR_RETURN(command, state::command_of(services_.database, *batch.run));
    }
    if (backfill ? command != *backfill : command.starts_with(kBackfillCommand)) continue;
    for (const TableName& name : names) {
      TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(services_.catalog.load_table(name)));
      if (!table) continue;
      TARN_RETURN_IF_ERROR(
          table::remove_files_of_batch(services_.store, table->metadata->location, batch.id.value()));
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
        gathered.parts.push_back({&builder, &project_.feeds[feed], parent_offset});
        add_sources(builder.drift_sources(), gathered.drift_sources);
      }
      parent_offset += rows->second.tables.front().rows();
    }
  }
  for (Gathered& gathered : all) {
    std::ranges::sort(gathered.drift_sources, {},
                      [](const DriftSource& source) { return std::tie(source.first, source.source); });
  }
  // Parents before children: which children's rows count depends on the parent's plan.
  std::ranges::stable_partition(all, [](const Gathered& gathered) { return !gathered.is_child; });
  return all;
}

void BatchCommitter::discard(const BatchId& id, const std::vector<TableWork>& works) {
  // Files that no snapshot names only cost space. What cannot be removed now goes at the next start, with all
  // that the unfinished batch wrote (recover()); unless a later attempt commits the batch: then it stays, and
  // the warning tells where.
  std::int64_t left = 0;
  std::string first;
  std::optional<Error> why;
  const auto remove = [&](const std::string& location) {
    Status removed = services_.store.remove(location);
    if (removed.ok()) return;
    ++left;
    if (why) return;
    first = location;
    why = std::move(removed).error();
  };
  const auto remove_files_of = [&](const TableWork& work) {
    for (const table::NewFile& file : work.data.files) remove(file.file.file_path);
    for (const table::NewFile& file : work.deletes.files) remove(file.file.file_path);
    if (!work.built) return;
    for (const std::string& location : work.built->written_locations) remove(location);
  };
  for (const TableWork& work : works) {
    remove_files_of(work);
    if (work.companion) remove_files_of(*work.companion);
  }
  if (!why || log_ == nullptr) return;
  log_->warning("ingest.files_left", *why, {{"batch", id.value()}, {"files", left}, {"first", first}});
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
  // What upserts take one after the other decides when all is written, so they begin.
  std::ranges::stable_partition(units, [&](const std::vector<std::size_t>& unit) {
    return *gathered[unit.front()].feed->mode != project::LoadMode::kAppend;
  });
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

void BatchCommitter::note_committed(const TableWork& work) {
  Status noted = ok_status();
  if (work.history) {
    const HistoryWork& history = *work.history;
    noted =
        table::note_committed(*history.index, history.plan, work.data, history.unchanged, history.snapshots);
  } else if (work.deliveries) {
    const DeliveryWork& done = *work.deliveries;
    noted = table::note_committed(*done.index, done.plan, work.data, done.written, done.snapshots);
  } else if (work.index != nullptr && work.plan && work.built) {
    noted = table::note_committed(*work.index, *work.plan, work.data, work.built->snapshot.snapshot_id);
  }
  if (noted.ok()) return;
  // The data is committed, and the index is a cache: opened anew by the next batch, it catches up with the
  // table or is built from it. This one is of no use: RocksDB refuses all writes after a failed one.
  std::unique_ptr<table::KeyIndex> dropped;
  std::unique_ptr<table::HistoryIndex> dropped_history;
  std::unique_ptr<table::DeliveryIndex> dropped_deliveries;
  {
    const std::lock_guard lock(indices_mutex_);
    if (work.history)
      dropped_history = std::move(histories_[work.metadata->table_uuid]);
    else if (work.deliveries)
      dropped_deliveries = std::move(deliveries_[work.metadata->table_uuid]);
    else
      dropped = std::move(indices_[work.metadata->table_uuid]);
  }
  if (log_ == nullptr) return;
  log_->warning("ingest.index_dropped", noted.error(), {{"table", work.name.to_string()}});
}

void BatchCommitter::note_committed(const std::vector<TableWork>& works) {
  std::atomic<std::size_t> next{0};
  const auto note = [&](std::size_t) -> Status {
    for (std::size_t i = next++; i < works.size(); i = next++) note_committed(works[i]);
    return ok_status();
  };
  TARN_CHECK(run_parallel(std::min(threads_, works.size()), note).ok());
}

Result<CommitReport> BatchCommitter::try_commit(ParsedBatch& batch, std::vector<Gathered>& gathered,
                                                int attempt) {
  CommitReport report;
  std::vector<TableWork> works(gathered.size());
  std::vector<catalog::TableCommit> commits;
  if (Status written = write_tables(gathered, batch, works, attempt); !written.ok()) {
    discard(batch.id, works);
    return std::move(written).error();
  }
  for (std::size_t i = 0; i < gathered.size(); ++i) {
    if (works[i].companion) works.push_back(std::move(*works[i].companion));
  }
  for (TableWork& work : works) {
    for (const auto& [arrival, rows] : work.superseded_by_arrival) report.superseded += rows;
    report.rows += work.records_as_rows;
    report.deleted += work.records_deleting;
    report.unchanged += work.records_unchanged;
    report.missing += work.rows_missing;
    if (work.updates.empty()) continue;
    const std::int64_t snapshot = work.built ? work.built->snapshot.snapshot_id : 0;
    report.tables.push_back({work.name, work.rows_added, work.rows_deleted, snapshot});
    commits.push_back({work.name, std::move(work.requirements), std::move(work.updates)});
  }
  report.late = count_late(gathered, batch);
  Books books = books_of(batch, works);
  // It syncs what was written here together with the metadata.
  const auto committed = services_.catalog.commit(commits, [&](state::Transaction& transaction) {
    return settle(batch, books, report, gathered, transaction);
  });
  if (!committed.ok()) {
    if (committed.error().error_class() != ErrorClass::kUnknownOutcome) discard(batch.id, works);
    return committed.error();
  }
  take_books(batch, books);
  for (TableWork& work : works) work.batches.clear();
  if (indices_follow_.valid()) indices_follow_.wait();
  indices_follow_ = std::async(launch_beside(project_.spec.limits.threads), [this, done = std::move(works)] {
                      note_committed(done);
                    }).share();
  return report;
}

Result<std::vector<std::string>> BatchCommitter::metadata_of(const std::vector<Gathered>& gathered) const {
  std::vector<std::string> locations;
  const auto add = [&](const TableName& name) -> Status {
    TARN_ASSIGN_OR_RETURN(const catalog::Table table, services_.catalog.load_table(name));
    locations.push_back(table.metadata_location);
    return ok_status();
  };
  for (const Gathered& one : gathered) {
    TARN_RETURN_IF_ERROR(add(one.shape.name));
    const auto companion = one.is_child ? std::nullopt : project::companion_table(*one.feed);
    if (companion) TARN_RETURN_IF_ERROR(add(*companion));
  }
  return locations;
}

// Whoever expires snapshots may remove files that an attempt is reading: then it fails like one whose commit
// came too late.
bool BatchCommitter::lost_race(const Error& error, const std::vector<Gathered>& gathered,
                               const std::vector<std::string>& base) const {
  if (error.name() == catalog::kCommitConflict.name) return true;
  if (error.error_class() == ErrorClass::kUnknownOutcome) return false;
  const auto now = metadata_of(gathered);
  return now.ok() && *now != base;
}

Result<CommitReport> BatchCommitter::commit(ParsedBatch& batch) {
  TARN_ASSIGN_OR_RETURN(std::vector<Gathered> gathered, gather(batch));
  TARN_RETURN_IF_ERROR(await_event_times(gathered));
  std::optional<catalog::CommitTurns::Turn> turn;
  if (services_.turns != nullptr) turn.emplace(services_.turns->next());
  for (int attempt = 0;; ++attempt) {
    TARN_ASSIGN_OR_RETURN(const std::vector<std::string> base, metadata_of(gathered));
    Result<CommitReport> report = try_commit(batch, gathered, attempt);
    if (report.ok() || attempt + 1 == kCommitAttempts || !lost_race(report.error(), gathered, base))
      return report;
  }
}

}  // namespace tarn::ingest
