#include "table/index/moved_rows.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "table/index/index_format.h"

namespace tarn::table {
namespace {

namespace fs = std::filesystem;

constexpr char kMovePrefix = 't';
constexpr std::string_view kSuffix = ".places";

Error failed(const std::string& what, const std::error_code& error) {
  return Error(kIndexFailed, what + ": " + error.message());
}

}  // namespace

MovedRows::MovedRows(std::string folder) : folder_(std::move(folder)) {}
MovedRows::~MovedRows() = default;

std::unique_ptr<MovedRows> MovedRows::copy() const {
  auto copy = std::make_unique<MovedRows>(folder_);
  copy->moves_ = moves_;
  copy->rows_ = rows_;
  return copy;
}

std::string MovedRows::key(std::uint64_t file_id) {
  const std::uint64_t big_endian = __builtin_bswap64(file_id);
  return std::string(1, kMovePrefix).append(reinterpret_cast<const char*>(&big_endian), sizeof(big_endian));
}

std::string MovedRows::value(const Move& move) {
  std::string value(sizeof(Move), '\0');
  std::memcpy(value.data(), &move, sizeof(Move));
  return value;
}

std::string MovedRows::path_of(std::uint64_t places_file) const {
  return folder_ + "/" + std::to_string(places_file) + std::string(kSuffix);
}

Status MovedRows::load(rocksdb::DB& database) {
  moves_.clear();
  open_.clear();
  pieces_.clear();
  rows_ = 0;
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
  if (!at->status().ok()) return index_format::index_error(at->status(), "cannot read the key index");
  return remove_unused();
}

Status MovedRows::clear() {
  moves_.clear();
  pieces_.clear();
  rows_ = 0;
  return remove_unused();
}

void MovedRows::add(std::uint64_t file_id, const Move& move) {
  pieces_.erase(file_id);
  const auto [at, is_new] = moves_.try_emplace(file_id);
  rows_ += move.rows - at->second.rows;
  at->second = move;
  // A file that is missing stays so: another one under its number would lead astray.
  next_places_file_ = std::max(next_places_file_, move.places_file + 1);
}

Status MovedRows::forget(std::span<const std::uint64_t> file_ids) {
  for (const std::uint64_t id : file_ids) {
    const auto found = moves_.find(id);
    if (found == moves_.end()) continue;
    rows_ -= found->second.rows;
    moves_.erase(found);
    pieces_.erase(id);
  }
  return remove_unused();
}

Status MovedRows::remove_unused() {
  std::set<std::uint64_t> used;
  for (const auto& [id, move] : moves_) used.insert(move.places_file);
  std::error_code error;
  if (!fs::exists(folder_, error)) return ok_status();
  for (fs::directory_iterator at(folder_, error); !error && at != fs::end(at); at.increment(error)) {
    const fs::path path = at->path();
    const std::string name = path.filename().string();
    std::uint64_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad != std::errc() || std::string_view(end) != kSuffix) continue;
    next_places_file_ = std::max(next_places_file_, number + 1);
    if (used.contains(number)) continue;
    open_.erase(number);
    std::error_code gone;
    if (!fs::remove(path, gone) && gone) return failed("cannot remove " + path.string(), gone);
  }
  return error ? Status(failed("cannot list " + folder_, error)) : ok_status();
}

Result<std::uint64_t> MovedRows::write_places(std::string_view places) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return failed("cannot make the folder " + folder_, error);
  const std::uint64_t number = next_places_file_++;
  std::unique_ptr<rocksdb::WritableFile> file;
  rocksdb::Status status =
      rocksdb::Env::Default()->NewWritableFile(path_of(number), &file, rocksdb::EnvOptions());
  if (status.ok()) status = file->Append({places.data(), places.size()});
  if (status.ok()) status = file->Sync();
  if (status.ok()) status = file->Close();
  if (status.ok()) return number;
  std::error_code ignored;  // the next load() removes what stays
  fs::remove(path_of(number), ignored);
  return index_format::index_error(status, "cannot write " + path_of(number));
}

std::vector<std::uint64_t> MovedRows::file_ids() const {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, move] : moves_) ids.push_back(id);
  return ids;
}

Status MovedRows::read(const Move& move, std::uint64_t place, std::span<char> out) {
  auto& file = open_[move.places_file];
  if (!file) {
    const rocksdb::Status opened =
        rocksdb::Env::Default()->NewRandomAccessFile(path_of(move.places_file), &file, rocksdb::EnvOptions());
    if (!opened.ok()) return index_format::index_error(opened, "the key index lacks where rows were moved");
  }
  rocksdb::Slice bytes;
  const rocksdb::Status read = file->Read(place * sizeof(std::uint32_t), out.size(), &bytes, out.data());
  if (!read.ok()) return index_format::index_error(read, "cannot read " + path_of(move.places_file));
  if (bytes.size() != out.size()) return Error(kIndexFailed, path_of(move.places_file) + " is damaged");
  if (bytes.data() != out.data()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return ok_status();
}

Result<std::uint32_t> MovedRows::place_of(std::uint64_t file_id, const Move& move, std::uint32_t position) {
  if (move.pieces == 0) {
    std::uint32_t place = 0;
    const std::span out(reinterpret_cast<char*>(&place), sizeof(place));
    TARN_RETURN_IF_ERROR(read(move, move.first_place + position, out));
    return place;
  }
  std::vector<MovedPlaces::Piece>& pieces = pieces_[file_id];
  if (pieces.empty()) {
    pieces.resize(move.pieces);
    const std::span out(reinterpret_cast<char*>(pieces.data()), pieces.size() * sizeof(MovedPlaces::Piece));
    Status status = read(move, move.first_place, out);
    if (status.ok() &&
        (pieces.front().begin != 0 || !std::ranges::is_sorted(pieces, {}, &MovedPlaces::Piece::begin)))
      status = Error(kIndexFailed, path_of(move.places_file) + " is damaged");
    if (!status.ok()) {
      pieces_.erase(file_id);
      return std::move(status).error();
    }
  }
  return MovedPlaces::place_in(pieces, position);
}

Status MovedRows::follow(std::uint64_t& file_id, std::int64_t& position) {
  for (auto at = moves_.find(file_id); at != moves_.end(); at = moves_.find(file_id)) {
    const Move& move = at->second;
    std::uint32_t place = MovedPlaces::kGone;
    if (position >= 0 && static_cast<std::uint64_t>(position) < move.rows) {
      TARN_ASSIGN_OR_RETURN(place, place_of(file_id, move, static_cast<std::uint32_t>(position)));
    }
    if (place == MovedPlaces::kGone) return Error(kIndexFailed, "the key index names a row that is gone");
    file_id = move.new_file_id;
    position = place;
  }
  return ok_status();
}

}  // namespace tarn::table
