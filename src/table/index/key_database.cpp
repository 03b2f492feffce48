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
#include <cmath>
#include <cstdarg>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/parallel.h"
#include "table/errors.h"
#include "table/index/index_format.h"

namespace tarn::table {
namespace {

constexpr std::size_t kFindAtOnce = 1024;
// When one key of so many that there are is wanted, they are passed over one by one.
constexpr double kDenseKeys = 8;
// Fewer are not worth a thread.
constexpr std::size_t kFindByThread = 8192;
// Of that many in a row that are not wanted, the next one is looked for.
constexpr int kStepsAtOnce = 32;
constexpr std::size_t kReadAheadBytes = 256U << 10;
constexpr double kBloomBitsPerKey = 10;

Error damaged_row() {
  return {kIndexFailed, "a row of the key index is damaged"};
}

Result<IndexedRow> parse_row(std::string_view value) {
  IndexedRow row;
  if (!index_format::PlaceBytes::take(value, row.file_id, row.position)) return damaged_row();
  row.rank = value;
  return row;
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

/// How many of `held` keys, which are spread evenly, lie between these two.
double keys_between(const RowKey& first, const RowKey& last, std::uint64_t held) {
  return std::ldexp(static_cast<double>(last.low - first.low), -64) * static_cast<double>(held);
}

}  // namespace

KeyDatabase::KeyDatabase(std::string folder, const KeyIndexOptions& options)
    : folder_(std::move(folder)), options_(options), moved_(folder_ + "/moves") {}

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
  TARN_RETURN_IF_ERROR(moved_.load(*db_));
  return read_state();
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
  TARN_RETURN_IF_ERROR(moved_.clear());
  const rocksdb::Status closed = db_->Close();
  db_.reset();
  if (!closed.ok()) return index_format::index_error(closed, "cannot close the key index in " + folder_);
  const rocksdb::Status destroyed = rocksdb::DestroyDB(folder_, database_options(options_));
  if (!destroyed.ok())
    return index_format::index_error(destroyed, "cannot empty the key index in " + folder_);
  return open_database();
}

Result<std::vector<std::optional<IndexedRow>>> KeyDatabase::find(std::span<const RowKey> keys) {
  std::vector<std::optional<IndexedRow>> found(keys.size());
  if (keys.empty()) return found;
  std::uint64_t held = 0;
  const bool is_known = db_->GetIntProperty(rocksdb::DB::Properties::kEstimateNumKeys, &held);
  const std::vector<std::uint32_t> order = index_format::order_of_keys(keys);
  const auto count = static_cast<double>(keys.size());
  const bool is_dense = is_known && keys.size() > kFindAtOnce &&
                        count >= keys_between(keys[order.front()], keys[order.back()], held) / kDenseKeys;
  const std::size_t threads = std::clamp<std::size_t>(keys.size() / kFindByThread, 1, options_.threads);
  TARN_RETURN_IF_ERROR(run_parallel(threads, [&](std::size_t thread) {
    const std::size_t begin = keys.size() * thread / threads;
    const auto part = std::span(order).subspan(begin, keys.size() * (thread + 1) / threads - begin);
    return is_dense ? pass_over(keys, part, found) : look_up(keys, part, found);
  }));
  if (moved_.empty()) return found;
  for (auto& row : found)
    if (row) TARN_RETURN_IF_ERROR(follow(row->file_id, row->position));
  return found;
}

Status KeyDatabase::follow(std::uint64_t& file_id, std::int64_t& position) {
  Status followed = moved_.follow(file_id, position);
  if (!followed.ok()) state_.reset();
  return followed;
}

Status KeyDatabase::look_up(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                            std::vector<std::optional<IndexedRow>>& found) const {
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
        TARN_ASSIGN_OR_RETURN(found[order[at + i]], parse_row({values[i].data(), values[i].size()}));
      } else if (!statuses[i].IsNotFound()) {
        return index_format::index_error(statuses[i], "cannot read the key index in " + folder_);
      }
      values[i].Reset();
    }
  }
  return ok_status();
}

Status KeyDatabase::pass_over(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                              std::vector<std::optional<IndexedRow>>& found) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(options));
  for (const std::uint32_t wanted : order) {
    const index_format::RowKeyBytes bytes(keys[wanted]);
    const rocksdb::Slice key(bytes.data(), bytes.size());
    int steps = 0;
    while (at->Valid() && at->key().compare(key) < 0 && steps++ < kStepsAtOnce) at->Next();
    if (!at->Valid() || at->key().compare(key) < 0) at->Seek(key);
    if (!at->Valid()) break;  // Behind the last key, or an error.
    if (at->key() == key) {
      TARN_ASSIGN_OR_RETURN(found[wanted], parse_row(at->value().ToStringView()));
    }
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
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  std::int64_t count = 0;
  for (at->Seek("k"); at->Valid() && at->key().starts_with("k"); at->Next()) ++count;
  if (!at->status().ok())
    return index_format::index_error(at->status(), "cannot read the key index in " + folder_);
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
    if (!index_format::PlaceBytes::take(entry, place.file_id, place.position)) return damaged_row();
    TARN_RETURN_IF_ERROR(database_.follow(place.file_id, place.position));
    TARN_RETURN_IF_ERROR(visit(version, place, entry));
  }
  if (iterator_->status().ok()) return ok_status();
  return index_format::index_error(iterator_->status(), "cannot read the history index");
}

}  // namespace tarn::table
