#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/result.h"
#include "state/connection.h"
#include "state/ledger.h"

/// Rows and running totals of the ledger, shared by its reading and its writing half. For this library only.
namespace tarn::state {

/// Changes of `ledger_totals`, gathered over one call and written once.
class TotalsChange {
 public:
  StateTotals& of(std::int64_t source_id, ArrivalState state) { return changes_[{source_id, state}]; }
  Status write(Connection& connection) const;

 private:
  std::map<std::pair<std::int64_t, ArrivalState>, StateTotals> changes_;
};

void add(StateTotals& totals, const StateTotals& more);
/// Nothing for a source that never sent anything.
Result<std::optional<std::int64_t>> find_source(Connection& connection, const std::string& folder);

/// Feed names never hold commas, so a list of them is joined with commas.
std::string join_feeds(const std::vector<std::string>& feeds);
std::vector<std::string> split_feeds(std::string_view joined);

/// The present part of an arrival that its changes need.
struct ArrivalRow {
  std::int64_t source_id = 0;
  ArrivalState state = ArrivalState::kLanded;
  std::int64_t duplicates = 0;  ///< Arrivals that name this one as their original.
  StateTotals own;              ///< files = 1.
};
/// state.not_found.
Result<ArrivalRow> read_arrival_row(Connection& connection, ArrivalId id);

/// state.unbalanced unless the counts add up and none is negative.
Status check_balance(ArrivalId id, const RecordCounts& records);

}  // namespace tarn::state
