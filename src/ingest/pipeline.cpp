#include "ingest/pipeline.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <utility>

#include "base/parallel.h"
#include "format/encoding.h"
#include "ingest/errors.h"
#include "ingest/pipeline_work.h"
#include "ingest/table_shape.h"
#include "table/errors.h"

namespace tarn::ingest {
namespace {

// While files may still be growing, or in `tarn serve`, folders are looked at again this often at the latest.
constexpr std::chrono::milliseconds kSettlePoll{100};
constexpr std::chrono::milliseconds kRescan{5000};
// A file that keeps changing this long is left to the next run of `tarn ingest`.
constexpr std::chrono::milliseconds kPatience{15000};
// How long one of several folders is listened to before the next.
constexpr std::chrono::milliseconds kTurn{50};

}  // namespace

Pipeline::Pipeline(Setup setup, std::vector<CompiledFeed> feeds)
    : setup_(std::move(setup)),
      feeds_(std::move(feeds)),
      landing_(setup_.services.store, setup_.landing),
      committer_(setup_.services, setup_.project, setup_.index_folder, setup_.log) {}

Pipeline::~Pipeline() = default;

Result<std::unique_ptr<Pipeline>> Pipeline::open(Setup setup) {
  std::vector<CompiledFeed> feeds;
  for (std::size_t i = 0; i < setup.project.feeds.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(auto feed, CompiledFeed::compile(setup.project.feeds[i], i));
    feeds.push_back(std::move(feed));
  }
  std::unique_ptr<Pipeline> pipeline(new Pipeline(std::move(setup), std::move(feeds)));
  TARN_RETURN_IF_ERROR(pipeline->prepare());
  return pipeline;
}

Status Pipeline::prepare() {
  TARN_RETURN_IF_ERROR(committer_.recover(setup_.beside ? std::optional(setup_.command) : std::nullopt));
  std::error_code error;
  std::filesystem::remove_all(spill_folder(), error);  // what a crash left between writing and unlinking
  if (!error) std::filesystem::create_directories(spill_folder(), error);
  if (error)
    return Error(table::kSpillFailed, "cannot make the folder " + spill_folder() + ": " + error.message());
  TARN_ASSIGN_OR_RETURN(blocked_, committer_.prepare_tables(setup_.beside));
  return ok_status();
}

bool Pipeline::is_blocked(std::size_t feed) const {
  return std::ranges::find(blocked_, feed, &BlockedFeed::feed) != blocked_.end();
}

std::size_t Pipeline::thread_count() const {
  const std::uint32_t configured = setup_.project.spec.limits.threads;
  return configured > 0 ? configured : std::max(1U, std::thread::hardware_concurrency());
}

double Pipeline::seconds_since(std::int64_t start_us) const {
  return static_cast<double>(setup_.services.clock.monotonic_us() - start_us) / 1e6;
}

Status Pipeline::start_run() {
  report_ = RunReport();
  filling_.reset();
  TARN_ASSIGN_OR_RETURN(last_before_run_, state::last_arrival(setup_.services.database));
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, setup_.services.database.begin());
  TARN_ASSIGN_OR_RETURN(run_, state::start_run(transaction, setup_.command, setup_.services.clock.now_us()));
  return transaction.commit();
}

Status Pipeline::finish_run(const Status& outcome) {
  // A duplicate stands for the records of its original, which may have been settled by this very run.
  if (!setup_.beside) {
    TARN_ASSIGN_OR_RETURN(const auto arrived,
                          state::summary_after(setup_.services.database, last_before_run_));
    report_.totals.records_duplicate = arrived.records_duplicate();
    report_.totals.records_arrived += arrived.records_duplicate();
  }
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, setup_.services.database.begin());
  const std::string text = outcome.ok() ? "done" : std::string(outcome.error().name());
  TARN_RETURN_IF_ERROR(
      state::finish_run(transaction, {*run_, setup_.services.clock.now_us(), text, report_.totals}));
  return transaction.commit();
}

Result<RunReport> Pipeline::run_once(Progress& progress, const std::stop_token& stop) {
  if (feeds_.empty()) return Error(kNoFeeds, "the project has no feeds");
  TARN_RETURN_IF_ERROR(start_run());
  Status outcome = run_until_settled(progress, stop);
  // Whatever ended the run, the commit under way is waited for: its outcome belongs to the report.
  Status committed = await_commit();
  if (outcome.ok()) outcome = std::move(committed);
  TARN_RETURN_IF_ERROR(finish_run(outcome));
  if (!outcome.ok()) return std::move(outcome).error();
  return report_;
}

