#include "state/audit/audit_trail.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "state/audit/audit_chain.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

/// Between attempts to write what nobody waits for.
constexpr std::chrono::seconds kPause{1};

/// What clients call themselves may be anything.
constexpr std::size_t kMostActorBytes = 200;

void cut(std::string& text) {
  if (text.size() > kMostActorBytes) text.resize(kMostActorBytes);
}

Error unavailable(const Error& reason) {
  return Error(kAuditUnavailable, "the audit cannot be written: " + reason.message())
      .with_hint(reason.hint());
}

}  // namespace

AuditTrail::AuditTrail(Database& database, io::Clock& clock, Options options)
    : database_(database),
      clock_(clock),
      options_(std::move(options)),
      writer_([this](const std::stop_token& stop) { run(stop); }) {}

AuditTrail::~AuditTrail() {
  {
    const std::lock_guard lock(mutex_);
    add_suppressed();
  }
  writer_.request_stop();
}

void AuditTrail::add(Waiting waiting) {
  waiting.record.at_us = clock_.now_us();
  AuditActor& actor = waiting.record.actor;
  for (std::string* text : {&actor.user, &actor.peer, &actor.application}) cut(*text);
  waiting_.push_back(std::move(waiting));
  changed_.notify_one();
}

Result<std::int64_t> AuditTrail::append(AuditRecord record) {
  std::future<Result<std::int64_t>> outcome;
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= options_.max_waiting / 2)
      return Error(kAuditUnavailable, "too many records wait to be written");
    Waiting waiting{.record = std::move(record)};
    waiting.outcome.emplace();
    outcome = waiting.outcome->get_future();
    add(std::move(waiting));
  }
  return outcome.get();
}

void AuditTrail::append_soon(AuditRecord record) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() < options_.max_waiting) return add({.record = std::move(record)});
  }
  if (options_.on_failure) options_.on_failure(Error(kAuditUnavailable, "a record was lost: too many wait"));
}

void AuditTrail::append_refusal_of_stranger(AuditRecord record) {
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t second = clock_.monotonic_us() / 1'000'000;
    if (second != second_) {
      add_suppressed();
      second_ = second;
      strangers_ = 0;
    }
    if (++strangers_ > options_.strangers_per_second) {
      record.rows = suppressed_ ? *suppressed_->rows + 1 : 1;
      suppressed_ = std::move(record);
      return;
    }
  }
  append_soon(std::move(record));
}

void AuditTrail::add_suppressed() {
  if (suppressed_) add({.record = *std::exchange(suppressed_, std::nullopt)});
}

Status AuditTrail::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t before = attempts_;
  written_.wait(
      lock, [&] { return (waiting_.empty() && !is_writing_) || (has_failed_ && attempts_ > before + 1); });
  if (!waiting_.empty()) return Error(kAuditUnavailable, "records wait that cannot be written");
  return ok_status();
}

void AuditTrail::run(const std::stop_token& stop) {
  while (true) {
    std::unique_lock lock(mutex_);
    const auto is_awaited = [this] { return !waiting_.empty() && waiting_.back().outcome.has_value(); };
    if (has_failed_)
      changed_.wait_for(lock, stop, kPause, is_awaited);
    else
      changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
    Batch batch = std::exchange(waiting_, {});
    is_writing_ = !batch.empty();
    lock.unlock();
    const Status written = batch.empty() ? ok_status() : write(batch);
    if (!written.ok() && !has_failed_ && options_.on_failure) options_.on_failure(written.error());
    lock.lock();
    is_writing_ = false;
    has_failed_ = !written.ok();
    ++attempts_;
    std::ranges::move(batch.rbegin(), batch.rend(), std::front_inserter(waiting_));
    written_.notify_all();
    if (stop.stop_requested() && (waiting_.empty() || has_failed_)) return;
  }
}

Status AuditTrail::write(Batch& batch) {
  std::vector<AuditRecord> records;
  for (const Waiting& one : batch) records.push_back(one.record);
  Status written = write_records(records);
  if (!written.ok()) written = unavailable(written.error());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (!batch[i].outcome) continue;
    if (written.ok())
      batch[i].outcome->set_value(records[i].sequence);
    else
      batch[i].outcome->set_value(written.error());
  }
  if (written.ok())
    batch.clear();
  else
    std::erase_if(batch, [](const Waiting& one) { return one.outcome.has_value(); });
  return written;
}

Status AuditTrail::write_records(std::vector<AuditRecord>& records) {
  TARN_ASSIGN_OR_RETURN(Transaction transaction, database_.begin());
  TARN_RETURN_IF_ERROR(append_audit(transaction, records));
  const Status committed = transaction.commit();
  if (committed.ok() || &committed.error().code() != &kCommitUnknown) return committed;
  // What is written twice would be told twice.
  TARN_RETURN_IF_ERROR(database_.fence());
  TARN_ASSIGN_OR_RETURN(const auto found, read_audit(database_, records.back().sequence - 1, 1));
  return !found.empty() && found[0].hash == records.back().hash ? ok_status() : committed;
}

}  // namespace tarn::state
