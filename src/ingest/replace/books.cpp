// What the ledger is told of a batch, once it is known which deliveries were refused.
#include <algorithm>

#include "base/check.h"
#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "ingest/read/member_sink.h"

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
  for (state::Settlement& settlement : books.settlements) {
    settlement.records.superseded = 0;
    for (const TableWork& work : works) {
      const auto lost = work.superseded_by_arrival.find(settlement.id.value());
      if (lost != work.superseded_by_arrival.end()) settlement.records.superseded += lost->second;
    }
  }
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

void BatchCommitter::take_books(ParsedBatch& batch, Books& books) {
  batch.settlements = std::move(books.settlements);
  batch.adjustments = std::move(books.adjustments);
  batch.replayed = std::move(books.replayed);
  std::ranges::move(books.refused, std::back_inserter(batch.quarantine));
}

}  // namespace tarn::ingest
