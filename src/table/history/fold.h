#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

/// What the versions of a key make of one another.
namespace tarn::table {

enum class VersionKind : std::uint8_t {
  kRow,        ///< It opened a row of the history.
  kUnchanged,  ///< Its tracked values are those of the version before; or it is not the latest
               ///< (fold_latest()).
  kDeletion,   ///< It ended the row before it, and opened none.
};

/// A version of a key as far as the history depends on it. Versions and tie-breaks are bytes whose order is
/// that of the values (row_identity.h).
struct Version {
  std::string version = {};
  std::string tie = {};   ///< Of equal versions the one with the greater bytes is kept.
  std::int64_t hash = 0;  ///< Equal for equal tracked values (tracked_hash.h).
  VersionKind kind = VersionKind::kRow;
  std::string valid_to = {};  ///< Of a row: the version that ended it; empty while none did.
  std::string values = {};    ///< Parts: the values whose former ones are kept. Only for fold_latest().
  std::string before = {};  ///< Of its row, parts: for each of them since when it is so, and what was before.
  bool operator==(const Version&) const = default;
};

/// All versions of a key, ascending: says which are rows, and up to when. A deletion stays one. A pure
/// function of versions, hashes and deletions: what the kinds and ends were does not matter.
void fold(std::span<Version* const> versions);

/// The same where only the latest version is a row, and none when it is a deletion. `before` tells of each of
/// its values the version with which it came, and the value that it had before; both are empty while it never
/// changed. Deletions bring no values. Errors: table.index_failed for values that are damaged.
Status fold_latest(std::span<Version* const> versions);

/// Byte strings as one.
void append_part(std::string& parts, std::string_view part);
/// Pointing into `parts`. Errors: table.index_failed for bytes that are damaged.
Result<std::vector<std::string_view>> parts_of(std::string_view parts);

/// All but the version as bytes.
std::string to_bytes(const Version& version);

/// What to_bytes() wrote, pointing into it.
struct VersionFate {
  VersionKind kind = VersionKind::kRow;
  std::int64_t hash = 0;
  std::string_view valid_to = {};
  std::string_view values = {};
  std::string_view before = {};
  std::string_view tie = {};
};
/// Errors: table.index_failed for bytes that are damaged.
Result<VersionFate> fate_from_bytes(std::string_view bytes);

}  // namespace tarn::table
