#include "table/index/runs/run_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/posix_error.h"
#include "table/errors.h"
#include "table/index/index_format.h"
#include "table/index/runs/run_layout.h"

namespace tarn::table {

using namespace run_layout;

namespace {

// Read at once where most blocks are wanted, and where all are.
constexpr std::size_t kDenseBlocks = 16;
constexpr std::size_t kCursorBlocks = 64;

/// A block that was checked.
struct Block {
  std::uint32_t rows = 0;
  const char* keys = nullptr;
  const char* ends = nullptr;
  std::string_view base;
  std::string_view values;

  RowKey key(std::size_t i) const {
    const char* at = keys + i * sizeof(RowKey);
    return {number_at<std::uint64_t>(at), number_at<std::uint64_t>(at + sizeof(std::uint64_t))};
  }
  std::uint32_t end(std::size_t i) const {
    return number_at<std::uint32_t>(ends + i * sizeof(std::uint32_t));
  }
  /// The first row whose key is not less.
  std::size_t lower_bound(const RowKey& wanted) const {
    std::size_t begin = 0;
    for (std::size_t left = rows; left > 0;) {
      const std::size_t half = left / 2;
      if (key(begin + half) < wanted) {
        begin += half + 1;
        left -= half + 1;
      } else {
        left = half;
      }
    }
    return begin;
  }
};

}  // namespace

/// Blocks of a file in memory, some at a time.
class RunFile::Blocks {
 public:
  Blocks(const RunFile& file, std::size_t at_once) : file_(file), at_once_(at_once) {}

  Status load(std::size_t number) {
    if (number == number_) return ok_status();
    if (number < first_ || number >= last_) {
      first_ = number;
      last_ = std::min(number + at_once_, file_.blocks());
      const std::uint64_t begin = file_.fence_[first_].begin;
      buffer_.resize(file_.fence_[last_].begin - begin);
      TARN_RETURN_IF_ERROR(file_.read(begin, buffer_));
    }
    number_ = number;
    const std::uint64_t begin = file_.fence_[number].begin - file_.fence_[first_].begin;
    return parse(std::string_view(buffer_.data() + begin, file_.end_of(number) - file_.fence_[number].begin));
  }
  const Block& block() const { return block_; }

  /// The row's value; `rank` holds its rank. False: it is damaged.
  bool take(std::size_t i, RunRow& row, std::string& rank) const {
    const std::uint32_t begin = i == 0 ? 0 : block_.end(i - 1);
    const std::uint32_t end = block_.end(i);
    if (begin > end || end > block_.values.size()) return false;
    std::string_view value = block_.values.substr(begin, end - begin);
    row.key = block_.key(i);
    row.is_gone = value.empty();
    rank.clear();
    row.rank = {};
    if (row.is_gone) return true;
    std::uint64_t shared = 0;
    if (!index_format::PlaceBytes::take(value, row.file_id, row.position) ||
        !index_format::take_number(value, shared) || shared > block_.base.size())
      return false;
    rank = block_.base.substr(0, shared);
    rank += value;
    row.rank = rank;
    return true;
  }

 private:
  Status parse(std::string_view bytes) {
    Block block;
    if (bytes.size() < kHeaderBytes) return file_.damaged();
    block.rows = number_at<std::uint32_t>(bytes.data());
    if (number_at<std::uint32_t>(bytes.data() + sizeof(std::uint32_t)) != checksum_of(bytes, block.rows))
      return file_.damaged();
    const auto base_size = number_at<std::uint32_t>(bytes.data() + 2 * sizeof(std::uint32_t));
    bytes.remove_prefix(kHeaderBytes);
    const std::size_t fixed = std::size_t{block.rows} * (sizeof(RowKey) + sizeof(std::uint32_t));
    if (block.rows == 0 || bytes.size() < fixed + base_size) return file_.damaged();
    block.keys = bytes.data();
    block.ends = block.keys + block.rows * sizeof(RowKey);
    block.base = bytes.substr(fixed, base_size);
    block.values = bytes.substr(fixed + base_size);
    if (block.end(block.rows - 1) != block.values.size()) return file_.damaged();
    block_ = block;
    return ok_status();
  }

