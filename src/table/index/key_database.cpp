#include "table/index/key_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

#include "base/parallel.h"
#include "table/errors.h"
#include "table/index/index_format.h"

namespace tarn::table {
namespace {

constexpr std::size_t kFindAtOnce = 1024;
// Fewer are not worth a thread.
constexpr std::size_t kFindByThread = 8192;
constexpr double kBloomBitsPerKey = 10;

Error damaged_row() {
  return {kIndexFailed, "a row of the key index is damaged"};
}

/// A recent row; nothing when the key is none of a row. Views of its arguments.
Result<std::optional<RunRow>> parse_row(std::string_view key, std::string_view value) {
  const auto row_key = index_format::row_key_of(key);
  if (!row_key) return std::optional<RunRow>();
  RunRow row{.key = *row_key, .is_gone = value.empty()};
  if (!row.is_gone && !index_format::PlaceBytes::take(value, row.file_id, row.position)) return damaged_row();
  row.rank = value;
  return std::optional(row);
}

/// Nothing when it is of another format.
std::optional<KeyDatabase::State> state_from_text(std::string_view text) {
  std::vector<std::string_view> lines;
  while (lines.size() < 4 && text.find('\n') != std::string_view::npos) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(text.find('\n') + 1);
  }
  if (lines.size() < 4 || lines[0] != index_format::kName) return std::nullopt;
  KeyDatabase::State state{.table_uuid = std::string(lines[1]), .columns = std::string(lines[2])};
  const auto snapshot =
      std::from_chars(lines[3].data(), lines[3].data() + lines[3].size(), state.snapshot_id);
  const auto next = std::from_chars(text.data(), text.data() + text.size(), state.next_file_id);
  if (snapshot.ec != std::errc() || next.ec != std::errc()) return std::nullopt;
  return state;
}

/// Errors come back as statuses. RocksDB's own log in the database's folder ends the process when the disk is
/// full: it asserts that nothing is appended to a file after a failure.
class NoLog final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*values*/) override {}
};

rocksdb::Options database_options(const KeyIndexOptions& options) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  // Filters and indices in small parts: one of a whole file may be bigger than the cache.
  table.partition_filters = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_top_level_index_and_filter = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;
  rocksdb::Options result;
  result.create_if_missing = true;
  result.write_buffer_size = options.write_buffer_bytes;
  result.memtable_whole_key_filtering = true;
  result.memtable_prefix_bloom_size_ratio = 0.1;
  result.max_open_files = 128;
  // Keys are hashes: whatever comes overlaps all there is, and levels would be written anew again and again.
  result.compaction_style = rocksdb::kCompactionStyleUniversal;
  result.allow_fallocate = false;  // most are small, and there may be hundreds
  result.info_log = std::make_shared<NoLog>();
  result.max_bgerror_resume_count = 0;  // an index that fails is dropped, not revived
  result.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  const std::vector<rocksdb::CompressionType> supported = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::ranges::find(supported, rocksdb::kLZ4Compression) != supported.end();
  result.compression = lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  return result;
}

}  // namespace

KeyDatabase::KeyDatabase(std::string folder, const KeyIndexOptions& options)
    : folder_(std::move(folder)),
      options_(options),
      moved_(folder_ + "/moves"),
      runs_(folder_ + "/runs", options.threads) {}

KeyDatabase::~KeyDatabase() {
  // What stays in the log is read again at the next start; a failure to close costs no more than that.
  if (db_) db_->Close().PermitUncheckedError();
}

Result<std::unique_ptr<KeyDatabase>> KeyDatabase::open(const std::string& folder,
                                                       const KeyIndexOptions& options) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error(kIndexFailed, "cannot make the folder " + folder + ": " + error.message());
  std::unique_ptr<KeyDatabase> database(new KeyDatabase(folder, options));
  TARN_RETURN_IF_ERROR(database->open_database());
  return database;
}

Status KeyDatabase::open_database() {
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(database_options(options_), folder_, &opened);
  if (!status.ok() && rocksdb::DestroyDB(folder_, database_options(options_)).ok()) {
    // It is a cache: one that cannot be opened, whatever a crash left of it, is emptied. A folder that
    // another process holds cannot be destroyed either, and the first error stands.
    status = rocksdb::DB::Open(database_options(options_), folder_, &opened);
  }
  if (!status.ok()) return index_format::index_error(status, "cannot open the key index in " + folder_);
  db_.reset(opened);
  recent_rows_ = 0;
  std::string runs;
  status = db_->Get(rocksdb::ReadOptions(), std::string(index_format::kRunsKey), &runs);
  if (!status.ok() && !status.IsNotFound())
    return index_format::index_error(status, "cannot read the key index in " + folder_);
  TARN_RETURN_IF_ERROR(read_state());
  // It is a cache: one of another format or with damaged parts is emptied, one that lacks descriptors is not.
  Status loaded = state_ ? moved_.load(*db_) : ok_status();
  if (loaded.ok()) loaded = runs_.load(state_ ? runs : "");
  if (loaded.ok()) return state_ ? count_recent() : ok_status();
  return &loaded.error().code() == &kIndexFailed ? clear() : loaded;
}

