#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/file_descriptor.h"
#include "table/key_index.h"

/// Sorted files of the key index's rows. Inside of `table` only.
///
///   blocks of some 4 KiB, each of whole rows in the order of their keys:
///     u32 rows, u32 checksum of what follows, u32 size of the base
///     keys, sixteen bytes each; u32 where each row's value ends; base: the rank that the others begin like
///     values: file id, position, how many bytes of the base the rank begins with, the rank's rest; empty:
///       the key has no row any more
///   fence: of each block the first half of its first key, and where it begins; u64 where the last one ends
///   footer: rows, blocks, where the fence begins, the fence's checksum, "TRNRUN1\n"; eight bytes each
///
/// Numbers have the machine's order of bytes; those of values are LEB128. Rows whose keys have the same first
/// half are in one block. Keys are hashes, hence spread evenly: a key's block is found in the fence, which is
/// in memory, and reading it costs the same however long the file is.
namespace tarn::table {

/// A row, or that its key has none any more.
struct RunRow {
  RowKey key;
  bool is_gone = false;
  std::uint64_t file_id = 0;
  std::int64_t position = 0;
  std::string_view rank = {};
};

/// What is looked for: element by element of the keys.
struct SoughtRows {
  explicit SoughtRows(std::size_t count) : rows(count), is_known(count) {}
  void set(std::size_t i, const RunRow& row) {
    is_known[i] = 1;
    if (!row.is_gone) rows[i] = {std::string(row.rank), row.file_id, row.position};
  }
  std::vector<std::optional<IndexedRow>> rows;
  std::vector<std::uint8_t> is_known;  ///< Older rows do not count. Not a vector of bits: threads share it.
};

/// Writes one file. Used once.
class RunWriter {
 public:
  /// Errors: those of POSIX files.
  static Result<RunWriter> create(std::string path);
  /// In the order of the keys, each once.
  Status add(const RunRow& row);
  /// Makes the file durable, not its name.
  Status finish();

 private:
  RunWriter(std::string path, io::FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  Status end_block();
  Status flush();

  std::string path_;
  io::FileDescriptor file_;
  std::vector<RowKey> keys_;  // of the block that is being filled
  std::vector<std::uint32_t> ends_;
  std::string base_;
  std::string values_;
  std::string buffer_;  // blocks to be written
  std::string fence_;
  std::uint64_t rows_ = 0;
  std::uint64_t blocks_ = 0;
  std::uint64_t size_ = 0;
};

/// One file, for any number of threads.
class RunFile {
 public:
  /// Errors: table.index_failed, for one that is not there or damaged; those of POSIX files.
  static Result<std::shared_ptr<const RunFile>> open(std::string path, std::uint64_t number);

  std::uint64_t number() const { return number_; }
  std::uint64_t rows() const { return rows_; }

  /// Fills in those of `keys` that this file has and that are not known; `order` is theirs. Errors:
  /// table.index_failed.
  Status find(std::span<const RowKey> keys, std::span<const std::uint32_t> order, SoughtRows& sought) const;

 private:
  friend class RunCursor;
  class Blocks;
  struct Fence {
    std::uint64_t first = 0;
    std::uint64_t begin = 0;
  };
  RunFile(std::string path, std::uint64_t number) : path_(std::move(path)), number_(number) {}
  Status read_fence();
  Status read(std::uint64_t begin, std::span<char> out) const;
  Error damaged() const;
  /// The last one that begins at or before the key; `from` begins there, or is the first.
  std::size_t block_of(const RowKey& key, std::size_t from) const;
  std::uint64_t end_of(std::size_t block) const { return fence_[block + 1].begin; }
  std::size_t blocks() const { return fence_.size() - 1; }

  std::string path_;
  std::uint64_t number_ = 0;
  io::FileDescriptor file_;
  std::uint64_t rows_ = 0;
  std::vector<Fence> fence_;  // and one behind the last block
};

/// All rows of a file, one after the other.
class RunCursor {
 public:
  explicit RunCursor(std::shared_ptr<const RunFile> file);
  ~RunCursor();
  RunCursor(const RunCursor&) = delete;
  RunCursor& operator=(const RunCursor&) = delete;
  /// To the first row, and then to the next one. Errors: table.index_failed.
  Status next();
  /// Null behind the last row. Valid until next().
  const RunRow* row() const { return is_at_row_ ? &row_ : nullptr; }

 private:
  std::shared_ptr<const RunFile> file_;
  std::unique_ptr<RunFile::Blocks> blocks_;
  std::size_t block_ = 0;
  std::size_t at_ = 0;
  std::string rank_;
  RunRow row_;
  bool is_at_row_ = false;
};

}  // namespace tarn::table