Status Pipeline::run_until_settled(Progress& progress, const std::stop_token& stop) {
  TARN_RETURN_IF_ERROR(ingest_pending(progress, stop));
  TARN_RETURN_IF_ERROR(begin_to_watch(stop));
  bool first = true;
  std::int64_t waiting_since_us = setup_.services.clock.monotonic_us();
  while (!stop.stop_requested()) {
    Seen seen;
    bool found = false;
    for (SourceBinding& source : setup_.sources) {
      TARN_ASSIGN_OR_RETURN(const auto files, new_files(source, seen));
      found = found || !files.empty();
      TARN_RETURN_IF_ERROR(ingest_files(source, files, progress, stop));
    }
    TARN_RETURN_IF_ERROR(finish_batch());
    // Later scans also meet what this run ingested itself.
    if (first) report_.files_known = seen.known;
    first = false;
    report_.files_unsettled = 0;
    if (seen.unsettled == 0 && !found) return ok_status();
    // A file that was read while it changed is seen again by the next scan.
    if (found)
      waiting_since_us = setup_.services.clock.monotonic_us();
    else
      setup_.services.clock.sleep(kSettlePoll, stop);
    report_.files_unsettled = static_cast<std::int64_t>(seen.unsettled);
    if (seconds_since(waiting_since_us) > std::chrono::duration<double>(kPatience).count())
      return ok_status();
  }
  return ok_status();
}

Status Pipeline::serve(Progress& progress, const std::stop_token& stop) {
  TARN_RETURN_IF_ERROR(start_run());
  Status outcome = ingest_pending(progress, stop);
  if (outcome.ok()) outcome = begin_to_watch(stop);
  const std::chrono::milliseconds max_age(setup_.project.spec.batch.max_age_ms);
  while (outcome.ok() && !stop.stop_requested()) {
    Seen seen;
    bool found = false;
    for (SourceBinding& source : setup_.sources) {
      const auto files = new_files(source, seen);
      outcome = files.ok() ? ingest_files(source, *files, progress, stop) : Status(files.error());
      if (!outcome.ok()) break;
      found = found || !files->empty();
    }
    if (outcome.ok()) outcome = finish_batch();
    if (!outcome.ok()) break;
    // While files keep coming, those of `max_age` make one batch.
    if (found)
      setup_.services.clock.sleep(max_age, stop);
    else
      outcome = wait_for_files(seen.unsettled > 0 ? kSettlePoll : kRescan, stop);
  }
  Status committed = await_commit();
  if (outcome.ok()) outcome = std::move(committed);
  TARN_RETURN_IF_ERROR(finish_run(outcome));
  return outcome;
}

Status Pipeline::begin_to_watch(const std::stop_token& stop) {
  for (SourceBinding& source : setup_.sources) {
    TARN_RETURN_IF_ERROR(source.source->wait(std::chrono::milliseconds(0), stop));
  }
  return ok_status();
}

Status Pipeline::wait_for_files(std::chrono::milliseconds timeout, const std::stop_token& stop) {
  TARN_RETURN_IF_ERROR(await_commit());
  if (setup_.sources.empty()) {
    setup_.services.clock.sleep(timeout, stop);
    return ok_status();
  }
  // One folder is woken by its events at once; several take turns.
  const auto turn = setup_.sources.size() == 1 ? timeout : std::min(timeout, kTurn);
  const std::int64_t start_us = setup_.services.clock.monotonic_us();
  bool arrived = false;
  while (!arrived && !stop.stop_requested() &&
         seconds_since(start_us) < std::chrono::duration<double>(timeout).count()) {
    for (SourceBinding& source : setup_.sources) {
      TARN_ASSIGN_OR_RETURN(const bool something, source.source->wait(turn, stop));
      arrived = arrived || something;
    }
  }
  return ok_status();
}

void Pipeline::keep_takers(std::vector<std::size_t>& takers, const std::vector<std::string>& feeds) const {
  std::erase_if(takers, [&](std::size_t feed) {
    return std::ranges::find(feeds, *feeds_[feed].spec->name) == feeds.end();
  });
}