Error KeyDatabase::give_up(Error error) {
  state_.reset();
  // So that the next process does not trust it either; where that fails, it finds the same and tries again.
  if (db_) db_->Delete(rocksdb::WriteOptions(), std::string(index_format::kStateKey)).PermitUncheckedError();
  return error;
}

Status KeyDatabase::count_recent() {
  recent_rows_ = 0;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  const std::string prefix(index_format::kFirstRowKey);
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) ++recent_rows_;
  if (at->status().ok()) return ok_status();
  return index_format::index_error(at->status(), "cannot read the key index in " + folder_);
}

Status KeyDatabase::read_state() {
  state_.reset();
  std::string text;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), std::string(index_format::kStateKey), &text);
  if (status.IsNotFound()) return ok_status();
  if (!status.ok()) return index_format::index_error(status, "cannot read the key index in " + folder_);
  state_ = state_from_text(text);
  return ok_status();
}

Status KeyDatabase::clear() {
  state_.reset();
  cursor_.reset();
  settling_.clear();
  settles_runs_ = false;
  runs_.stop_merging();
  if (db_) db_->Close().PermitUncheckedError();  // what it could not write is not wanted
  db_.reset();
  const rocksdb::Status destroyed = rocksdb::DestroyDB(folder_, database_options(options_));
  if (!destroyed.ok())
    return index_format::index_error(destroyed, "cannot empty the key index in " + folder_);
  // Only now: nothing must name a file that is gone.
  TARN_RETURN_IF_ERROR(runs_.clear());
  TARN_RETURN_IF_ERROR(moved_.clear());
  return open_database();
}

Result<std::vector<std::optional<IndexedRow>>> KeyDatabase::find(std::span<const RowKey> keys) {
  SoughtRows sought(keys.size());
  const std::vector<std::uint32_t> order = index_format::order_of_keys(keys);
  const std::size_t threads =
      std::clamp<std::size_t>(keys.size() / kFindByThread, 1, std::max<std::size_t>(1, options_.threads));
  Status status = run_parallel(threads, [&](std::size_t thread) {
    const std::size_t begin = keys.size() * thread / threads;
    const auto part = std::span(order).subspan(begin, keys.size() * (thread + 1) / threads - begin);
    Status found = find_recent(keys, part, sought);
    return found.ok() ? runs_.find(keys, part, sought) : found;
  });
  if (!status.ok()) return give_up(std::move(status).error());
  if (moved_.empty()) return std::move(sought.rows);
  for (auto& row : sought.rows)
    if (row) TARN_RETURN_IF_ERROR(follow(row->file_id, row->position));
  return std::move(sought.rows);
}

Status KeyDatabase::follow(std::uint64_t& file_id, std::int64_t& position) {
  Status followed = moved_.follow(file_id, position);
  return followed.ok() ? ok_status() : give_up(std::move(followed).error());
}

Status KeyDatabase::find_recent(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                                SoughtRows& sought) const {
  if (recent_rows_ == 0 || order.empty()) return ok_status();
  return order.size() > recent_rows_ ? pass_over_recent(keys, order, sought)
                                     : look_up_recent(keys, order, sought);
}

Status KeyDatabase::look_up_recent(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                                   SoughtRows& sought) const {
  std::vector<index_format::RowKeyBytes> bytes;
  std::vector<rocksdb::Slice> slices;
  std::vector<rocksdb::PinnableSlice> values(kFindAtOnce);
  std::vector<rocksdb::Status> statuses(kFindAtOnce);
  for (std::size_t at = 0; at < order.size(); at += kFindAtOnce) {
    const std::size_t count = std::min(kFindAtOnce, order.size() - at);
    bytes.clear();
    slices.clear();
    for (std::size_t i = 0; i < count; ++i) bytes.emplace_back(keys[order[at + i]]);
    for (const index_format::RowKeyBytes& key : bytes) slices.emplace_back(key.data(), key.size());
    db_->MultiGet(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), count, slices.data(), values.data(),
                  statuses.data(), /*sorted_input=*/true);
    for (std::size_t i = 0; i < count; ++i) {
      if (statuses[i].ok()) {
        TARN_ASSIGN_OR_RETURN(const auto row, parse_row(bytes[i], {values[i].data(), values[i].size()}));
        sought.set(order[at + i], *row);
      } else if (!statuses[i].IsNotFound()) {
        return index_format::index_error(statuses[i], "cannot read the key index in " + folder_);
      }
      values[i].Reset();
    }
  }
  return ok_status();
}

