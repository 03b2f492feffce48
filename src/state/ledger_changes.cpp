#include <fmt/format.h>

#include "state/connection.h"
#include "state/errors.h"
#include "state/ledger.h"
#include "state/ledger_rows.h"

namespace tarn::state {
namespace {

StateTotals minus(const StateTotals& totals) {
  return {.files = -totals.files,
          .size_bytes = -totals.size_bytes,
          .bytes_raw = -totals.bytes_raw,
          .members = -totals.members,
          .records = {.arrived = -totals.records.arrived,
                      .committed = -totals.records.committed,
                      .quarantined = -totals.records.quarantined,
                      .superseded = -totals.records.superseded,
                      .late = -totals.records.late}};
}

Result<std::int64_t> make_source(Connection& connection, const std::string& folder) {
  TARN_ASSIGN_OR_RETURN(const auto known, find_source(connection, folder));
  if (known) return *known;
  return connection.inserted_id("INSERT INTO sources (folder) VALUES (?) RETURNING id", folder);
}

// Records arrivals one by one within one transaction.
class Recorder {
 public:
  explicit Recorder(Connection& connection) : connection_(connection) {}

  Result<Landed> record(const NewArrival& arrival) {
    TARN_RETURN_IF_ERROR(enter_source(arrival.source));
    TARN_RETURN_IF_ERROR(replace_unmatched(arrival.path));
    Landed landed;
    if (arrival.sha256) {
      TARN_RETURN_IF_ERROR(find_original(arrival, landed));
    } else {
      landed.state = ArrivalState::kUnmatched;
    }
    TARN_RETURN_IF_ERROR(insert(arrival, landed));
    StateTotals& totals = totals_.of(source_id_, landed.state);
    totals.files += 1;
    totals.size_bytes += static_cast<std::int64_t>(arrival.size_bytes);
    totals.records.arrived += landed.duplicate_records.value_or(0);
    return landed;
  }

  Status finish() { return totals_.write(connection_); }

 private:
  Status enter_source(const std::string& folder) {
    if (source_id_ != 0 && folder == source_) return ok_status();
    TARN_ASSIGN_OR_RETURN(source_id_, make_source(connection_, folder));
    source_ = folder;
    return ok_status();
  }

  // An unmatched arrival is no data, only a note that the path was seen; a newer one takes its place.
  Status replace_unmatched(const std::string& path) {
    TARN_ASSIGN_OR_RETURN(const auto former,
                          connection_.integer("SELECT arrival_id FROM known_files "
                                              "WHERE source_id = ? AND path = ? AND matched = 0",
                                              source_id_, path));
    if (!former) return ok_status();
    TARN_ASSIGN_OR_RETURN(const ArrivalRow row, read_arrival_row(connection_, ArrivalId(*former)));
    TARN_RETURN_IF_ERROR(connection_.run("DELETE FROM arrivals WHERE id = ?", *former));
    add(totals_.of(source_id_, row.state), minus(row.own));
    return ok_status();
  }

  // A duplicate is what none of its feeds needs any more.
  Status find_original(const NewArrival& arrival, Landed& landed) {
    landed.feeds = arrival.feeds;
    TARN_ASSIGN_OR_RETURN(
        Statement find,
        connection_.prepare("SELECT id, state, records_arrived, feeds FROM arrivals WHERE source_id = ? "
                            "AND sha256 = ? AND duplicate_of IS NULL AND sha256 IS NOT NULL ORDER BY id"));
    find.bind(source_id_, Blob{bytes_of(*arrival.sha256)});
    std::optional<std::int64_t> original;
    std::optional<std::int64_t> records;
    while (true) {
      TARN_ASSIGN_OR_RETURN(const bool found, find.step());
      if (!found) break;
      for (const std::string& had : split_feeds(find.text(3))) std::erase(landed.feeds, had);
      if (original) continue;
      original = find.integer(0);
      const bool settled = static_cast<ArrivalState>(find.integer(1)) != ArrivalState::kLanded;
      if (settled) records = find.integer(2);
    }
    if (!original || !landed.feeds.empty()) return ok_status();
    landed.state = ArrivalState::kDuplicate;
    landed.duplicate_of = ArrivalId(*original);
    landed.duplicate_records = records;
    TARN_RETURN_IF_ERROR(
        connection_.run("UPDATE arrivals SET duplicates = duplicates + 1 WHERE id = ?", *original));
    return ok_status();
  }

