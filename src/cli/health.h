#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tarn::cli {

enum class Health : std::uint8_t { kOk, kWarn, kFail };
/// "ok", "warn", "fail".
std::string_view to_string(Health health);

/// One line of `tarn doctor`.
struct Finding {
  std::string check;
  Health health = Health::kOk;
  std::string found;
  std::string mend = "";  ///< Empty when all is well.
};

// What numbers mean, apart from where they come from. Pure.

/// A file system as statfs(2) and statvfs(3) describe it.
struct FileSystemFacts {
  std::int64_t magic = 0;  ///< statfs::f_type.
  std::uint64_t total_bytes = 0;
  std::uint64_t free_bytes = 0;    ///< For an ordinary user.
  std::uint64_t total_inodes = 0;  ///< 0: the file system does not count them.
  std::uint64_t free_inodes = 0;
};
/// "ext4", "nfs" …; a hexadecimal number for others.
std::string file_system_name(std::int64_t magic);
/// Less than a tenth free warns, less than a hundredth fails, in space or inodes.
Finding judge_space(const std::string& check, const FileSystemFacts& facts);
/// SQLite's locks do not hold on network file systems, and memory does not survive a restart.
Finding judge_state_file_system(const FileSystemFacts& facts);
/// Fewer than 1024 warns.
Finding judge_open_files(std::uint64_t limit);
/// `watches` allowed for the user, `folders` to be watched.
struct WatchFacts {
  std::uint64_t watches = 0;
  std::uint64_t folders = 0;
};
Finding judge_watches(const WatchFacts& facts);
/// The project's limit against the machine's memory and the cgroup's limit where there is one.
struct MemoryFacts {
  std::uint64_t limit_bytes = 0;
  std::uint64_t machine_bytes = 0;
  std::optional<std::uint64_t> cgroup_bytes = std::nullopt;
};
Finding judge_memory(const MemoryFacts& facts);
/// Moments in microseconds since the epoch; `newest_us` is the newest arrival of the ledger.
struct ClockFacts {
  std::int64_t now_us = 0;
  std::optional<std::int64_t> newest_us = std::nullopt;
};
Finding judge_clock(const ClockFacts& facts);
/// A listener's certificate; `expires_s` in seconds since the epoch.
Finding judge_certificate(std::int64_t expires_s, std::int64_t now_us);
/// "max" or a number of bytes, as cgroup files have it; nothing for "max" and what is no number.
std::optional<std::uint64_t> parse_cgroup_limit(std::string_view text);

}  // namespace tarn::cli
