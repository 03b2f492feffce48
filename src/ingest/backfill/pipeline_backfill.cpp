// All that ever came for a feed, read again from the landing zone into tables beside the present ones.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"
#include "ingest/backfill/beside.h"
#include "ingest/errors.h"
#include "ingest/pipeline.h"
#include "ingest/pipeline_work.h"

namespace tarn::ingest {
namespace {

constexpr std::size_t kPage = 1000;

bool is_within(const state::Backfill& backfill, const state::Arrival& arrival) {
  return (!backfill.from_us || arrival.landed_at_us >= *backfill.from_us) &&
         (!backfill.to_us || arrival.landed_at_us < *backfill.to_us);
}

}  // namespace

Result<bool> Pipeline::add_backfilled(const state::Arrival& arrival, Work& work) {
  const std::size_t feed = *setup_.beside;
  // A file that several feeds take may have come to each by an arrival of its own.
  const bool is_ours = std::ranges::find(arrival.feeds, backfilling_->feed) != arrival.feeds.end();
  if (!is_ours || !arrival.sha256 || !feeds_[feed].takes_file(arrival.path)) return false;
  state::QuarantineFilter filter;
  filter.arrival = arrival.id;
  filter.status = state::QuarantineStatus::kOpen;
  filter.feed = "";
  filter.with_raw = false;
  filter.limit = std::numeric_limits<std::int32_t>::max();
  TARN_ASSIGN_OR_RETURN(const auto entries, state::list_quarantine(setup_.services.database, filter));
  for (const state::QuarantineEntry& entry : entries) {
    // What waits there for whichever feed takes it comes by a replay, into the table that is the present one.
    if (entry.level == state::QuarantineLevel::kFile) return false;
    work.passed_over.insert(entry.member);
  }
  work.takers = {feed};
  work.arrival.path = arrival.path;
  work.arrival.sha256 = arrival.sha256;
  work.landed.id = arrival.id;
  TARN_ASSIGN_OR_RETURN(work.bytes, landing_.get(*arrival.sha256));
  return true;
}

void Pipeline::finish_step(ParsedBatch& batch) {
  Backfilling& pass = *backfilling_;
  state::BackfillStep& step = batch.backfill.emplace();
  step.feed = pass.feed;
  step.after = step.through = pass.after;
  for (const state::Settlement& settled : batch.settlements) {
    step.done.push_back(settled.id);
    step.through = std::max(step.through, settled.id);
  }
  step.files = std::ssize(step.done);
  for (const ArrivalId id : pass.pending)
    if (id > step.after && id <= step.through) step.pending.push_back(id);
  // Of no feed: they stand in the quarantine since the file arrived.
  std::erase_if(batch.quarantine, [](const auto& entry) { return entry.feed.empty(); });
  pass.after = step.through;
}

Status Pipeline::backfill_arrivals(const state::Backfill& backfill,
                                   const std::vector<state::Arrival>& arrivals, Progress& progress,
                                   const std::stop_token& stop) {
  std::deque<Work> works;
  std::uint64_t held = 0;
  for (const state::Arrival& arrival : arrivals) {
    if (stop.stop_requested()) return ok_status();
    Work work;
    bool wanted = is_within(backfill, arrival);
    if (wanted) {
      TARN_ASSIGN_OR_RETURN(wanted, add_backfilled(arrival, work));
    }
    if (!wanted) {
      if (arrival.id <= backfill.through) backfilling_->not_wanted.push_back(arrival.id);
      continue;
    }
    ++progress.files_total;
    ++backfilling_->files;
    held += work.bytes.size();
    works.push_back(std::move(work));
    if (held < landing_group_bytes(setup_.project.spec)) continue;
    TARN_RETURN_IF_ERROR(process(works, progress, {}));
    held = 0;
  }
  return process(works, progress, {});
}

Result<std::int64_t> Pipeline::backfill_pass(Progress& progress, const std::stop_token& stop) {
  state::Database& database = setup_.services.database;
  const std::string& feed = backfilling_->feed;
  TARN_ASSIGN_OR_RETURN(const auto found, state::find_backfill(database, feed));
  if (!found) return Error(kNoBackfill, "the feed `" + feed + "` has no backfill");
  // In this order: what settles meanwhile is met by the pages, what lands meanwhile by the next pass.
  TARN_ASSIGN_OR_RETURN(const ArrivalId up_to, state::last_arrival(database));
  TARN_ASSIGN_OR_RETURN(const auto pending, state::pending(database, backfilling_->source,
                                                           std::numeric_limits<std::int32_t>::max()));
  backfilling_->files = 0;
  backfilling_->after = found->through;
  backfilling_->pending.clear();
  backfilling_->not_wanted.clear();
  for (const state::Arrival& arrival : pending) backfilling_->pending.push_back(arrival.id);
  std::vector<state::Arrival> settled;
  for (const ArrivalId id : found->waiting) {
    TARN_ASSIGN_OR_RETURN(state::Arrival arrival, state::get_arrival(database, id));
    if (arrival.state != state::ArrivalState::kLanded) settled.push_back(std::move(arrival));
  }
  TARN_RETURN_IF_ERROR(backfill_arrivals(*found, settled, progress, stop));
  ArrivalId after = found->through;
  while (!stop.stop_requested()) {
    TARN_ASSIGN_OR_RETURN(settled, state::settled(database, {backfilling_->source, after, up_to, kPage}));
    if (settled.empty()) break;
    after = settled.back().id;
    for (const state::Arrival& arrival : settled) std::erase(backfilling_->pending, arrival.id);
    TARN_RETURN_IF_ERROR(backfill_arrivals(*found, settled, progress, stop));
  }
  TARN_RETURN_IF_ERROR(finish_batch());
  TARN_RETURN_IF_ERROR(await_commit());
  if (stop.stop_requested()) return 0;
  state::BackfillStep rest;
  rest.feed = feed;
  rest.after = backfilling_->after;
  rest.through = std::max(up_to, rest.after);
  rest.done = backfilling_->not_wanted;
  for (const ArrivalId id : backfilling_->pending)
    if (id > rest.after && id <= rest.through) rest.pending.push_back(id);
  rest.now_us = setup_.services.clock.now_us();
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database.begin());
  TARN_RETURN_IF_ERROR(state::advance_backfill(transaction, rest));
  TARN_RETURN_IF_ERROR(transaction.commit());
  return backfilling_->files;
}

Status Pipeline::backfill(Progress& progress, const std::stop_token& stop) {
  TARN_CHECK(setup_.beside.has_value());
  if (!blocked_.empty()) return blocked_.front().error;
  const project::FeedSpec& feed = *feeds_[*setup_.beside].spec;
  backfilling_ = std::make_unique<Backfilling>();
  backfilling_->feed = feed.name->substr(0, feed.name->size() - kBeside.size());
  backfilling_->source = *feed.source.folder;
  TARN_RETURN_IF_ERROR(start_run());
  Status outcome = ok_status();
  std::int64_t files = 1;
  while (outcome.ok() && files > 0 && !stop.stop_requested()) {
    Result<std::int64_t> pass = backfill_pass(progress, stop);
    if (!pass.ok())
      outcome = std::move(pass).error();
    else
      files = *pass;
  }
  Status committed = await_commit();
  if (outcome.ok()) outcome = std::move(committed);
  TARN_RETURN_IF_ERROR(finish_run(outcome));
  return outcome;
}

}  // namespace tarn::ingest