std::vector<std::size_t> Pipeline::takers_of(const SourceBinding& source, const std::string& path) const {
  std::vector<std::size_t> takers;
  for (const std::size_t feed : source.feeds) {
    if (feeds_[feed].takes_file(path)) takers.push_back(feed);
  }
  return takers;
}

Result<std::vector<connect::SourceFile>> Pipeline::new_files(SourceBinding& source, Seen& seen) {
  TARN_ASSIGN_OR_RETURN(connect::SourceScan scan, source.source->scan());
  TARN_ASSIGN_OR_RETURN(const state::KnownFiles known,
                        state::known_files(setup_.services.database, source.name));
  seen.unsettled += scan.unsettled;
  std::vector<connect::SourceFile> fresh;
  std::vector<connect::SourceFile> again;
  for (connect::SourceFile& file : scan.complete) {
    const std::string path = format::escape_bad_text(file.path);
    auto found = known.find(path);
    if (found == known.end()) found = known.find(file.path);  // as former versions wrote it
    const bool same = found != known.end() && found->second.size_bytes == file.size_bytes &&
                      found->second.mtime_ns == file.modified_ns && found->second.inode == file.inode;
    // Files that no feed took are asked for again, because contracts change.
    if (same && (found->second.matched || takers_of(source, path).empty())) {
      ++seen.known;
      // A run that was cut short between landing and acknowledging left the sender's copy.
      if (found->second.matched && release_of(source, takers_of(source, path)) != connect::Release())
        again.push_back(std::move(file));
      continue;
    }
    const bool ignored =
        std::ranges::all_of(source.feeds, [&](std::size_t feed) { return feeds_[feed].ignores(path); });
    if (!ignored) fresh.push_back(std::move(file));
  }
  TARN_RETURN_IF_ERROR(acknowledge(source, again));
  return fresh;
}

Status Pipeline::ingest_files(SourceBinding& source, std::span<const connect::SourceFile> files,
                              Progress& progress, const std::stop_token& stop) {
  progress.files_total += static_cast<std::int64_t>(files.size());
  const LandingGroup limits{setup_.project.spec.batch.max_files, landing_group_bytes(setup_.project.spec)};
  const auto land_next = [&] {
    const auto group = files.first(limits.size_of_next(files));
    files = files.subspan(group.size());
    return std::async(launch_beside(setup_.project.spec.limits.threads),
                      [this, &source, group] { return land(source, group); });
  };
  std::future<Result<LandedGroup>> landing;
  if (!files.empty()) landing = land_next();
  while (landing.valid()) {
    TARN_ASSIGN_OR_RETURN(LandedGroup group, landing.get());
    report_.totals.files_arrived += group.arrived;
    report_.totals.files_duplicate += group.duplicate;
    report_.files_unmatched += group.unmatched;
    report_.files_blocked += group.blocked;
    report_.land_seconds += group.seconds;
    if (!files.empty() && !stop.stop_requested()) landing = land_next();
    TARN_RETURN_IF_ERROR(process(group.works, progress, stop));
  }
  return ok_status();
}

Result<Pipeline::LandedGroup> Pipeline::land(SourceBinding& source,
                                             std::span<const connect::SourceFile> files) {
  const std::int64_t start_us = setup_.services.clock.monotonic_us();
  std::vector<std::vector<Work>> slots(files.size());
  std::atomic<std::size_t> next{0};
  TARN_RETURN_IF_ERROR(run_parallel(std::min(thread_count(), files.size()), [&](std::size_t) {
    for (std::size_t i = next++; i < files.size(); i = next++) {
      auto landed = land_file(source, files[i]);
      if (!landed.ok()) {
        next = files.size();
        return Status(std::move(landed).error());
      }
      slots[i] = *std::move(landed);
    }
    return ok_status();
  }));
  LandedGroup group;
  for (std::vector<Work>& slot : slots) std::ranges::move(slot, std::back_inserter(group.works));
  TARN_RETURN_IF_ERROR(setup_.services.store.sync());
  TARN_RETURN_IF_ERROR(record(group));
  std::vector<connect::SourceFile> safe;
  for (const Work& work : group.works) {
    if (work.landed.state != state::ArrivalState::kUnmatched) safe.push_back(work.file);
  }
  TARN_RETURN_IF_ERROR(acknowledge(source, safe));
  // What is no work now: counted duplicates, files that no feed takes, and those that wait for a blocked
  // feed.
  std::erase_if(group.works, [](const Work& work) {
    return work.blocked || work.landed.state != state::ArrivalState::kLanded;
  });
  group.seconds = seconds_since(start_us);
  return group;
}

