// Changes of the key index: few go through RocksDB's log and memory, many become one sorted file: rows one of
// RowRuns, versions one of RocksDB.
#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <utility>

#include "table/index/index_format.h"
#include "table/index/key_database.h"

namespace tarn::table {
namespace {

// From here on one sorted file, which is synced, costs less than sorting in, logging and writing later.
constexpr std::size_t kBulkEntries = 16'384;
constexpr std::string_view kBulkFile = "/bulk.sst";

std::string to_text(const KeyDatabase::State& state) {
  return std::string(index_format::kName) + "\n" + state.table_uuid + "\n" + state.columns + "\n" +
         std::to_string(state.snapshot_id) + "\n" + std::to_string(state.next_file_id);
}

rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

/// In the order of the keys; of one that comes twice the last.
Status add_sorted(RunWriter& writer, const KeyDatabase::Rows& rows) {
  std::span<const RowKey> all = rows.keys;
  std::vector<RowKey> both;
  if (!rows.removed.empty()) {
    both.assign(rows.keys.begin(), rows.keys.end());
    both.insert(both.end(), rows.removed.begin(), rows.removed.end());
    all = both;
  }
  const std::vector<std::uint32_t> order = index_format::order_of_keys(all);
  for (std::size_t at = 0; at < order.size(); ++at) {
    const std::size_t i = order[at];
    if (at + 1 < order.size() && all[order[at + 1]] == all[i]) continue;
    const bool is_gone = i >= rows.keys.size();
    const RunRow row = is_gone
                           ? RunRow{.key = all[i], .is_gone = true}
                           : RunRow{all[i], false, rows.file_id(i), rows.places[i].position, rows.ranks[i]};
    TARN_RETURN_IF_ERROR(writer.add(row));
  }
  return ok_status();
}

/// As RocksDB has it.
std::string value_of_row(const RunRow& row) {
  if (row.is_gone) return {};
  std::string value(index_format::PlaceBytes(row.file_id, row.position));
  value += row.rank;
  return value;
}

}  // namespace

void KeyDatabase::Changes::reserve(std::size_t entries, std::size_t bytes) {
  entries_.reserve(entries);
  bytes_.reserve(bytes);
}

void KeyDatabase::Changes::add(std::string_view key, std::initializer_list<std::string_view> value,
                               bool removes) {
  Entry& entry = entries_.emplace_back();
  std::memcpy(&entry.prefix, key.data(), std::min(sizeof(entry.prefix), key.size()));
  entry.prefix = __builtin_bswap64(entry.prefix);
  entry.begin = bytes_.size();
  entry.key_size = static_cast<std::uint32_t>(key.size());
  entry.removes = removes;
  bytes_ += key;
  for (const std::string_view part : value) {
    entry.value_size += static_cast<std::uint32_t>(part.size());
    bytes_ += part;
  }
}

void KeyDatabase::Changes::remove_row(const RowKey& key) {
  rows_.push_back({.key = key, .is_gone = true});
}

void KeyDatabase::Changes::put_row(const RowKey& key, std::uint64_t file_id, std::int64_t position,
                                   std::string_view rank) {
  rows_.push_back({key, false, file_id, position, bytes_.size(), rank.size()});
  bytes_ += rank;
}

RunRow KeyDatabase::Changes::run_row(const Row& row) const {
  return {row.key, row.is_gone, row.file_id, row.position,
          std::string_view(bytes_).substr(row.rank_begin, row.rank_size)};
}

void KeyDatabase::Changes::put_version(const RowKey& key, std::string_view version, const VersionPlace& place,
                                       std::string_view entry) {
  std::string bytes(index_format::RowKeyBytes(key, 'v'));
  bytes += version;
  add(bytes, {index_format::PlaceBytes(place.file_id, place.position), entry}, false);
}

void KeyDatabase::Changes::remove_version(const RowKey& key, std::string_view version) {
  std::string bytes(index_format::RowKeyBytes(key, 'v'));
  bytes += version;
  add(bytes, {}, true);
}

void KeyDatabase::Changes::put_file(std::uint64_t file_id, const File& file) {
  add(index_format::file_key(file_id), {file.path, std::string_view("", 1), file.partition_key}, false);
}

void KeyDatabase::Changes::put_move(std::uint64_t file_id, const MovedRows::Move& move) {
  add(MovedRows::key(file_id), {MovedRows::value(move)}, false);
  moves_.emplace_back(file_id, move);
}

void KeyDatabase::Changes::put_state(State state) {
  add(index_format::kStateKey, {to_text(state)}, false);
  state_ = std::move(state);
}

void KeyDatabase::Changes::drop_state() {
  add(index_format::kStateKey, {}, true);
  drops_state_ = true;
}

std::size_t KeyDatabase::Changes::size_bytes() const {
  return bytes_.size() + rows_.size() * sizeof(Row);
}

std::string_view KeyDatabase::Changes::key_of(const Entry& entry) const {
  return std::string_view(bytes_).substr(entry.begin, entry.key_size);
}

std::string_view KeyDatabase::Changes::value_of(const Entry& entry) const {
  return std::string_view(bytes_).substr(entry.begin + entry.key_size, entry.value_size);
}

void KeyDatabase::Changes::sort() {
  std::ranges::sort(entries_, [&](const Entry& a, const Entry& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.begin > b.begin;  // the last change of a key first
  });
  const auto repeated = std::ranges::unique(entries_, [&](const Entry& a, const Entry& b) {
    return a.prefix == b.prefix && key_of(a) == key_of(b);
  });
  entries_.erase(repeated.begin(), repeated.end());
}

Status KeyDatabase::apply(Changes& changes) {
  if (changes.rows_.size() >= options_.bulk_rows) {
    std::ranges::stable_sort(changes.rows_, {}, &Changes::Row::key);
    return write_run(changes, [&](RunWriter& writer) -> Status {
      for (auto row = changes.rows_.begin(); row != changes.rows_.end(); ++row) {
        const bool is_last = row + 1 == changes.rows_.end() || (row + 1)->key != row->key;
        if (is_last) TARN_RETURN_IF_ERROR(writer.add(changes.run_row(*row)));
      }
      return ok_status();
    });
  }
  // What is sorted in through the log.
  recent_rows_ += changes.rows_.size();
  const bool is_bulk = changes.entries_.size() >= kBulkEntries;
  rocksdb::WriteBatch batch(changes.size_bytes() + 16 * changes.entries_.size());
  rocksdb::Status status;
  for (std::size_t i = 0; status.ok() && i < changes.rows_.size(); ++i) {
    const RunRow row = changes.run_row(changes.rows_[i]);
    status = batch.Put(slice(index_format::RowKeyBytes(row.key)), value_of_row(row));
  }
  if (status.ok() && !is_bulk) status = changes.add_to(batch);
  // Not synced: a power cut takes the end of the log, hence an older state, from which sync_to() catches up.
  if (status.ok() && batch.Count() > 0) status = db_->Write(rocksdb::WriteOptions(), &batch);
  if (status.ok() && is_bulk) {
    changes.sort();
    status = write_sorted([&](rocksdb::SstFileWriter& writer) { return changes.add_to(writer); });
  }
  TARN_RETURN_IF_ERROR(note_applied(changes, status));
  if (recent_rows_ < 4 * options_.bulk_rows) return take_merged();
  Changes none;
  return write_run(none, {});
}

Status KeyDatabase::apply(Changes& changes, const Rows& rows) {
  if (rows.keys.size() + rows.removed.size() < options_.bulk_rows) {
    for (std::size_t i = 0; i < rows.keys.size(); ++i)
      changes.put_row(rows.keys[i], rows.file_id(i), rows.places[i].position, rows.ranks[i]);
    for (const RowKey& key : rows.removed) changes.remove_row(key);
    return apply(changes);
  }
  return write_run(changes, [&](RunWriter& writer) { return add_sorted(writer, rows); });
}

Status KeyDatabase::write_run(Changes& changes, const std::function<Status(RunWriter&)>& produce) {
  RowRuns::Runs runs = runs_.runs();
  rocksdb::WriteBatch batch;
  rocksdb::Status status = changes.add_to(batch);
  if (recent_rows_ > 0) {
    Status added;
    const auto add = [&](RunWriter& writer) -> Status {
      TARN_RETURN_IF_ERROR(visit_recent({}, [&](const RunRow& row) {
        added = writer.add(row);
        return added.ok();
      }));
      return std::move(added);
    };
    auto recent = runs_.write(add);
    if (!recent.ok()) {
      const bool is_damaged = &recent.error().code() == &kIndexFailed;
      return is_damaged ? give_up(std::move(recent).error()) : std::move(recent).error();
    }
    runs.push_back(*std::move(recent));
    if (status.ok())
      status = batch.DeleteRange(slice(index_format::kFirstRowKey), slice(index_format::kBehindRows));
  }
  if (produce) {
    auto run = runs_.write(produce);
    if (!run.ok()) {
      if (recent_rows_ > 0) runs_.remove(*runs.back());  // nothing names it yet
      return std::move(run).error();
    }
    runs.push_back(*std::move(run));
  }
  // The files are durable before the log names them; what the log loses in a power cut are their names.
  if (status.ok()) status = batch.Put(slice(index_format::kRunsKey), RowRuns::list(runs));
  if (status.ok()) status = db_->Write(rocksdb::WriteOptions(), &batch);
  TARN_RETURN_IF_ERROR(note_applied(changes, status));
  recent_rows_ = 0;
  TARN_RETURN_IF_ERROR(runs_.take(std::move(runs)));
  return take_merged();
}

Status KeyDatabase::take_merged() {
  auto merged = runs_.merged();
  if (!merged.ok()) return give_up(std::move(merged).error());
  if (*merged) {
    rocksdb::Status status =
        db_->Put(rocksdb::WriteOptions(), slice(index_format::kRunsKey), RowRuns::list((*merged)->runs));
    // The former files go only when no power cut can bring back the list that names them.
    if (status.ok()) status = db_->FlushWAL(/*sync=*/true);
    if (!status.ok()) return index_format::index_error(status, "cannot write the key index in " + folder_);
    if ((*merged)->follows_moves) settles_runs_ = false;
    TARN_RETURN_IF_ERROR(runs_.take(std::move((*merged)->runs)));
  }
  runs_.merge_if_due();
  return ok_status();
}

Status KeyDatabase::note_applied(Changes& changes, const rocksdb::Status& status) {
  if (!status.ok()) return index_format::index_error(status, "cannot write the key index in " + folder_);
  for (const auto& [file_id, move] : changes.moves_) moved_.add(file_id, move);
  if (changes.drops_state_) state_.reset();
  if (changes.state_) state_ = std::move(changes.state_);
  return ok_status();
}

template <typename Sink>
rocksdb::Status KeyDatabase::Changes::add_to(Sink& sink) const {
  rocksdb::Status status;
  for (std::size_t i = 0; status.ok() && i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const rocksdb::Slice key = slice(key_of(entry));
    status = entry.removes ? sink.Delete(key) : sink.Put(key, slice(value_of(entry)));
  }
  return status;
}

template <typename Produce>
rocksdb::Status KeyDatabase::write_sorted(const Produce& produce) {
  const std::string path = folder_ + std::string(kBulkFile);
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), db_->GetOptions());
  const auto write = [&]() -> rocksdb::Status {
    // What came before is durable before this is.
    rocksdb::Status status = db_->FlushWAL(/*sync=*/true);
    if (status.ok()) status = writer.Open(path);
    if (status.ok()) status = produce(writer);
    if (status.ok()) status = writer.Finish();
    if (!status.ok()) return status;
    rocksdb::IngestExternalFileOptions options;
    options.move_files = true;
    options.write_global_seqno = false;
    return db_->IngestExternalFile({path}, options);
  };
  rocksdb::Status status = write();
  static_cast<void>(std::remove(path.c_str()));  // of a failure; the next change would write over it
  return status;
}

}  // namespace tarn::table
