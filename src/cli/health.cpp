#include "cli/health.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/civil_time.h"
#include "base/size.h"

namespace tarn::cli {
namespace {

struct FileSystemKind {
  std::int64_t magic;
  std::string_view name;
  bool is_network;
  bool is_volatile;
};

// From statfs(2).
constexpr std::array<FileSystemKind, 14> kFileSystems = {{{0xEF53, "ext4", false, false},
                                                          {0x58465342, "xfs", false, false},
                                                          {0x9123683E, "btrfs", false, false},
                                                          {0x2FC12FC1, "zfs", false, false},
                                                          {0xF2F52010, "f2fs", false, false},
                                                          {0x794C7630, "overlay", false, false},
                                                          {0x4D44, "vfat", false, false},
                                                          {0x01021994, "tmpfs", false, true},
                                                          {0x858458F6, "ramfs", false, true},
                                                          {0x6969, "nfs", true, false},
                                                          {0xFF534D42, "cifs", true, false},
                                                          {0xFE534D42, "smb2", true, false},
                                                          {0x65735546, "fuse", true, false},
                                                          {0x01021997, "9p", true, false}}};

const FileSystemKind* kind_of(std::int64_t magic) {
  const auto found = std::ranges::find(kFileSystems, magic & 0xFFFFFFFF, &FileSystemKind::magic);
  return found == kFileSystems.end() ? nullptr : &*found;
}

Health of_share(std::uint64_t free, std::uint64_t total) {
  if (total == 0) return Health::kOk;
  const double share = static_cast<double>(free) / static_cast<double>(total);
  return share < 0.01 ? Health::kFail : share < 0.1 ? Health::kWarn : Health::kOk;
}

}  // namespace

std::string_view to_string(Health health) {
  return health == Health::kOk ? "ok" : health == Health::kWarn ? "warn" : "fail";
}

std::string file_system_name(std::int64_t magic) {
  const FileSystemKind* kind = kind_of(magic);
  return kind != nullptr ? std::string(kind->name) : fmt::format("{:#x}", magic & 0xFFFFFFFF);
}

Finding judge_space(const std::string& check, const FileSystemFacts& facts) {
  const Health space = of_share(facts.free_bytes, facts.total_bytes);
  const Health inodes = of_share(facts.free_inodes, facts.total_inodes);
  Finding finding{check, std::max(space, inodes),
                  fmt::format("{}: {} of {} free", file_system_name(facts.magic),
                              format_size(facts.free_bytes), format_size(facts.total_bytes))};
  if (facts.total_inodes > 0) {
    finding.found +=
        fmt::format(", {} of {} inodes", format_count(static_cast<std::int64_t>(facts.free_inodes)),
                    format_count(static_cast<std::int64_t>(facts.total_inodes)));
  }
  if (space != Health::kOk) finding.mend = "free space, or move the folder to a larger disk";
  if (inodes > space) finding.mend = "remove small files, or make a file system with more inodes";
  return finding;
}

Finding judge_state_file_system(const FileSystemFacts& facts) {
  const FileSystemKind* kind = kind_of(facts.magic);
  Finding finding{"state file system", Health::kOk, file_system_name(facts.magic)};
  if (kind != nullptr && kind->is_network) {
    finding.health = Health::kWarn;
    finding.mend =
        "put `state` on a local disk: locks and syncs of network file systems are not to be relied on";
  } else if (kind != nullptr && kind->is_volatile) {
    finding.health = Health::kWarn;
    finding.mend = "put `state` on a disk: this one is gone after a restart";
  }
  return finding;
}

Finding judge_open_files(std::uint64_t limit) {
  Finding finding{"open files", Health::kOk,
                  limit > INT64_MAX
                      ? "unlimited"
                      : fmt::format("limit {}", format_count(static_cast<std::int64_t>(limit)))};
  if (limit >= 1024) return finding;
  finding.health = Health::kWarn;
  finding.mend = "raise it with `ulimit -n 4096`, or LimitNOFILE= of the service";
  return finding;
}

Finding judge_watches(const WatchFacts& facts) {
  Finding finding{
      "folder watches", Health::kOk,
      fmt::format("{} folders, {} watches allowed", format_count(static_cast<std::int64_t>(facts.folders)),
                  format_count(static_cast<std::int64_t>(facts.watches)))};
  if (facts.folders > facts.watches)
    finding.health = Health::kFail;
  else if (facts.folders * 2 > facts.watches)
    finding.health = Health::kWarn;
  if (finding.health != Health::kOk) finding.mend = "raise the sysctl fs.inotify.max_user_watches";
  return finding;
}

Finding judge_memory(const MemoryFacts& facts) {
  const std::uint64_t available = std::min(facts.machine_bytes, facts.cgroup_bytes.value_or(UINT64_MAX));
  const bool by_cgroup = facts.cgroup_bytes && *facts.cgroup_bytes < facts.machine_bytes;
  Finding finding{"memory", Health::kOk,
                  fmt::format("limit {} of {}{}", format_size(facts.limit_bytes), format_size(available),
                              by_cgroup ? " that the control group allows" : "")};
  if (facts.limit_bytes > available)
    finding.health = Health::kFail;
  else if (facts.limit_bytes > available / 10 * 9)
    finding.health = Health::kWarn;
  if (finding.health != Health::kOk)
    finding.mend = "lower `limits: memory` in tarn.yaml, or give the process more";
  return finding;
}

Finding judge_clock(const ClockFacts& facts) {
  constexpr std::int64_t kYear2024 = 1'704'067'200'000'000;
  constexpr std::int64_t kYear2100 = 4'102'444'800'000'000;
  Finding finding{"clock", Health::kOk, format_timestamp_utc(facts.now_us)};
  if (facts.now_us < kYear2024 || facts.now_us >= kYear2100) {
    finding.health = Health::kFail;
    finding.mend = "set the machine's clock: the year cannot be right";
  } else if (facts.newest_us && *facts.newest_us > facts.now_us) {
    finding.health = Health::kWarn;
    finding.found += ", before the newest arrival at " + format_timestamp_utc(*facts.newest_us);
    finding.mend = "set the machine's clock, and keep it with NTP";
  }
  return finding;
}

Finding judge_certificate(std::int64_t expires_s, std::int64_t now_us) {
  constexpr std::int64_t kSecond = 1'000'000;
  constexpr std::int64_t kRenewBefore = 14 * 86'400 * kSecond;  // Authorities renew a month before.
  const std::int64_t left_us = expires_s * kSecond - now_us;
  Finding finding{"certificate", Health::kOk, "valid until " + format_timestamp_utc(expires_s * kSecond)};
  if (left_us <= 0) {
    finding = {"certificate", Health::kFail, "expired at " + format_timestamp_utc(expires_s * kSecond)};
  } else if (left_us < kRenewBefore) {
    finding.health = Health::kWarn;
  }
  if (finding.health != Health::kOk)
    finding.mend = "renew it: `tarn serve` takes the new files by itself, without a restart";
  return finding;
}

std::optional<std::uint64_t> parse_cgroup_limit(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bytes;
}

}  // namespace tarn::cli
