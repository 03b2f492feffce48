#include <arrow/record_batch.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/history/tracked_hash.h"
#include "table/index/delete_collector.h"
#include "table/replace/deliveries.h"

namespace tarn::table {
namespace {

constexpr std::int64_t kNoRecord = -1;
constexpr std::int64_t kNotStored = -1;

/// A row of a scope as deliveries leave it: stored, brought by a record, or both, and then the record
/// replaces it.
struct Row {
  RowKey key;
  std::int64_t content = 0;
  const std::string* rank = nullptr;
  std::uint64_t file_id = 0;
  std::int64_t position = kNotStored;
  std::int64_t record = kNoRecord;
  bool live = true;
};

struct ScopeState {
  std::vector<Row> rows;  // in the order of their keys
  std::optional<StoredDelivery> stored;
  const std::string* latest = nullptr;  // the rank of the latest whole delivery
  std::int64_t latest_record = kNoRecord;
};

/// What a delivery would make of a scope.
struct Outcome {
  ScopeState* scope = nullptr;
  std::vector<Row> rows = {};
  std::vector<std::uint32_t> unchanged = {};
  std::int64_t live_before = 0;
  std::int64_t deletes = 0;
  const std::string* rank = nullptr;
  std::int64_t first_record = kNoRecord;
};

class Planner {
 public:
  Planner(DeliveryIndex& index, const DeliveryTables& tables, const DeliveryRecords& records)
      : index_(index), tables_(tables), records_(records) {}

  Result<DeliveryPlan> run() {
    TARN_RETURN_IF_ERROR(read_records());
    order_.resize(keys_.keys.size());
    std::iota(order_.begin(), order_.end(), 0U);
    std::ranges::sort(order_, {}, [this](std::uint32_t i) {
      return std::tuple(records_.delivery_of[i], scopes_.keys[i], keys_.keys[i], i);
    });
    is_unchanged_.resize(order_.size());
    is_refused_.resize(records_.deliveries.size());
    const auto delivery_at = [this](std::size_t at) { return records_.delivery_of[order_[at]]; };
    for (std::size_t at = 0; at < order_.size();) {
      const std::size_t first = at;
      while (at < order_.size() && delivery_at(at) == delivery_at(first)) ++at;
      TARN_RETURN_IF_ERROR(deliver(std::span(order_).subspan(first, at - first)));
    }
    return finish();
  }

 private:
  Status read_records() {
    TARN_ASSIGN_OR_RETURN(const auto bound,
                          BoundDeliveryColumns::bind(records_.schema, index_.columns(), DeliverySide::kRows));
    TARN_ASSIGN_OR_RETURN(keys_, identities_of(records_.batches, records_.schema, bound.row));
    TARN_ASSIGN_OR_RETURN(scopes_, identities_of(records_.batches, records_.schema, bound.scope));
    if (keys_.keys.size() != records_.delivery_of.size())
      return Error(kBatchMismatch, "each record needs to say of which delivery it is");
    for (const auto& batch : records_.batches) {
      TARN_ASSIGN_OR_RETURN(const auto some, tracked_hashes(*batch, records_.schema, bound.content));
      contents_.insert(contents_.end(), some.begin(), some.end());
    }
    return ok_status();
  }