Result<std::vector<Pipeline::Work>> Pipeline::land_file(SourceBinding& source,
                                                        const connect::SourceFile& file) {
  std::vector<Work> works(1);
  Work& work = works.front();
  work.arrival = {.source = source.name,
                  .path = format::escape_bad_text(file.path),
                  .size_bytes = file.size_bytes,
                  .mtime_ns = file.modified_ns,
                  .inode = file.inode,
                  .sha256 = std::nullopt,
                  .landed_at_us = setup_.services.clock.now_us(),
                  .feeds = {}};
  work.file = file;
  work.takers = takers_of(source, work.arrival.path);
  if (work.takers.empty()) return works;
  if (Status read = source.source->read(file, work.bytes); !read.ok()) {
    // Still moving, or taken away again: the next scan sees what is there then.
    if (read.error().error_class() == ErrorClass::kTransient || read.error().name() == "io.not_found")
      return std::vector<Work>();
    return std::move(read).error();
  }
  work.arrival.sha256 = sha256(work.bytes);
  TARN_RETURN_IF_ERROR(landing_.put(*work.arrival.sha256, work.bytes));
  // What blocked feeds miss becomes an arrival of its own, which waits for them.
  const auto middle =
      std::ranges::stable_partition(work.takers, [&](auto feed) { return !is_blocked(feed); });
  if (!middle.empty()) {
    Work waiting{.arrival = work.arrival, .file = file, .takers = {middle.begin(), middle.end()}};
    waiting.blocked = true;
    work.takers.erase(middle.begin(), middle.end());
    if (work.takers.empty()) works.clear();
    works.push_back(std::move(waiting));
  }
  for (Work& one : works) {
    for (const std::size_t feed : one.takers) one.arrival.feeds.push_back(*feeds_[feed].spec->name);
  }
  return works;
}

Status Pipeline::record(LandedGroup& group) {
  if (group.works.empty()) return ok_status();
  std::vector<state::NewArrival> arrivals;
  arrivals.reserve(group.works.size());
  for (const Work& work : group.works) arrivals.push_back(work.arrival);
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, setup_.services.database.begin());
  TARN_ASSIGN_OR_RETURN(const auto landed, state::record_landed(transaction, arrivals));
  TARN_RETURN_IF_ERROR(transaction.commit());
  for (std::size_t i = 0; i < landed.size(); ++i) {
    Work& work = group.works[i];
    work.landed = landed[i];
    keep_takers(work.takers, landed[i].feeds);
    if (landed[i].state == state::ArrivalState::kUnmatched) {
      ++group.unmatched;
    } else if (landed[i].state == state::ArrivalState::kDuplicate) {
      ++group.arrived;
      ++group.duplicate;
    } else {
      ++(work.blocked ? group.blocked : group.arrived);
    }
  }
  return ok_status();
}

connect::Release Pipeline::release_of(const SourceBinding& source, const std::vector<std::size_t>& takers) {
  std::optional<connect::Release> all;
  for (const std::size_t feed : takers) {
    const auto found = source.releases.find(feed);
    const connect::Release one = found == source.releases.end() ? connect::Release() : found->second;
    if (all.value_or(one) != one) return {};
    all = one;
  }
  return all.value_or(connect::Release());
}

Status Pipeline::acknowledge(SourceBinding& source, const std::vector<connect::SourceFile>& files) {
  std::vector<std::string> gone;
  for (const connect::SourceFile& file : files) {
    const std::string path = format::escape_bad_text(file.path);
    const connect::Release release = release_of(source, takers_of(source, path));
    TARN_RETURN_IF_ERROR(source.source->acknowledge(file, release));
    if (release != connect::Release()) gone.push_back(path);
  }
  if (gone.empty()) return ok_status();
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, setup_.services.database.begin());
  TARN_RETURN_IF_ERROR(state::forget_files(transaction, source.name, gone));
  return transaction.commit();
}

}  // namespace tarn::ingest
