// Quarantined units, read again under today's contracts.
#include <map>
#include <utility>

#include "format/errors.h"
#include "ingest/errors.h"
#include "ingest/pipeline.h"
#include "ingest/pipeline_work.h"

namespace tarn::ingest {
namespace {

// A member that comes twice in its archive cannot be told from the first by its name, which was read. It
// never passes: the sender has to send it under another name.
bool can_pass(const state::QuarantineEntry& entry) {
  return entry.code != format::kArchiveDuplicateMember.name;
}

void ask_for(const state::QuarantineEntry& entry, ReplayFilter& filter) {
  switch (entry.level) {
    case state::QuarantineLevel::kFile:
      if (is_delivery(entry))
        filter.feeds.insert(entry.feed);
      else
        filter.whole_file = true;
      return;
    case state::QuarantineLevel::kMember:
      if (entry.feed.empty())
        filter.members.insert(entry.member);
      else
        filter.feed_members.emplace(entry.feed, entry.member);
      return;
    case state::QuarantineLevel::kRecord:
      filter.records[{entry.feed, entry.member}].insert(entry.record.value_or(0));
      return;
  }
}

}  // namespace

bool is_delivery(const state::QuarantineEntry& entry) {
  return entry.code == kEmptyDelivery.name || entry.code == kTooManyDeletes.name ||
         entry.code == kMixedVersions.name;
}

Result<std::deque<Pipeline::Work>> Pipeline::replay_works(
    const std::vector<state::QuarantineEntry>& entries) {
  std::map<ArrivalId, std::vector<state::QuarantineEntry>> by_arrival;
  for (const state::QuarantineEntry& entry : entries) {
    const bool known = entry.feed.empty() || setup_.project.find_feed(entry.feed) != nullptr;
    if (known && can_pass(entry)) by_arrival[entry.arrival].push_back(entry);
  }
  std::deque<Work> works;
  for (auto& [id, of_arrival] : by_arrival) {
    TARN_ASSIGN_OR_RETURN(const state::Arrival arrival, state::get_arrival(setup_.services.database, id));
    const auto source = std::ranges::find(setup_.sources, arrival.source, &SourceBinding::name);
    if (source == setup_.sources.end() || !arrival.sha256) continue;
    Work work;
    work.takers = takers_of(*source, arrival.path);
    std::erase_if(work.takers, [&](std::size_t feed) { return is_blocked(feed); });
    if (work.takers.empty()) continue;
    auto filter = std::make_shared<ReplayFilter>();
    for (const state::QuarantineEntry& entry : of_arrival) ask_for(entry, *filter);
    work.replay = std::move(filter);
    work.replayed = std::move(of_arrival);
    work.arrival.path = arrival.path;
    work.arrival.sha256 = arrival.sha256;
    work.landed.id = arrival.id;
    works.push_back(std::move(work));
  }
  return works;
}

Result<Pipeline::ReplayReport> Pipeline::replay(const std::vector<state::QuarantineEntry>& entries,
                                                const std::stop_token& stop) {
  TARN_RETURN_IF_ERROR(start_run());
  Progress progress;
  ReplayReport report;
  report.entries = static_cast<std::int64_t>(entries.size());
  TARN_ASSIGN_OR_RETURN(std::deque<Work> works, replay_works(entries));
  Status outcome;
  std::deque<Work> held;
  std::uint64_t bytes = 0;
  const auto flush = [&]() -> Status {
    TARN_RETURN_IF_ERROR(process(held, progress, {}));
    TARN_RETURN_IF_ERROR(finish_batch());
    bytes = 0;
    return await_commit();
  };
  while (outcome.ok() && !works.empty() && !stop.stop_requested()) {
    auto content = landing_.get(*works.front().arrival.sha256);
    if (!content.ok()) {
      outcome = std::move(content).error();
      break;
    }
    works.front().bytes = *std::move(content);
    bytes += works.front().bytes.size();
    held.push_back(std::move(works.front()));
    works.pop_front();
    if (bytes >= landing_group_bytes(setup_.project.spec)) outcome = flush();
  }
  if (outcome.ok()) outcome = flush();
  TARN_RETURN_IF_ERROR(finish_run(outcome));
  if (!outcome.ok()) return std::move(outcome).error();
  report.replayed = report_.entries_replayed;
  report.records_committed = report_.records_replayed;
  report.still_failing = report.entries - report.replayed;
  return report;
}

}  // namespace tarn::ingest
