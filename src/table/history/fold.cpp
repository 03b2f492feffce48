#include "table/history/fold.h"

#include <array>
#include <cstring>
#include <optional>
#include <ranges>
#include <vector>

#include "table/errors.h"

namespace tarn::table {
namespace {

// The kind, the hash, and how long the end is.
constexpr std::size_t kHeaderBytes = 1 + sizeof(std::int64_t) + 1;
// Of a kind: values and what was before them follow the end.
constexpr unsigned char kHasValues = 0x80;

Error damaged() {
  return Error(kIndexFailed, "a version of the history index is damaged");
}

/// The first part, which `bytes` no longer begin with.
Result<std::string_view> take_part(std::string_view& bytes) {
  std::uint32_t size = 0;
  if (bytes.size() < sizeof(size)) return damaged();
  std::memcpy(&size, bytes.data(), sizeof(size));
  bytes.remove_prefix(sizeof(size));
  if (bytes.size() < size) return damaged();
  const std::string_view part = bytes.substr(0, size);
  bytes.remove_prefix(size);
  return part;
}

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

void append_part(std::string& parts, std::string_view part) {
  const auto size = static_cast<std::uint32_t>(part.size());
  std::array<char, sizeof(size)> bytes;
  std::memcpy(bytes.data(), &size, sizeof(size));
  parts.append(bytes.data(), bytes.size()).append(part);
}

Result<std::vector<std::string_view>> parts_of(std::string_view parts) {
  std::vector<std::string_view> result;
  while (!parts.empty()) {
    TARN_ASSIGN_OR_RETURN(result.emplace_back(), take_part(parts));
  }
  return result;
}

Status fold_latest(std::span<Version* const> versions) {
  for (Version* const version : versions) {
    if (version->kind != VersionKind::kDeletion) version->kind = VersionKind::kUnchanged;
    version->valid_to.clear();
    version->before.clear();
  }
  if (versions.empty() || versions.back()->kind == VersionKind::kDeletion) return ok_status();
  Version& row = *versions.back();
  row.kind = VersionKind::kRow;
  struct Past {
    std::string_view value;
    std::string_view since;
    std::optional<std::string_view> before;
  };
  std::vector<Past> pasts;
  TARN_ASSIGN_OR_RETURN(const auto now, parts_of(row.values));
  for (const std::string_view value : now) pasts.push_back({value, row.version, std::nullopt});
  std::size_t open = pasts.size();
  for (const Version* const version : std::views::reverse(versions)) {
    if (open == 0) break;
    if (version->kind == VersionKind::kDeletion) continue;
    TARN_ASSIGN_OR_RETURN(const auto values, parts_of(version->values));
    if (values.size() != pasts.size()) return damaged();
    for (std::size_t i = 0; i < pasts.size(); ++i) {
      Past& past = pasts[i];
      if (past.before) continue;
      if (values[i] == past.value) {
        past.since = version->version;
      } else {
        past.before = values[i];
        --open;
      }
    }
  }
  for (const Past& past : pasts) {
    append_part(row.before, past.before ? past.since : std::string_view());
    append_part(row.before, past.before.value_or(std::string_view()));
  }
  return ok_status();
}

std::string to_bytes(const Version& version) {
  std::string bytes;
  const bool has_values = !version.values.empty();
  bytes += static_cast<char>(static_cast<unsigned char>(version.kind) | (has_values ? kHasValues : 0U));
  std::array<char, sizeof(version.hash)> hash;
  std::memcpy(hash.data(), &version.hash, sizeof(version.hash));
  bytes.append(hash.data(), hash.size());
  bytes += static_cast<char>(version.valid_to.size());
  bytes += version.valid_to;
  if (has_values) {
    append_part(bytes, version.values);
    append_part(bytes, version.before);
  }
  return bytes + version.tie;
}

Result<VersionFate> fate_from_bytes(std::string_view bytes) {
  if (bytes.size() < kHeaderBytes) return damaged();
  const bool has_values = (static_cast<unsigned char>(bytes[0]) & kHasValues) != 0;
  const unsigned kind = static_cast<unsigned char>(bytes[0]) & ~unsigned{kHasValues};
  const auto end_size = static_cast<unsigned char>(bytes[kHeaderBytes - 1]);
  if (kind > static_cast<unsigned char>(VersionKind::kDeletion) || bytes.size() < kHeaderBytes + end_size)
    return damaged();
  VersionFate fate{.kind = static_cast<VersionKind>(kind)};
  std::memcpy(&fate.hash, bytes.data() + 1, sizeof(fate.hash));
  fate.valid_to = bytes.substr(kHeaderBytes, end_size);
  bytes.remove_prefix(kHeaderBytes + end_size);
  if (has_values) {
    TARN_ASSIGN_OR_RETURN(fate.values, take_part(bytes));
    TARN_ASSIGN_OR_RETURN(fate.before, take_part(bytes));
  }
  fate.tie = bytes;
  return fate;
}

}  // namespace tarn::table