  Status insert(const NewArrival& arrival, Landed& landed) {
    const auto original = landed.duplicate_of ? std::optional(landed.duplicate_of->value()) : std::nullopt;
    const auto sha256 = arrival.sha256 ? std::optional(Blob{bytes_of(*arrival.sha256)}) : std::nullopt;
    const auto size_bytes = static_cast<std::int64_t>(arrival.size_bytes);
    const auto inode = static_cast<std::int64_t>(arrival.inode);
    TARN_ASSIGN_OR_RETURN(
        const std::int64_t id,
        connection_.inserted_id("INSERT INTO arrivals (source_id, path, size_bytes, mtime_ns, inode, sha256, "
                                "state, duplicate_of, "
                                "landed_at_us, feeds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                                source_id_, arrival.path, size_bytes, arrival.mtime_ns, inode, sha256,
                                static_cast<int>(landed.state), original, arrival.landed_at_us,
                                join_feeds(landed.feeds.empty() ? arrival.feeds : landed.feeds)));
    landed.id = ArrivalId(id);
    TARN_RETURN_IF_ERROR(connection_.run(
        "INSERT INTO known_files (source_id, path, size_bytes, mtime_ns, inode, arrival_id, matched) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source_id, path) DO UPDATE SET "
        "size_bytes = excluded.size_bytes, mtime_ns = excluded.mtime_ns, inode = excluded.inode, "
        "arrival_id = excluded.arrival_id, matched = excluded.matched",
        source_id_, arrival.path, size_bytes, arrival.mtime_ns, inode, landed.id.value(),
        arrival.sha256.has_value()));
    return ok_status();
  }

  static std::string_view bytes_of(const Sha256Digest& digest) {
    return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
  }

  Connection& connection_;
  std::string source_;
  std::int64_t source_id_ = 0;
  TotalsChange totals_;
};

// Numbers of batches by their ids; a call rarely names more than one.
class BatchNumbers {
 public:
  explicit BatchNumbers(Connection& connection) : connection_(connection) {}
  Result<std::optional<std::int64_t>> of(const BatchId& id) {
    if (id.value().empty()) return std::optional<std::int64_t>();
    if (id == last_) return last_seq_;
    TARN_ASSIGN_OR_RETURN(last_seq_,
                          connection_.integer("SELECT seq FROM batches WHERE batch_id = ?", id.value()));
    if (!last_seq_) return Error(kNotFound, fmt::format("batch {} was never begun", id.value()));
    last_ = id;
    return last_seq_;
  }