  /// `records` are those of one delivery, in the order of scopes and keys.
  Status deliver(std::span<const std::uint32_t> records) {
    const std::uint32_t delivery = records_.delivery_of[records.front()];
    std::vector<Outcome> outcomes;
    for (std::size_t at = 0; at < records.size();) {
      const std::size_t first = at;
      const RowKey& key = scopes_.keys[records[first]];
      bool mixed = false;
      for (; at < records.size() && scopes_.keys[records[at]] == key; ++at)
        mixed = mixed || scopes_.ranks[records[at]] != scopes_.ranks[records[first]];
      if (mixed) {
        refuse({.delivery = delivery, .reason = RefusedDelivery::Reason::kMixedVersions});
        return ok_status();
      }
      TARN_ASSIGN_OR_RETURN(ScopeState* const scope, scope_of(key));
      const std::string* const rank = interned(scopes_.ranks[records[first]]);
      if (scope->latest != nullptr && *rank <= *scope->latest) continue;
      Outcome outcome =
          merge(*scope, records.subspan(first, at - first), rank, records_.deliveries[delivery].whole);
      if (outcome.deletes * 100 > outcome.live_before * std::int64_t{records_.max_deletes_percent}) {
        refuse({.delivery = delivery, .rows = outcome.live_before, .deletes = outcome.deletes});
        return ok_status();
      }
      outcomes.push_back(std::move(outcome));
    }
    for (Outcome& outcome : outcomes) {
      outcome.scope->rows = std::move(outcome.rows);
      for (const std::uint32_t record : outcome.unchanged) is_unchanged_[record] = true;
      if (!records_.deliveries[delivery].whole) continue;
      outcome.scope->latest = outcome.rank;
      outcome.scope->latest_record = outcome.first_record;
    }
    return ok_status();
  }

  Outcome merge(ScopeState& scope, std::span<const std::uint32_t> records, const std::string* rank,
                bool whole) const {
    Outcome outcome{.scope = &scope, .rank = rank, .first_record = records.front()};
    auto row = scope.rows.begin();
    const auto pass = [&] {
      outcome.live_before += row->live ? 1 : 0;
      if (whole && row->live && *row->rank < *rank) {
        row_gone(outcome, *row);
      } else {
        outcome.rows.push_back(*row);
      }
      ++row;
    };
    for (std::size_t i = 0; i < records.size(); ++i) {
      const RowKey& key = keys_.keys[records[i]];
      if (i + 1 < records.size() && keys_.keys[records[i + 1]] == key) continue;  // the later one counts
      while (row != scope.rows.end() && row->key < key) pass();
      Row now{.key = key, .content = contents_[records[i]], .rank = rank, .record = records[i]};
      if (row != scope.rows.end() && row->key == key) {
        outcome.live_before += row->live ? 1 : 0;
        const bool newer = row->live && *row->rank >= *rank;
        const bool equal = row->live && whole && row->content == now.content;
        if (equal && !newer) outcome.unchanged.push_back(records[i]);
        if (newer || equal) {
          now = *row;
        } else {
          now.file_id = row->file_id;
          now.position = row->position;
        }
        ++row;
      }
      outcome.rows.push_back(now);
    }
    while (row != scope.rows.end()) pass();
    return outcome;
  }

  static void row_gone(Outcome& outcome, Row row) {
    ++outcome.deletes;
    row.live = false;
    row.record = kNoRecord;
    if (row.position != kNotStored) outcome.rows.push_back(row);
  }

  Result<ScopeState*> scope_of(const RowKey& key) {
    const auto [at, added] = states_.try_emplace(key);
    ScopeState& state = at->second;
    if (!added) return &state;
    TARN_ASSIGN_OR_RETURN(Scope stored, index_.scope(key));
    for (const DeliveredRow& row : stored.rows)
      state.rows.push_back({row.key, row.content, interned(row.rank), row.file_id, row.position});
    if (stored.latest) state.latest = interned(stored.latest->rank);
    state.stored = std::move(stored.latest);
    return &state;
  }

  /// Deliveries are few, and rows that name theirs many.
  const std::string* interned(std::string_view rank) {
    const auto at = ranks_.find(rank);
    return at != ranks_.end() ? &*at : &*ranks_.emplace(rank).first;
  }

  void refuse(const RefusedDelivery& refused) {
    is_refused_[refused.delivery] = true;
    plan_.refused.push_back(refused);
  }

