#include "table/index/key_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <charconv>
#include <cstdarg>
#include <cstring>
#include <filesystem>
#include <numeric>
#include <utility>

#include "table/errors.h"

namespace tarn::table {
namespace {

// Changes with what is stored and how: an index of another format is built anew.
constexpr std::string_view kFormat = "tarn-key-index-1";
constexpr std::string_view kStateKey = "m";
constexpr std::size_t kRowHeaderBytes = 16;
constexpr std::size_t kFindAtOnce = 1024;
constexpr double kBloomBitsPerKey = 10;

Error index_error(const rocksdb::Status& status, const std::string& what) {
  return Error(kIndexFailed, what + ": " + status.ToString());
}

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

/// In the order of RowKey.
std::string row_key(const RowKey& key) {
  std::string bytes = "k";
  append_big_endian(bytes, key.low);
  append_big_endian(bytes, key.high);
  return bytes;
}

std::string file_key(std::uint64_t file_id) {
  std::string bytes = "f";
  append_big_endian(bytes, file_id);
  return bytes;
}

Result<IndexedRow> parse_row(std::string_view value) {
  if (value.size() < kRowHeaderBytes) return Error(kIndexFailed, "a row of the key index is damaged");
  IndexedRow row;
  std::memcpy(&row.file_id, value.data(), sizeof(row.file_id));
  std::memcpy(&row.position, value.data() + sizeof(row.file_id), sizeof(row.position));
  row.rank = value.substr(kRowHeaderBytes);
  return row;
}

std::string to_text(const KeyDatabase::State& state) {
  return std::string(kFormat) + "\n" + state.table_uuid + "\n" + state.columns + "\n" +
         std::to_string(state.snapshot_id) + "\n" + std::to_string(state.next_file_id);
}

/// Nothing when it is of another format.
std::optional<KeyDatabase::State> state_from_text(std::string_view text) {
  std::vector<std::string_view> lines;
  while (lines.size() < 4 && text.find('\n') != std::string_view::npos) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(text.find('\n') + 1);
  }
  if (lines.size() < 4 || lines[0] != kFormat) return std::nullopt;
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
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.format_version = 5;
  rocksdb::Options result;
  result.create_if_missing = true;
  result.write_buffer_size = options.write_buffer_bytes;
  result.memtable_whole_key_filtering = true;
  result.memtable_prefix_bloom_size_ratio = 0.1;
  result.max_open_files = 128;
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
    : folder_(std::move(folder)), options_(options) {}

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
  if (!status.ok()) return index_error(status, "cannot open the key index in " + folder_);
  db_.reset(opened);
  return read_state();
}

Status KeyDatabase::read_state() {
  state_.reset();
  std::string text;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), std::string(kStateKey), &text);
  if (status.IsNotFound()) return ok_status();
  if (!status.ok()) return index_error(status, "cannot read the key index in " + folder_);
  state_ = state_from_text(text);
  return ok_status();
}

Status KeyDatabase::clear() {
  state_.reset();
  const rocksdb::Status closed = db_->Close();
  db_.reset();
  if (!closed.ok()) return index_error(closed, "cannot close the key index in " + folder_);
  const rocksdb::Status destroyed = rocksdb::DestroyDB(folder_, database_options(options_));
  if (!destroyed.ok()) return index_error(destroyed, "cannot empty the key index in " + folder_);
  return open_database();
}