 private:
  Connection& connection_;
  BatchId last_;
  std::optional<std::int64_t> last_seq_;
};

Status settle_one(Connection& connection, const Settlement& settlement, std::optional<std::int64_t> batch_seq,
                  TotalsChange& totals) {
  const bool settled =
      settlement.state == ArrivalState::kCommitted || settlement.state == ArrivalState::kQuarantined;
  TARN_CHECK(settled);
  TARN_RETURN_IF_ERROR(check_balance(settlement.id, settlement.records));
  const std::int64_t id = settlement.id.value();
  TARN_ASSIGN_OR_RETURN(const ArrivalRow row, read_arrival_row(connection, settlement.id));
  if (row.state != ArrivalState::kLanded)
    return Error(kConflict, fmt::format("arrival {} is {} already", id, to_string(row.state)));
  const RecordCounts& records = settlement.records;
  const auto feeds = settlement.feeds.empty() ? std::nullopt : std::optional(join_feeds(settlement.feeds));
  TARN_RETURN_IF_ERROR(connection.run(
      "UPDATE arrivals SET state = ?, settled_at_us = ?, batch_seq = ?, feeds = coalesce(?, feeds), members "
      "= ?, "
      "records_arrived = ?, records_committed = ?, records_quarantined = ?, records_superseded = ?, "
      "records_late = ?, bytes_raw = ?, error_code = ?, error_message = ? WHERE id = ?",
      static_cast<int>(settlement.state), settlement.settled_at_us, batch_seq, feeds, settlement.members,
      records.arrived, records.committed, records.quarantined, records.superseded, records.late,
      static_cast<std::int64_t>(settlement.bytes_raw), settlement.error_code, settlement.error_message, id));
  add(totals.of(row.source_id, ArrivalState::kLanded), minus(row.own));
  add(totals.of(row.source_id, settlement.state),
      {.files = 1,
       .size_bytes = row.own.size_bytes,
       .bytes_raw = static_cast<std::int64_t>(settlement.bytes_raw),
       .members = settlement.members,
       .records = records});
  totals.of(row.source_id, ArrivalState::kDuplicate).records.arrived += row.duplicates * records.arrived;
  return ok_status();
}

}  // namespace

Result<std::vector<Landed>> record_landed(Transaction& transaction, std::span<const NewArrival> arrivals) {
  Recorder recorder(transaction.connection());
  std::vector<Landed> landed;
  landed.reserve(arrivals.size());
  for (const NewArrival& arrival : arrivals) {
    TARN_ASSIGN_OR_RETURN(Landed one, recorder.record(arrival));
    landed.push_back(std::move(one));
  }
  TARN_RETURN_IF_ERROR(recorder.finish());
  return landed;
}

Status settle(Transaction& transaction, std::span<const Settlement> settlements) {
  Connection& connection = transaction.connection();
  TotalsChange totals;
  BatchNumbers batches(connection);
  for (const Settlement& settlement : settlements) {
    TARN_ASSIGN_OR_RETURN(const auto batch_seq, batches.of(settlement.batch));
    TARN_RETURN_IF_ERROR(settle_one(connection, settlement, batch_seq, totals));
  }
  return totals.write(connection);
}

Status adjust(Transaction& transaction, const Adjustment& adjustment) {
  Connection& connection = transaction.connection();
  const std::int64_t id = adjustment.id.value();
  TARN_ASSIGN_OR_RETURN(const ArrivalRow row, read_arrival_row(connection, adjustment.id));
  if (row.state != ArrivalState::kCommitted && row.state != ArrivalState::kQuarantined)
    return Error(kConflict, fmt::format("arrival {} is {}, not settled", id, to_string(row.state)));
  const ArrivalState state = adjustment.state.value_or(row.state);
  TARN_CHECK(state == ArrivalState::kCommitted || state == ArrivalState::kQuarantined);
  StateTotals now = row.own;
  add(now, {.bytes_raw = adjustment.bytes_raw, .members = adjustment.members, .records = adjustment.records});
  TARN_RETURN_IF_ERROR(check_balance(adjustment.id, now.records));
  TARN_RETURN_IF_ERROR(connection.run(
      "UPDATE arrivals SET state = ?, members = ?, records_arrived = ?, records_committed = ?, "
      "records_quarantined = ?, records_superseded = ?, records_late = ?, bytes_raw = ? WHERE id = ?",
      static_cast<int>(state), now.members, now.records.arrived, now.records.committed,
      now.records.quarantined, now.records.superseded, now.records.late, now.bytes_raw, id));
  TotalsChange totals;
  add(totals.of(row.source_id, row.state), minus(row.own));
  add(totals.of(row.source_id, state), now);
  totals.of(row.source_id, ArrivalState::kDuplicate).records.arrived +=
      row.duplicates * adjustment.records.arrived;
  return totals.write(connection);
}

Status forget_files(Transaction& transaction, const std::string& source, std::span<const std::string> paths) {
  Connection& connection = transaction.connection();
  TARN_ASSIGN_OR_RETURN(const auto source_id, find_source(connection, source));
  if (!source_id) return ok_status();
  TARN_ASSIGN_OR_RETURN(Statement forget,
                        connection.prepare("DELETE FROM known_files WHERE source_id = ? AND path = ?"));
  for (const std::string& path : paths) {
    forget.bind(*source_id, path);
    TARN_RETURN_IF_ERROR(forget.run());
  }
  return ok_status();
}

}  // namespace tarn::state
