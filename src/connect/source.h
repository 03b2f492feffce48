#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"

namespace tarn::connect {

/// A file as its source names it.
struct SourceFile {
  std::string path;  ///< Relative to the source's root, with `/`.
  std::uint64_t size_bytes = 0;
  std::int64_t modified_ns = 0;  ///< Nanoseconds since the epoch, as the source says.
  std::uint64_t inode = 0;       ///< Tells a replaced file from an unchanged one; 0 where unknown.

  bool operator==(const SourceFile&) const = default;
};

/// What becomes of the sender's copy once its bytes are safe.
enum class After : std::uint8_t { kKeep, kDelete, kMove };
struct Release {
  After after = After::kKeep;
  std::string move_to = {};  ///< Absolute path of a folder, with kMove.

  bool operator==(const Release&) const = default;
};

/// What a scan saw.
struct SourceScan {
  std::vector<SourceFile> complete;  ///< Whole files, oldest first, ties by path.
  std::size_t unsettled = 0;         ///< Files that may still be growing; a later scan will show them.
};

/// Where files come from. A source shows *complete* files only, never a partial upload, and lets go of its
/// copy only when told that the bytes are safe. scan(), acknowledge() and wait() are called by one thread;
/// read() by many.
class Source {
 public:
  virtual ~Source() = default;

  /// All files that are complete now, the already processed among them (the caller keeps the ledger).
  virtual Result<SourceScan> scan() = 0;
  /// Replaces `out` by the file's bytes. `source.changed` when it is no longer the file that the scan saw.
  virtual Status read(const SourceFile& file, std::string& out) = 0;
  /// The bytes are safe in the landing zone: keep, delete or move the sender's copy. Does nothing to a file
  /// that changed since the scan.
  virtual Status acknowledge(const SourceFile& file, const Release& release) = 0;
  /// Returns true as soon as something may have arrived, false after `timeout` or when a stop is requested.
  /// The first call begins to watch and returns true at once.
  virtual Result<bool> wait(std::chrono::milliseconds timeout, std::stop_token stop) = 0;
};

}  // namespace tarn::connect
