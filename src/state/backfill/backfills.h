#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"

/// Backfills: of a feed, which arrivals are in its second tables, that are made beside the present ones. What
/// the tables have and what stands here change in one transaction.
namespace tarn::state {

struct Backfill {
  std::string feed;
  std::string beside;                   ///< The name under which what it refuses stands in the quarantine.
  std::string contract;                 ///< Fingerprint of the one it is made by; empty: not known.
  std::optional<std::int64_t> from_us;  ///< Only what landed since then and before `to_us`.
  std::optional<std::int64_t> to_us;
  bool switched = false;  ///< The tables made beside are the present ones; those made before stand beside.
  ArrivalId through;      ///< All arrivals up to it are in, but those that had not been settled:
  std::vector<ArrivalId> waiting = {};
  std::int64_t files = 0;
  std::int64_t records_committed = 0;
  std::int64_t records_quarantined = 0;
  std::int64_t started_at_us = 0;
  std::int64_t changed_at_us = 0;

  bool is_partial() const { return from_us || to_us; }
};

/// Nothing when the feed has none.
Result<std::optional<Backfill>> find_backfill(Database& database, const std::string& feed);
/// By feed.
Result<std::vector<Backfill>> list_backfills(Database& database);
/// state.conflict when the feed has one.
Status insert_backfill(Transaction& transaction, const Backfill& backfill);
/// state.not_found. What it refused is closed.
Status remove_backfill(Transaction& transaction, const std::string& feed, std::int64_t now_us);

/// Arrivals that came into the second tables, and how far these are now.
struct BackfillStep {
  std::string feed;
  ArrivalId after;                 ///< Backfill::through as the step found it.
  ArrivalId through;               ///< Not less.
  std::vector<ArrivalId> done;     ///< Of Backfill::waiting, or beyond `after`.
  std::vector<ArrivalId> pending;  ///< Known not to be settled; those up to `through` are waited for.
  std::int64_t files = 0;          ///< How many of `done` were read.
  std::int64_t records_committed = 0;
  std::int64_t records_quarantined = 0;
  std::int64_t now_us = 0;
};
/// state.conflict when another process made a step meanwhile, state.not_found.
Status advance_backfill(Transaction& transaction, const BackfillStep& step);

/// Turns `switched` over, and exchanges what both sides have open in the quarantine; records that the one
/// side refused and the other did not move between the ledger's counts. The caller exchanges the tables.
/// state.conflict unless `through` is what the backfill has; state.not_found.
struct BackfillSwitch {
  std::string feed;
  TableName table;   ///< The feed's own.
  TableName beside;  ///< What stands beside it.
  ArrivalId through;
  std::int64_t now_us = 0;
};
Status switch_backfill(Transaction& transaction, const BackfillSwitch& change);

}  // namespace tarn::state
