// From landed arrivals to committed batches.
#include <algorithm>
#include <atomic>
#include <future>
#include <limits>
#include <utility>

#include "base/ids.h"
#include "base/parallel.h"
#include "format/encoding.h"
#include "ingest/errors.h"
#include "ingest/pipeline.h"
#include "ingest/pipeline_work.h"
#include "ingest/table_shape.h"

namespace tarn::ingest {

Result<ArrivalParser::TableSchemas> Pipeline::table_schemas() {
  ArrivalParser::TableSchemas schemas;
  for (std::size_t i = 0; i < feeds_.size(); ++i) {
    const CompiledFeed& feed = feeds_[i];
    auto& of_feed = schemas.emplace_back();
    if (is_blocked(i) || setup_.beside.value_or(i) != i) continue;  // it may have no table
    for (const TableShape& shape : table_shapes(*feed.spec)) {
      TARN_ASSIGN_OR_RETURN(const catalog::Table table, setup_.services.catalog.load_table(shape.name));
      of_feed.push_back(table.metadata->current_schema());
    }
  }
  return schemas;
}

Status Pipeline::process(std::deque<Work>& works, Progress& progress, const std::stop_token& stop) {
  while (!works.empty() && !stop.stop_requested()) {
    if (!filling_) TARN_RETURN_IF_ERROR(begin_batch());
    TARN_RETURN_IF_ERROR(parse_into(*filling_, works, progress));
    if (is_full(*filling_)) TARN_RETURN_IF_ERROR(finish_batch());
  }
  return ok_status();
}

Status Pipeline::begin_batch() {
  ParsedBatch& batch = filling_.emplace();
  batch.started_at_us = setup_.services.clock.now_us();
  batch.id = BatchId(uuid_v7(batch.started_at_us / 1000, setup_.services.random.bytes16()));
  batch.workers.resize(thread_count());
  return committer_.begin(batch.id, run_);
}

bool Pipeline::is_full(const ParsedBatch& batch) const {
  const project::BatchSpec& limits = setup_.project.spec.batch;
  return batch.files >= limits.max_files || batch.records >= batch_rows(setup_.project.spec) ||
         batch.bytes_raw >= batch_bytes(setup_.project.spec);
}

Status Pipeline::finish_batch() {
  if (!filling_) return ok_status();
  ParsedBatch batch = *std::move(filling_);
  filling_.reset();
  if (backfilling_) finish_step(batch);
  return launch_commit(std::move(batch));
}

Status Pipeline::parse_into(ParsedBatch& batch, std::deque<Work>& works, Progress& progress) {
  const std::int64_t start_us = setup_.services.clock.monotonic_us();
  const project::BatchSpec& limits = setup_.project.spec.batch;
  const std::uint64_t max_bytes = batch_bytes(setup_.project.spec);
  const std::uint64_t max_rows = batch_rows(setup_.project.spec);
  TARN_ASSIGN_OR_RETURN(const ArrivalParser::TableSchemas schemas, table_schemas());
  const SpillRule spill{spill_folder(), spill_bytes(setup_.project.spec, thread_count()), batch.id,
                        setup_.services.clock, next_spill_};
  std::vector<ArrivalOutcome> outcomes(works.size());
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> bytes{batch.bytes_raw};
  std::atomic<std::uint64_t> records{batch.records};
  std::atomic<std::size_t> parsed{0};
  const std::size_t workers = std::min(thread_count(), works.size());
  // Where files are few, each has several threads for what is large in it.
  const std::size_t threads_each = thread_count() / std::max<std::size_t>(workers, 1);
  TARN_RETURN_IF_ERROR(run_parallel(workers, [&](std::size_t worker) -> Status {
    const auto rows = std::span(batch.workers).subspan(worker * threads_each, threads_each);
    TARN_ASSIGN_OR_RETURN(ArrivalParser parser, ArrivalParser::make(feeds_, schemas, spill));
    while (bytes < max_bytes && records < max_rows) {
      const std::size_t i = next++;
      if (i >= works.size() || batch.files + i >= limits.max_files) break;
      Work& work = works[i];
      // Former versions wrote paths as they came.
      const ArrivalInput input{work.landed.id,
                               format::escape_bad_text(work.arrival.path),
                               work.arrival.sha256->hex(),
                               work.bytes,
                               work.takers,
                               work.replay.get(),
                               work.passed_over.empty() ? nullptr : &work.passed_over};
      auto outcome = parser.parse(input, rows);
      if (!outcome.ok()) {
        next = works.size();
        return Status(std::move(outcome).error());
      }
      outcomes[i] = *std::move(outcome);
      std::string().swap(work.bytes);
      ++parsed;
      const state::Settlement& settled = outcomes[i].settlement;
      bytes += settled.bytes_raw;
      records += static_cast<std::uint64_t>(settled.records.arrived);
      ++progress.files_done;
      progress.records += settled.records.arrived;
      progress.bytes_raw += static_cast<std::int64_t>(settled.bytes_raw);
    }
    return ok_status();
  }));
  // Arrivals are taken in order, so the parsed ones are the first.
  const std::size_t count = parsed;
  for (std::size_t i = 0; i < count; ++i) add_outcome(works[i], outcomes[i], batch);
  works.erase(works.begin(), works.begin() + static_cast<std::ptrdiff_t>(count));
  batch.files += count;
  batch.records = records;
  batch.bytes_raw = bytes;
  report_.parse_seconds += seconds_since(start_us);
  return ok_status();
}

void Pipeline::add_deliveries(const Work& work, const ArrivalOutcome& outcome, ParsedBatch& batch) {
  for (const auto& [feed, delivered] : outcome.delivered) {
    if (delivered.accepted == 0) continue;
    const bool reads_all = !work.replay || work.replay->whole_file || work.replay->feeds.contains(feed);
    ParsedDelivery& delivery = batch.deliveries.emplace_back();
    delivery.arrival = work.landed.id;
    delivery.feed = feed;
    delivery.source_file = work.arrival.path;
    delivery.whole = reads_all && delivered.refused == 0;
    delivery.records = delivered.accepted;
    for (const state::QuarantineEntry& entry : work.replayed)
      if (is_delivery(entry) && entry.feed == feed) delivery.replayed = entry.id;
  }
}

void Pipeline::add_outcome(const Work& work, ArrivalOutcome& outcome, ParsedBatch& batch) {
  std::ranges::move(outcome.quarantine, std::back_inserter(batch.quarantine));
  add_deliveries(work, outcome, batch);
  if (!work.replay) {
    batch.settlements.push_back(std::move(outcome.settlement));
    return;
  }
  std::int64_t passed = 0;
  for (const state::QuarantineEntry& entry : work.replayed) {
    const ReplayFilter::FeedMember key{entry.feed, entry.member};
    bool passes = false;
    switch (entry.level) {
      case state::QuarantineLevel::kFile:
        passes = is_delivery(entry) ? outcome.delivered[entry.feed].accepted > 0 : outcome.readable_file;
        break;
      case state::QuarantineLevel::kMember:
        passes = std::ranges::any_of(outcome.readable_members, [&](const auto& readable) {
          return readable.second == entry.member && (entry.feed.empty() || readable.first == entry.feed);
        });
        break;
      case state::QuarantineLevel::kRecord:
        passes = outcome.accepted_records.contains({key, entry.record.value_or(0)});
        break;
    }
    if (!passes) continue;
    ++passed;
    batch.replayed.push_back(entry.id);
  }
  const state::RecordCounts& counts = outcome.settlement.records;
  if (passed == 0 && counts.arrived == 0) return;
  state::Adjustment adjustment{.id = work.landed.id, .state = std::nullopt};
  adjustment.records = {counts.arrived - passed, counts.committed, counts.quarantined - passed, 0};
  if (counts.committed > 0) adjustment.state = state::ArrivalState::kCommitted;
  batch.adjustments.push_back(adjustment);
}

Status Pipeline::launch_commit(ParsedBatch batch) {
  TARN_RETURN_IF_ERROR(await_commit());
  in_flight_ = std::make_unique<InFlight>();
  in_flight_->batch = std::move(batch);
  in_flight_->outcome =
      std::async(launch_beside(setup_.project.spec.limits.threads), [this, flight = in_flight_.get()] {
        const std::int64_t start_us = setup_.services.clock.monotonic_us();
        auto report = committer_.commit(flight->batch);
        flight->seconds = seconds_since(start_us);
        return report;
      });
  return ok_status();
}

Status Pipeline::await_commit() {
  if (!in_flight_) return ok_status();
  const std::unique_ptr<InFlight> finished = std::move(in_flight_);
  in_flight_.reset();
  const std::int64_t start_us = setup_.services.clock.monotonic_us();
  Result<CommitReport> outcome = finished->outcome.get();
  report_.commit_wait_seconds += seconds_since(start_us);
  report_.commit_seconds += finished->seconds;
  if (!outcome.ok()) return std::move(outcome).error();
  count(*finished, *outcome);
  return ok_status();
}

void Pipeline::count(const InFlight& finished, const CommitReport& report) {
  const ParsedBatch& batch = finished.batch;
  state::RunTotals& totals = report_.totals;
  for (const state::Settlement& settled : batch.settlements) {
    ++(settled.state == state::ArrivalState::kQuarantined ? totals.files_quarantined
                                                          : totals.files_committed);
    totals.records_arrived += settled.records.arrived;
    totals.records_committed += settled.records.committed;
    totals.records_quarantined += settled.records.quarantined;
    totals.bytes_raw += static_cast<std::int64_t>(settled.bytes_raw);
  }
  for (const state::Adjustment& adjustment : batch.adjustments)
    report_.records_replayed += adjustment.records.committed;
  report_.entries_replayed += static_cast<std::int64_t>(batch.replayed.size());
  ++totals.batches;
  report_.rows_superseded += report.superseded;
  report_.records_deleting += report.deleted;
  report_.records_unchanged += report.unchanged;
  report_.records_late += report.late;
  report_.rows_missing += report.missing;
  report_.deliveries_incomplete += std::ranges::count(batch.deliveries, false, &ParsedDelivery::whole);
  if (setup_.log == nullptr) return;
  setup_.log->info(
      "ingest.batch_committed",
      {{"batch", batch.id.value()},
       {"files", static_cast<std::int64_t>(batch.settlements.size())},
       {"rows", report.rows},
       {"deleted", report.deleted},
       {"unchanged", report.unchanged},
       {"late", report.late},
       {"quarantined", static_cast<std::int64_t>(batch.quarantine.size())},
       {"commit_seconds", finished.seconds},
       {"seconds", static_cast<double>(setup_.services.clock.now_us() - batch.started_at_us) / 1e6}});
}

Status Pipeline::ingest_pending(Progress& progress, const std::stop_token& stop) {
  constexpr std::size_t kAll = std::numeric_limits<std::int32_t>::max();
  TARN_ASSIGN_OR_RETURN(const auto pending, state::pending(setup_.services.database, "", kAll));
  std::deque<Work> works;
  std::uint64_t held = 0;
  for (const state::Arrival& arrival : pending) {
    if (stop.stop_requested()) return ok_status();
    const auto source = std::ranges::find(setup_.sources, arrival.source, &SourceBinding::name);
    if (source == setup_.sources.end()) continue;  // its feeds are gone; it stays pending
    Work work;
    work.takers = takers_of(*source, arrival.path);
    keep_takers(work.takers, arrival.feeds);
    if (work.takers.empty() || !arrival.sha256) continue;
    if (std::ranges::any_of(work.takers, [&](std::size_t feed) { return is_blocked(feed); })) {
      ++report_.files_blocked;
      continue;
    }
    work.arrival.path = arrival.path;
    work.arrival.sha256 = arrival.sha256;
    work.landed = {.id = arrival.id,
                   .state = arrival.state,
                   .duplicate_of = std::nullopt,
                   .duplicate_records = std::nullopt};
    TARN_ASSIGN_OR_RETURN(work.bytes, landing_.get(*arrival.sha256));
    held += work.bytes.size();
    works.push_back(std::move(work));
    ++progress.files_total;
    ++report_.files_recovered;
    ++report_.totals.files_arrived;
    if (held < landing_group_bytes(setup_.project.spec)) continue;
    TARN_RETURN_IF_ERROR(process(works, progress, stop));
    held = 0;
  }
  TARN_RETURN_IF_ERROR(process(works, progress, stop));
  return finish_batch();
}

}  // namespace tarn::ingest
