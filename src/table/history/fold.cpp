#include "table/history/fold.h"

#include <array>
#include <cstring>
#include <optional>
#include <ranges>

#include "table/errors.h"

namespace tarn::table {
namespace {

// The kind, the hash, and how long the end is.
constexpr std::size_t kHeaderBytes = 1 + sizeof(std::int64_t) + 1;

}  // namespace

void fold(std::span<Version* const> versions) {
  std::optional<std::int64_t> open;  // the hash of the row that no deletion has ended
  for (Version* const version : versions) {
    if (version->kind == VersionKind::kDeletion) {
      open.reset();
    } else {
      version->kind = open == version->hash ? VersionKind::kUnchanged : VersionKind::kRow;
      open = version->hash;
    }
  }
  std::string_view next;
  for (Version* const version : std::views::reverse(versions)) {
    version->valid_to = version->kind == VersionKind::kRow ? next : std::string_view();
    if (version->kind != VersionKind::kUnchanged) next = version->version;
  }
}

std::string to_bytes(const Version& version) {
  std::string bytes;
  bytes += static_cast<char>(version.kind);
  std::array<char, sizeof(version.hash)> hash;
  std::memcpy(hash.data(), &version.hash, sizeof(version.hash));
  bytes.append(hash.data(), hash.size());
  bytes += static_cast<char>(version.valid_to.size());
  bytes += version.valid_to;
  return bytes + version.tie;
}

Result<VersionFate> fate_from_bytes(std::string_view bytes) {
  const auto damaged = [] { return Error(kIndexFailed, "a version of the history index is damaged"); };
  if (bytes.size() < kHeaderBytes) return damaged();
  const auto kind = static_cast<unsigned char>(bytes[0]);
  const auto end_size = static_cast<unsigned char>(bytes[kHeaderBytes - 1]);
  if (kind > static_cast<unsigned char>(VersionKind::kDeletion) || bytes.size() < kHeaderBytes + end_size)
    return damaged();
  VersionFate fate{.kind = static_cast<VersionKind>(kind)};
  std::memcpy(&fate.hash, bytes.data() + 1, sizeof(fate.hash));
  fate.valid_to = bytes.substr(kHeaderBytes, end_size);
  fate.tie = bytes.substr(kHeaderBytes + end_size);
  return fate;
}

}  // namespace tarn::table