Result<std::vector<std::optional<IndexedRow>>> KeyDatabase::find(std::span<const RowKey> keys) const {
  std::vector<std::uint32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t i) { return keys[i]; });
  std::vector<std::optional<IndexedRow>> found(keys.size());
  std::vector<std::string> bytes;
  std::vector<rocksdb::Slice> slices;
  std::vector<rocksdb::PinnableSlice> values(kFindAtOnce);
  std::vector<rocksdb::Status> statuses(kFindAtOnce);
  for (std::size_t at = 0; at < order.size(); at += kFindAtOnce) {
    const std::size_t count = std::min(kFindAtOnce, order.size() - at);
    bytes.clear();
    slices.clear();
    for (std::size_t i = 0; i < count; ++i) bytes.push_back(row_key(keys[order[at + i]]));
    slices.assign(bytes.begin(), bytes.end());
    db_->MultiGet(rocksdb::ReadOptions(), db_->DefaultColumnFamily(), count, slices.data(), values.data(),
                  statuses.data(), /*sorted_input=*/true);
    for (std::size_t i = 0; i < count; ++i) {
      if (statuses[i].ok()) {
        TARN_ASSIGN_OR_RETURN(found[order[at + i]], parse_row({values[i].data(), values[i].size()}));
      } else if (!statuses[i].IsNotFound()) {
        return index_error(statuses[i], "cannot read the key index in " + folder_);
      }
      values[i].Reset();
    }
  }
  return found;
}

Result<KeyDatabase::File> KeyDatabase::file(std::uint64_t file_id) const {
  std::string value;
  const rocksdb::Status status = db_->Get(rocksdb::ReadOptions(), file_key(file_id), &value);
  if (!status.ok()) return index_error(status, "the key index in " + folder_ + " lacks a data file");
  const std::size_t end = value.find('\0');
  if (end == std::string::npos)
    return Error(kIndexFailed, "a file of the key index in " + folder_ + " is damaged");
  return File{value.substr(0, end), value.substr(end + 1)};
}

Result<std::int64_t> KeyDatabase::count_keys() const {
  const std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(rocksdb::ReadOptions()));
  std::int64_t count = 0;
  for (at->Seek("k"); at->Valid() && at->key().starts_with("k"); at->Next()) ++count;
  if (!at->status().ok()) return index_error(at->status(), "cannot read the key index in " + folder_);
  return count;
}

KeyDatabase::Changes::Changes() : batch_(std::make_unique<rocksdb::WriteBatch>()) {}
KeyDatabase::Changes::~Changes() = default;

void KeyDatabase::Changes::remove_row(const RowKey& key) {
  batch_->Delete(row_key(key)).PermitUncheckedError();  // fails as little as Put() below
}

void KeyDatabase::Changes::put_row(const RowKey& key, std::uint64_t file_id, std::int64_t position,
                                   std::string_view rank) {
  std::string value(kRowHeaderBytes, '\0');
  std::memcpy(value.data(), &file_id, sizeof(file_id));
  std::memcpy(value.data() + sizeof(file_id), &position, sizeof(position));
  value += rank;
  batch_->Put(row_key(key), value).PermitUncheckedError();  // fails for column families and protection only
}

void KeyDatabase::Changes::put_file(std::uint64_t file_id, const File& file) {
  std::string value = file.path;
  value += '\0';
  value += file.partition_key;
  batch_->Put(file_key(file_id), value).PermitUncheckedError();
}

void KeyDatabase::Changes::put_state(State state) {
  batch_->Put(std::string(kStateKey), to_text(state)).PermitUncheckedError();
  state_ = std::move(state);
}

void KeyDatabase::Changes::drop_state() {
  batch_->Delete(std::string(kStateKey)).PermitUncheckedError();
  drops_state_ = true;
}

std::size_t KeyDatabase::Changes::size_bytes() const {
  return batch_->GetDataSize();
}

Status KeyDatabase::apply(Changes& changes) {
  // Not synced: a power cut takes the end of the log, hence an older state, from which sync_to() catches up.
  const rocksdb::Status status = db_->Write(rocksdb::WriteOptions(), changes.batch_.get());
  if (!status.ok()) return index_error(status, "cannot write the key index in " + folder_);
  if (changes.drops_state_) state_.reset();
  if (changes.state_) state_ = std::move(changes.state_);
  return ok_status();
}

}  // namespace tarn::table