Status KeyDatabase::pass_over_recent(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                                     SoughtRows& sought) const {
  auto wanted = order.begin();
  return visit_recent(keys[order.front()], [&](const RunRow& row) {
    while (wanted != order.end() && keys[*wanted] < row.key) ++wanted;
    for (auto same = wanted; same != order.end() && keys[*same] == row.key; ++same) sought.set(*same, row);
    return wanted != order.end();
  });
}

Status KeyDatabase::visit_recent(const RowKey& from, const std::function<bool(const RunRow&)>& visit) const {
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  const index_format::RowKeyBytes begin(from);
  for (at->Seek({begin.data(), begin.size()}); at->Valid(); at->Next()) {
    TARN_ASSIGN_OR_RETURN(const auto row, parse_row(at->key().ToStringView(), at->value().ToStringView()));
    if (!row || !visit(*row)) break;
  }
  if (at->status().ok()) return ok_status();
  return index_format::index_error(at->status(), "cannot read the key index in " + folder_);
}

Result<KeyDatabase::File> KeyDatabase::file(std::uint64_t file_id) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), index_format::file_key(file_id), &value);
  if (!status.ok())
    return index_format::index_error(status, "the key index in " + folder_ + " lacks a data file");
  const std::size_t end = value.find('\0');
  if (end == std::string::npos)
    return Error(kIndexFailed, "a file of the key index in " + folder_ + " is damaged");
  return File{value.substr(0, end), value.substr(end + 1)};
}

Result<std::int64_t> KeyDatabase::count_keys() const {
  std::set<RowKey> recent;
  std::int64_t count = 0;
  TARN_RETURN_IF_ERROR(visit_recent({}, [&](const RunRow& row) {
    recent.insert(row.key);
    count += row.is_gone ? 0 : 1;
    return true;
  }));
  TARN_RETURN_IF_ERROR(visit_runs(runs_.runs(), [&](const RunRow& row) {
    count += row.is_gone || recent.contains(row.key) ? 0 : 1;
    return ok_status();
  }));
  return count;
}

Result<std::multimap<std::string, std::uint64_t>> KeyDatabase::file_ids() const {
  std::multimap<std::string, std::uint64_t> ids;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  const std::string prefix = index_format::file_key(0).substr(0, 1);
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    std::uint64_t id = 0;
    if (at->key().size() != prefix.size() + sizeof(id))
      return Error(kIndexFailed, "a file of the key index in " + folder_ + " is damaged");
    std::memcpy(&id, at->key().data() + prefix.size(), sizeof(id));
    const std::string_view value = at->value().ToStringView();
    ids.emplace(value.substr(0, value.find('\0')), __builtin_bswap64(id));
  }
  if (at->status().ok()) return ids;
  return index_format::index_error(at->status(), "cannot read the key index in " + folder_);
}

std::unique_ptr<VersionReader> KeyDatabase::read_versions() {
  return std::make_unique<VersionReader>(
      *this, std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(rocksdb::ReadOptions())));
}

VersionReader::VersionReader(KeyDatabase& database, std::unique_ptr<rocksdb::Iterator> iterator)
    : database_(database), iterator_(std::move(iterator)) {}
VersionReader::~VersionReader() = default;

Status VersionReader::read(const RowKey& key, const Visit& visit) {
  const index_format::RowKeyBytes prefix(key, 'v');
  const rocksdb::Slice begin(prefix.data(), prefix.size());
  for (iterator_->Seek(begin); iterator_->Valid() && iterator_->key().starts_with(begin); iterator_->Next()) {
    const std::string_view version = iterator_->key().ToStringView().substr(prefix.size());
    std::string_view entry = iterator_->value().ToStringView();
    VersionPlace place;
    if (!index_format::PlaceBytes::take(entry, place.file_id, place.position))
      return database_.give_up(damaged_row());
    TARN_RETURN_IF_ERROR(database_.follow(place.file_id, place.position));
    TARN_RETURN_IF_ERROR(visit(version, place, entry));
  }
  if (iterator_->status().ok()) return ok_status();
  return index_format::index_error(iterator_->status(), "cannot read the history index");
}

}  // namespace tarn::table
