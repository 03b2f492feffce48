#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "ingest/table_builder.h"
#include "state/backfill/backfills.h"
#include "state/ledger.h"
#include "state/quarantine.h"

namespace tarn::ingest {

/// The rows that one worker collected for the tables of one feed: the feed's own table first, then its
/// children in the contract's order.
struct FeedRows {
  std::vector<TableBuilder> tables;
};

/// By the feed's position in the project.
using WorkerRows = std::map<std::size_t, FeedRows>;

/// What an arrival brought to a feed of `mode: replace`.
struct ParsedDelivery {
  ArrivalId arrival;
  std::string feed;
  std::string source_file;
  bool whole = true;  ///< False: records of it were refused, or only some are read again.
  std::int64_t records = 0;
  std::optional<state::QuarantineId> replayed = std::nullopt;  ///< The entry that asked for it, if any.
};

/// What reading a set of arrivals gave, ready to be committed as one batch.
struct ParsedBatch {
  BatchId id;
  std::int64_t started_at_us = 0;
  /// Of what was parsed so far: arrivals, records and inflated bytes.
  std::uint64_t files = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes_raw = 0;
  std::vector<WorkerRows> workers;
  /// New arrivals with their counts; `batch` and `settled_at_us` are filled at the commit.
  std::vector<state::Settlement> settlements;
  std::vector<state::NewQuarantineEntry> quarantine;
  std::vector<ParsedDelivery> deliveries;
  /// Of a replay: what changes of arrivals that were settled before, and the entries that now passed.
  std::vector<state::Adjustment> adjustments;
  std::vector<state::QuarantineId> replayed;
  /// Of a backfill: where it is afterwards. The settlements are for counting then, and the ledger stays.
  std::optional<state::BackfillStep> backfill;
};

}  // namespace tarn::ingest
