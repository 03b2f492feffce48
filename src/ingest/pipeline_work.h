#pragma once

#include <algorithm>
#include <cstdint>
#include <future>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "ingest/pipeline.h"

/// Inner parts of the pipeline, shared by its .cpp files.
namespace tarn::ingest {

/// An arrival on its way from the landing zone to a batch.
struct Pipeline::Work {
  state::NewArrival arrival = {};
  connect::SourceFile file = {};
  state::Landed landed = {};
  std::vector<std::size_t> takers = {};    ///< Positions of the feeds.
  std::string bytes = {};                  ///< Empty once parsed.
  bool blocked = false;                    ///< Waits in the ledger: its feeds cannot take it.
  std::set<std::string> passed_over = {};  ///< Members that are not read.
  std::shared_ptr<const ReplayFilter> replay = {};
  std::vector<state::QuarantineEntry> replayed = {};  ///< The entries that a replay asks for.
};

/// What landing a group of files gave; counted by the thread that processes them.
struct Pipeline::LandedGroup {
  std::deque<Work> works;  ///< New ones, their bytes at hand.
  std::int64_t arrived = 0;
  std::int64_t duplicate = 0;
  std::int64_t unmatched = 0;
  std::int64_t blocked = 0;  ///< Landed for feeds that cannot take them yet.
  double seconds = 0;
};

/// Whether the entry stands for all that its feed took of a file, which was one delivery.
bool is_delivery(const state::QuarantineEntry& entry);

/// Where a pass of a backfill is.
struct Pipeline::Backfilling {
  std::string feed;
  std::string source;
  ArrivalId after;                    ///< What the last batch that was launched has reached.
  std::vector<ArrivalId> pending;     ///< As the pass began, ascending.
  std::vector<ArrivalId> not_wanted;  ///< That were waited for, and are not read.
  std::int64_t files = 0;
};

/// The commit that is under way.
struct Pipeline::InFlight {
  ParsedBatch batch;
  double seconds = 0;  ///< Once the outcome is there.
  std::future<Result<CommitReport>> outcome;
};

/// How many files are read and landed in one go: their bytes are held until they are parsed.
struct LandingGroup {
  std::uint64_t max_files = 0;
  std::uint64_t max_bytes = 0;

  /// At least one file, however big.
  std::size_t size_of_next(std::span<const connect::SourceFile> files) const {
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    while (count < files.size() && count < max_files &&
           (count == 0 || bytes + files[count].size_bytes <= max_bytes)) {
      bytes += files[count++].size_bytes;
    }
    return count;
  }
};

/// A thirty-second of the memory for bytes as they came: while one group is parsed, the next one lands.
inline std::uint64_t landing_group_bytes(const project::ProjectSpec& spec) {
  return spec.limits.memory / 32;
}
/// A tenth of the memory for the inflated bytes of a batch: two batches are under way, and rows take up to
/// twice that.
inline std::uint64_t batch_bytes(const project::ProjectSpec& spec) {
  return std::min(spec.batch.max_bytes, spec.limits.memory / 10);
}

/// Narrow rows weigh more than their bytes: a keyed one takes up to two hundred until it is committed.
inline std::uint64_t batch_rows(const project::ProjectSpec& spec) {
  return std::min<std::uint64_t>(spec.batch.max_rows, spec.limits.memory / 1024);
}

/// What one worker holds of one feed's rows: an eighth of the memory for all workers.
inline std::uint64_t spill_bytes(const project::ProjectSpec& spec, std::size_t threads) {
  return spec.limits.memory / 8 / threads;
}

}  // namespace tarn::ingest
