#include "table/index/moved_rows.h"

#include <rocksdb/db.h>

#include <cstring>
#include <memory>

#include "table/index/index_format.h"
#include "table/maintenance/compaction.h"

namespace tarn::table {
namespace {

constexpr char kMovePrefix = 't';
constexpr char kBlockPrefix = 'p';
// Blocks that are held at once: 16 MiB.
constexpr std::size_t kMostBlocks = 1024;

std::string id_key(char prefix, std::uint64_t id) {
  const std::uint64_t big_endian = __builtin_bswap64(id);
  return std::string(1, prefix).append(reinterpret_cast<const char*>(&big_endian), sizeof(big_endian));
}

}  // namespace

std::string MovedRows::move_key(std::uint64_t file_id) {
  return id_key(kMovePrefix, file_id);
}

std::string MovedRows::move_value(const Move& move) {
  std::string value(sizeof(Move), '\0');
  std::memcpy(value.data(), &move, sizeof(Move));
  return value;
}

std::string MovedRows::block_key(std::uint64_t file_id, std::uint32_t block) {
  const std::uint32_t big_endian = __builtin_bswap32(block);
  return id_key(kBlockPrefix, file_id).append(reinterpret_cast<const char*>(&big_endian), sizeof(big_endian));
}

Status MovedRows::load(rocksdb::DB& database) {
  clear();
  const std::unique_ptr<rocksdb::Iterator> at(database.NewIterator(rocksdb::ReadOptions()));
  const std::string prefix(1, kMovePrefix);
  for (at->Seek(prefix); at->Valid() && at->key().starts_with(prefix); at->Next()) {
    if (at->key().size() != prefix.size() + sizeof(std::uint64_t) || at->value().size() != sizeof(Move))
      return Error(kIndexFailed, "a moved file of the key index is damaged");
    std::uint64_t file_id = 0;
    std::memcpy(&file_id, at->key().data() + prefix.size(), sizeof(file_id));
    Move move;
    std::memcpy(&move, at->value().data(), sizeof(move));
    add(__builtin_bswap64(file_id), move);
  }
  if (at->status().ok()) return ok_status();
  return index_format::index_error(at->status(), "cannot read the key index");
}

void MovedRows::clear() {
  moves_.clear();
  rows_ = 0;
}

void MovedRows::add(std::uint64_t file_id, const Move& move) {
  forget(file_id);
  moves_[file_id] = move;
  rows_ += move.rows;
}

void MovedRows::forget(std::uint64_t file_id) {
  const auto found = moves_.find(file_id);
  if (found == moves_.end()) return;
  rows_ -= found->second.rows;
  moves_.erase(found);
}

std::vector<std::uint64_t> MovedRows::file_ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, move] : moves_) ids.push_back(id);
  return ids;
}

Status MovedRows::follow(rocksdb::DB& database, std::uint64_t& file_id, std::int64_t& position,
                         Blocks& blocks) const {
  for (auto move = moves_.find(file_id); move != moves_.end(); move = moves_.find(file_id)) {
    const auto at = static_cast<std::size_t>(position);
    std::string key = block_key(file_id, static_cast<std::uint32_t>(at / kBlockRows));
    auto block = blocks.blocks_.find(key);
    if (block == blocks.blocks_.end()) {
      if (blocks.blocks_.size() == kMostBlocks) blocks.blocks_.clear();
      std::string value;
      const rocksdb::Status read = database.Get(rocksdb::ReadOptions(), key, &value);
      if (!read.ok()) return index_format::index_error(read, "the key index lacks where rows were moved to");
      block = blocks.blocks_.emplace(std::move(key), std::move(value)).first;
    }
    std::uint32_t place = RewrittenGroup::kGone;
    const std::size_t begin = at % kBlockRows * sizeof(place);
    if (position >= 0 && begin + sizeof(place) <= block->second.size())
      std::memcpy(&place, block->second.data() + begin, sizeof(place));
    if (place == RewrittenGroup::kGone) return Error(kIndexFailed, "the key index names a row that is gone");
    file_id = move->second.new_file_id;
    position = place;
  }
  return ok_status();
}

}  // namespace tarn::table
