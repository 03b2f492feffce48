#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/posix_error.h"
#include "table/index/index_format.h"
#include "table/index/runs/run_file.h"
#include "table/index/runs/run_layout.h"

namespace tarn::table {

using namespace run_layout;

namespace {

constexpr std::size_t kBufferBytes = 256U << 10;

std::size_t shared_bytes(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  return static_cast<std::size_t>(std::mismatch(a.begin(), a.begin() + most, b.begin()).first - a.begin());
}

}  // namespace

Result<RunWriter> RunWriter::create(std::string path) {
  io::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return io::posix_error(errno, "create", path);
  return RunWriter(std::move(path), std::move(file));
}

Status RunWriter::add(const RunRow& row) {
  const std::size_t filled = values_.size() + keys_.size() * (sizeof(RowKey) + sizeof(std::uint32_t));
  if (filled >= kBlockBytes && row.key.low != keys_.back().low) TARN_RETURN_IF_ERROR(end_block());
  if (!row.is_gone) {
    if (base_.empty()) base_ = row.rank;
    const std::size_t shared = shared_bytes(base_, row.rank);
    values_ += index_format::PlaceBytes(row.file_id, row.position);
    index_format::append_number(values_, shared);
    values_ += row.rank.substr(shared);
  }
  keys_.push_back(row.key);
  ends_.push_back(static_cast<std::uint32_t>(values_.size()));
  ++rows_;
  return ok_status();
}

Status RunWriter::end_block() {
  append_fixed(fence_, keys_.front().low);
  append_fixed(fence_, size_);
  const std::size_t begin = buffer_.size();
  buffer_.resize(begin + kHeaderBytes);
  buffer_.append(reinterpret_cast<const char*>(keys_.data()), keys_.size() * sizeof(RowKey));
  buffer_.append(reinterpret_cast<const char*>(ends_.data()), ends_.size() * sizeof(std::uint32_t));
  buffer_ += base_;
  buffer_ += values_;
  const auto rows = static_cast<std::uint32_t>(keys_.size());
  const auto base_size = static_cast<std::uint32_t>(base_.size());
  std::memcpy(buffer_.data() + begin, &rows, sizeof(rows));
  std::memcpy(buffer_.data() + begin + 2 * sizeof(rows), &base_size, sizeof(base_size));
  const std::uint32_t checksum = checksum_of(std::string_view(buffer_).substr(begin), rows);
  std::memcpy(buffer_.data() + begin + sizeof(rows), &checksum, sizeof(checksum));
  size_ += buffer_.size() - begin;
  ++blocks_;
  keys_.clear();
  ends_.clear();
  base_.clear();
  values_.clear();
  return buffer_.size() < kBufferBytes ? ok_status() : flush();
}

Status RunWriter::flush() {
  Status written = io::write_all(file_.get(), buffer_, path_);
  buffer_.clear();
  return written;
}

Status RunWriter::finish() {
  if (!keys_.empty()) TARN_RETURN_IF_ERROR(end_block());
  append_fixed(fence_, size_);
  buffer_ += fence_;
  for (const std::uint64_t number : {rows_, blocks_, size_, xxh3_64(fence_, rows_)})
    append_fixed(buffer_, number);
  buffer_ += kMagic;
  TARN_RETURN_IF_ERROR(flush());
  if (::fsync(file_.get()) != 0) return io::posix_error(errno, "flush", path_);
  if (file_.close() != 0) return io::posix_error(errno, "close", path_);
  return ok_status();
}

}  // namespace tarn::table
