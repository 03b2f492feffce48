// What the ledger, or the backfill, is told of a batch, in the transaction that commits it.
#include <algorithm>

#include "base/check.h"
#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "ingest/read/member_sink.h"
#include "state/batches.h"
#include "state/quarantine.h"

namespace tarn::ingest {
namespace {

/// A delivery that is refused at its first reading becomes one quarantined unit instead of its records.
void refuse_first(BatchCommitter::Books& books, const RefusedUnit& refused) {
  const ParsedDelivery& delivery = *refused.delivery;
  const auto settled = std::ranges::find(books.settlements, delivery.arrival, &state::Settlement::id);
  TARN_CHECK(settled != books.settlements.end());
  state::RecordCounts& counts = settled->records;
  counts.arrived += 1 - delivery.records;
  counts.committed -= delivery.records;
  ++counts.quarantined;
  if (counts.committed == 0) {
    settled->state = state::ArrivalState::kQuarantined;
    settled->error_code = std::string(refused.code->name);
    settled->error_message = refused.reason;
  }
  state::NewQuarantineEntry& entry = books.refused.emplace_back();
  entry.arrival = delivery.arrival;
  entry.feed = *refused.feed->name;
  entry.table = refused.feed->table->to_string();
  entry.contract_version = refused.feed->contract_version;
  entry.source_file = delivery.source_file;
  entry.level = state::QuarantineLevel::kFile;
  entry.code = std::string(refused.code->name);
  entry.rule = "mode: replace";
  entry.reason = refused.reason;
}

/// One that is refused again leaves its entry open, as if nobody had asked.
void refuse_again(BatchCommitter::Books& books, const RefusedUnit& refused) {
  const ParsedDelivery& delivery = *refused.delivery;
  const auto adjusted = std::ranges::find(books.adjustments, delivery.arrival, &state::Adjustment::id);
  TARN_CHECK(adjusted != books.adjustments.end());
  adjusted->records.arrived += 1 - delivery.records;
  adjusted->records.committed -= delivery.records;
  ++adjusted->records.quarantined;
  if (adjusted->records.committed == 0) adjusted->state.reset();
  std::erase(books.replayed, *delivery.replayed);
}

}  // namespace

BatchCommitter::Books BatchCommitter::books_of(const ParsedBatch& batch,
                                               const std::vector<TableWork>& works) {
  Books books{batch.settlements, {}, batch.adjustments, batch.replayed};
  const auto superseded_of = [&works](ArrivalId arrival) {
    std::int64_t rows = 0;
    for (const TableWork& work : works) {
      const auto lost = work.superseded_by_arrival.find(arrival.value());
      if (lost != work.superseded_by_arrival.end()) rows += lost->second;
    }
    return rows;
  };
  for (state::Settlement& settlement : books.settlements)
    settlement.records.superseded = superseded_of(settlement.id);
  for (state::Adjustment& adjustment : books.adjustments)
    adjustment.records.superseded = superseded_of(adjustment.id);
  for (const TableWork& work : works) {
    for (const RefusedUnit& refused : work.refused) {
      if (refused.delivery->replayed)
        refuse_again(books, refused);
      else
        refuse_first(books, refused);
    }
  }
  return books;
}

Status BatchCommitter::settle_ledger(const ParsedBatch& batch, const Books& books, std::int64_t now_us,
                                     state::Transaction& transaction) const {
  if (batch.backfill) {
    state::BackfillStep step = *batch.backfill;
    step.now_us = now_us;
    for (const state::Settlement& settlement : books.settlements) {
      step.records_committed += settlement.records.committed;
      step.records_quarantined += settlement.records.quarantined;
    }
    return state::advance_backfill(transaction, step);
  }
  TARN_RETURN_IF_ERROR(state::settle(transaction, books.settlements));
  for (const state::Adjustment& adjustment : books.adjustments) {
    TARN_RETURN_IF_ERROR(state::adjust(transaction, adjustment));
  }
  if (books.replayed.empty()) return ok_status();
  return state::set_quarantine_status(
      transaction, books.replayed,
      {state::QuarantineStatus::kReplayed, now_us, "by batch " + batch.id.value()});
}

Status BatchCommitter::settle(ParsedBatch& batch, Books& books, const CommitReport& report,
                              const std::vector<Gathered>& gathered, state::Transaction& transaction) {
  const std::int64_t now_us = services_.clock.now_us();
  for (state::Settlement& settlement : books.settlements) {
    settlement.batch = batch.id;
    settlement.settled_at_us = now_us;
  }
  TARN_RETURN_IF_ERROR(settle_ledger(batch, books, now_us, transaction));
  for (auto* const entries : {&batch.quarantine, &books.refused}) {
    for (state::NewQuarantineEntry& entry : *entries) {
      entry.batch = batch.id;
      entry.created_at_us = now_us;
    }
    if (!entries->empty()) TARN_RETURN_IF_ERROR(state::quarantine(transaction, *entries));
  }
  TARN_RETURN_IF_ERROR(advance_watermarks(gathered, transaction));
  return state::commit_batch(transaction, batch.id, report.tables, now_us);
}

void BatchCommitter::take_books(ParsedBatch& batch, Books& books) {
  batch.settlements = std::move(books.settlements);
  batch.adjustments = std::move(books.adjustments);
  batch.replayed = std::move(books.replayed);
  std::ranges::move(books.refused, std::back_inserter(batch.quarantine));
}

}  // namespace tarn::ingest