  const RunFile& file_;
  std::size_t at_once_;
  std::vector<char> buffer_;
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::size_t number_ = static_cast<std::size_t>(-1);
  Block block_;
};

Error RunFile::damaged() const {
  return {kIndexFailed, "the key index's " + path_ + " is damaged"};
}

Result<std::shared_ptr<const RunFile>> RunFile::open(std::string path, std::uint64_t number) {
  std::shared_ptr<RunFile> file(new RunFile(std::move(path), number));
  file->file_ = io::FileDescriptor(::open(file->path_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->file_.valid()) {
    const int problem = errno;
    Error error = io::posix_error(problem, "open", file->path_);
    if (problem != ENOENT) return error;  // too many files: this one is as it was
    return Error(kIndexFailed, error.message());
  }
  TARN_RETURN_IF_ERROR(file->read_fence());
  return std::shared_ptr<const RunFile>(std::move(file));
}

Status RunFile::read(std::uint64_t begin, std::span<char> out) const {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t count =
        ::pread(file_.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(begin + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return Error(kIndexFailed, io::posix_error(errno, "read", path_).message());
    if (count == 0) return damaged();
    filled += static_cast<std::size_t>(count);
  }
  return ok_status();
}

Status RunFile::read_fence() {
  struct stat info {};
  if (::fstat(file_.get(), &info) != 0)
    return Error(kIndexFailed, io::posix_error(errno, "look at", path_).message());
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < kFooterBytes) return damaged();
  std::string footer(kFooterBytes, '\0');
  TARN_RETURN_IF_ERROR(read(size - kFooterBytes, footer));
  if (!footer.ends_with(kMagic)) return damaged();
  const auto number = [&](std::size_t i) {
    return number_at<std::uint64_t>(footer.data() + i * sizeof(std::uint64_t));
  };
  rows_ = number(0);
  const std::uint64_t blocks = number(1);
  const std::uint64_t begin = number(2);
  const std::uint64_t fence_size = size - kFooterBytes - begin;
  if (begin > size - kFooterBytes || blocks > size / kHeaderBytes ||
      fence_size != blocks * sizeof(Fence) + sizeof(std::uint64_t))
    return damaged();
  std::string bytes(fence_size, '\0');
  TARN_RETURN_IF_ERROR(read(begin, bytes));
  if (xxh3_64(bytes, rows_) != number(3)) return damaged();
  fence_.resize(blocks + 1);
  std::memcpy(fence_.data(), bytes.data(), blocks * sizeof(Fence));
  fence_.back() = {.first = UINT64_MAX, .begin = begin};
  const bool ascends =
      std::ranges::is_sorted(fence_, {}, &Fence::begin) && std::ranges::is_sorted(fence_, {}, &Fence::first);
  return ascends ? ok_status() : Status(damaged());
}

std::size_t RunFile::block_of(const RowKey& key, std::size_t from) const {
  // Those that are wanted one after the other are near one another: in growing steps.
  std::size_t step = 1;
  std::size_t begin = from;
  while (begin + step < blocks() && fence_[begin + step].first <= key.low) {
    begin += step;
    step *= 2;
  }
  const auto first = fence_.begin() + static_cast<std::ptrdiff_t>(begin);
  const auto last = fence_.begin() + static_cast<std::ptrdiff_t>(std::min(begin + step, blocks()));
  const auto behind = std::ranges::upper_bound(first, last, key.low, {}, &Fence::first);
  return static_cast<std::size_t>(behind - fence_.begin()) - (behind == fence_.begin() ? 0 : 1);
}

Status RunFile::find(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                     SoughtRows& sought) const {
  if (blocks() == 0 || order.empty()) return ok_status();
  const std::size_t first = block_of(keys[order.front()], 0);
  const std::size_t last = block_of(keys[order.back()], first);
  Blocks blocks(*this, order.size() * 2 > last - first ? kDenseBlocks : 1);
  std::size_t at = first;
  RunRow row;
  std::string rank;
  for (const std::uint32_t wanted : order) {
    if (sought.is_known[wanted] != 0) continue;
    const RowKey& key = keys[wanted];
    at = block_of(key, at);
    if (key.low < fence_[at].first) continue;
    TARN_RETURN_IF_ERROR(blocks.load(at));
    const std::size_t i = blocks.block().lower_bound(key);
    if (i == blocks.block().rows || blocks.block().key(i) != key) continue;
    if (!blocks.take(i, row, rank)) return damaged();
    sought.set(wanted, row);
  }
  return ok_status();
}

RunCursor::RunCursor(std::shared_ptr<const RunFile> file)
    : file_(std::move(file)), blocks_(std::make_unique<RunFile::Blocks>(*file_, kCursorBlocks)) {}
RunCursor::~RunCursor() = default;

Status RunCursor::next() {
  is_at_row_ = false;
  if (block_ == file_->blocks()) return ok_status();
  TARN_RETURN_IF_ERROR(blocks_->load(block_));
  if (!blocks_->take(at_, row_, rank_)) return file_->damaged();
  is_at_row_ = true;
  if (++at_ == blocks_->block().rows) {
    at_ = 0;
    ++block_;
  }
  return ok_status();
}

}  // namespace tarn::table