  Result<DeliveryPlan> finish() {
    struct Written {
      std::int64_t record;
      RowKey scope;
      const Row* row;  // null: a delivery
    };
    std::vector<Written> rows;
    std::vector<Written> deliveries;
    DeleteCollector gone(index_, tables_.rows);
    DeleteCollector past(index_, tables_.deliveries);
    for (const auto& [scope, state] : states_) {
      for (const Row& row : state.rows) {
        if (row.live && row.record == kNoRecord) continue;
        const bool stored = row.position != kNotStored;
        if (stored) TARN_RETURN_IF_ERROR(gone.add(row.file_id, row.position));
        ++(!row.live ? plan_.counts.deleted : stored ? plan_.counts.updated : plan_.counts.inserted);
        if (row.live)
          rows.push_back({row.record, scope, &row});
        else
          plan_.removed.emplace_back(scope, row.key);
      }
      if (state.latest_record == kNoRecord) continue;
      if (state.stored) TARN_RETURN_IF_ERROR(past.add(state.stored->file_id, state.stored->position));
      deliveries.push_back({state.latest_record, scope, nullptr});
    }
    const auto fill = [&](DeliveryChange& change, std::vector<Written>& written) {
      std::ranges::sort(written, {}, &Written::record);
      for (const Written& one : written) {
        change.rows.push_back(one.record);
        change.scopes.push_back(one.scope);
        change.ranks.append(scopes_.ranks[static_cast<std::size_t>(one.record)]);
        if (one.row == nullptr) continue;
        change.keys.push_back(one.row->key);
        change.contents.push_back(one.row->content);
      }
    };
    fill(plan_.rows, rows);
    fill(plan_.deliveries, deliveries);
    plan_.rows.deletes = std::move(gone).finish();
    plan_.deliveries.deletes = std::move(past).finish();
    count_records();
    return std::move(plan_);
  }

  void count_records() {
    auto written = plan_.rows.rows.begin();
    for (std::uint32_t i = 0; i < is_unchanged_.size(); ++i) {
      const bool is_written = written != plan_.rows.rows.end() && *written == i;
      if (is_written) ++written;
      if (is_written || is_unchanged_[i])
        plan_.kept.push_back(i);
      else if (!is_refused_[records_.delivery_of[i]])
        ++plan_.counts.superseded;
      if (is_unchanged_[i]) ++plan_.counts.unchanged;
    }
  }

  DeliveryIndex& index_;
  const DeliveryTables& tables_;
  const DeliveryRecords& records_;
  RowIdentities keys_;
  RowIdentities scopes_;
  std::vector<std::int64_t> contents_;
  std::vector<std::uint32_t> order_;
  std::map<RowKey, ScopeState> states_;
  std::set<std::string, std::less<>> ranks_;
  std::vector<bool> is_unchanged_;  // of each record
  std::vector<bool> is_refused_;    // of each delivery
  DeliveryPlan plan_;
};

}  // namespace

Result<DeliveryPlan> plan_deliveries(DeliveryIndex& index, const DeliveryTables& tables,
                                     const DeliveryRecords& records) {
  const DeliveryIndex::Snapshots base = DeliveryIndex::Snapshots::of(tables.rows, tables.deliveries);
  if (index.snapshots() != base)
    return Error(kIndexNotInStep, "the delivery index does not describe the snapshots " +
                                      std::to_string(base.rows) + " and " + std::to_string(base.companion));
  TARN_ASSIGN_OR_RETURN(DeliveryPlan plan, Planner(index, tables, records).run());
  plan.base = base;
  return plan;
}

Status note_committed(DeliveryIndex& index, const DeliveryPlan& plan, const WrittenFiles& rows,
                      const WrittenFiles& deliveries, const DeliveryIndex::Snapshots& snapshots) {
  if (index.snapshots() != plan.base)
    return Error(kIndexNotInStep, "the delivery index has moved on since the batch was planned");
  if (rows.places.size() != plan.rows.rows.size() || deliveries.places.size() != plan.deliveries.rows.size())
    return Error(kBadChange, "the places of the written rows are missing");
  const auto written = [](const DeliveryChange& change, const WrittenFiles& files) {
    return DeliveryIndex::Written{change.scopes, change.keys,  change.contents,
                                  change.ranks,  files.places, files.files};
  };
  return index.put(written(plan.rows, rows), plan.removed, written(plan.deliveries, deliveries), snapshots);
}

}  // namespace tarn::table
