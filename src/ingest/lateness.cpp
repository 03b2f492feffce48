// Which records of a batch are late, and how far their feeds' watermarks go.
//
// A watermark is the newest event time that a feed had committed in earlier batches. It is moved in the very
// transaction that commits a batch, and judged against at that commit: so neither a crash nor how batches
// overlap changes what is late.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>

#include "base/check.h"
#include "ingest/batch_commit.h"
#include "ingest/batch_work.h"
#include "state/batches.h"

namespace tarn::ingest {
namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
// 30,000 years: what is subtracted from the watermark of any year stays a number.
constexpr std::int64_t kMaxLatenessMs = 1'000'000'000'000'000;

template <typename Array>
void look_at(const Array& times, std::int64_t unit_us, const arrow::Int64Array& arrivals, EventTimes& out) {
  for (std::int64_t row = 0; row < times.length(); ++row) {
    if (times.IsNull(row)) continue;
    const std::int64_t time_us = times.Value(row) * unit_us;
    if (time_us > out.newest_us && time_us <= out.horizon_us) out.newest_us = time_us;
    if (time_us < out.late_before_us) ++out.late_by_arrival[arrivals.Value(row)];
  }
}

}  // namespace

void EventTimes::add(const arrow::RecordBatch& rows, const std::string& column) {
  const auto times = rows.GetColumnByName(column);
  const auto arrivals = rows.GetColumnByName(std::string(kSourceArrival));
  TARN_CHECK(times != nullptr && arrivals != nullptr);
  const auto& of_arrival = static_cast<const arrow::Int64Array&>(*arrivals);
  if (times->type_id() == arrow::Type::DATE32) {
    look_at(static_cast<const arrow::Date32Array&>(*times), kDayUs, of_arrival, *this);
  } else {
    // The contract's check lets moments through besides; they are in microseconds.
    TARN_CHECK(times->type_id() == arrow::Type::TIMESTAMP);
    look_at(static_cast<const arrow::TimestampArray&>(*times), 1, of_arrival, *this);
  }
}

Status BatchCommitter::await_event_times(std::vector<Gathered>& gathered) {
  std::optional<std::vector<state::FeedWatermark>> watermarks;
  // A clock that is ahead, or a time without a zone, east of Greenwich: a day covers both.
  const std::int64_t horizon_us = services_.clock.now_us() + kDayUs;
  for (Gathered& one : gathered) {
    if (one.is_child) continue;
    for (const Gathered::Part& part : one.parts) {
      const project::FeedSpec& feed = *part.feed;
      if (!feed.lateness_ms) continue;
      if (!watermarks) {
        TARN_ASSIGN_OR_RETURN(watermarks, state::feed_watermarks(services_.database));
      }
      EventTimes& times = one.event_times[*feed.name];
      times.horizon_us = horizon_us;
      const auto known = std::ranges::find(*watermarks, *feed.name, &state::FeedWatermark::feed);
      if (known == watermarks->end()) continue;
      times.late_before_us = known->event_time_us - std::min(feed.lateness_ms->value, kMaxLatenessMs) * 1000;
    }
  }
  return ok_status();
}

std::int64_t BatchCommitter::count_late(const std::vector<Gathered>& gathered, ParsedBatch& batch) {
  std::map<std::int64_t, std::int64_t> by_arrival;
  std::int64_t all = 0;
  for (const Gathered& one : gathered) {
    for (const auto& [feed, times] : one.event_times) {
      for (const auto& [arrival, late] : times.late_by_arrival) {
        by_arrival[arrival] += late;
        all += late;
      }
    }
  }
  const auto of = [&by_arrival](ArrivalId id) {
    const auto found = by_arrival.find(id.value());
    return found == by_arrival.end() ? 0 : found->second;
  };
  for (state::Settlement& settlement : batch.settlements) settlement.records.late = of(settlement.id);
  for (state::Adjustment& adjustment : batch.adjustments) adjustment.records.late = of(adjustment.id);
  return all;
}

Status BatchCommitter::advance_watermarks(const std::vector<Gathered>& gathered,
                                          state::Transaction& transaction) {
  const std::int64_t now_us = services_.clock.now_us();
  for (const Gathered& one : gathered) {
    for (const auto& [feed, times] : one.event_times) {
      std::int64_t late = 0;
      for (const auto& [arrival, records] : times.late_by_arrival) late += records;
      if (times.newest_us == EventTimes::kNone && late == 0) continue;
      // What is yet to come, within a day, counts as now.
      TARN_RETURN_IF_ERROR(
          state::advance_watermark(transaction, {feed, std::min(times.newest_us, now_us), late}));
    }
  }
  return ok_status();
}

}  // namespace tarn::ingest
