#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"

/// The quarantine: every record, member and file that broke a rule, with where, which rule and the raw text.
namespace tarn::state {

using QuarantineId = StrongId<struct QuarantineIdTag, std::int64_t>;

/// What was lost: one record, a whole member of an archive, or the whole file.
enum class QuarantineLevel : std::uint8_t { kRecord, kMember, kFile };
enum class QuarantineStatus : std::uint8_t { kOpen, kReplayed, kDiscarded };
/// "record", "member", "file".
std::string_view to_string(QuarantineLevel level);
/// "open", "replayed", "discarded".
std::string_view to_string(QuarantineStatus status);
std::optional<QuarantineStatus> parse_quarantine_status(std::string_view text);

struct NewQuarantineEntry {
  ArrivalId arrival = {};
  std::string feed = "";   ///< Empty when no feed was reached (an unreadable archive).
  std::string table = "";  ///< `namespace.table`; empty likewise.
  std::string source_file = "";
  std::string member = "";                            ///< Empty for a plain file.
  std::optional<std::int64_t> record = std::nullopt;  ///< 1-based position in its member.
  std::optional<std::int64_t> line = std::nullopt;    ///< From 1.
  std::optional<std::int64_t> column = std::nullopt;  ///< From 1, in characters.
  std::string field = "";  ///< Column name; empty when the record as a whole is at fault.
  QuarantineLevel level = QuarantineLevel::kRecord;
  std::string code = "";    ///< The error's stable code.
  std::string rule = "";    ///< As the contract says it: "range: 0..300".
  std::string reason = "";  ///< One sentence.
  std::string raw = "";     ///< Bytes as they came, capped by the caller.
  std::int32_t contract_version = 0;
  BatchId batch = {};  ///< Empty when there was none.
  std::int64_t created_at_us = 0;
};

struct QuarantineEntry : NewQuarantineEntry {
  QuarantineId id = {};
  QuarantineStatus status = QuarantineStatus::kOpen;
  std::optional<std::int64_t> status_changed_at_us = std::nullopt;
  std::string note = "";  ///< Given with the change of status.
};

/// Thousands in one go: about 8 µs an entry. Returns the id of the first; the others follow one by one.
Result<QuarantineId> quarantine(Transaction& transaction, std::span<const NewQuarantineEntry> entries);

/// Which entries; everything that is set must hold.
struct QuarantineFilter {
  std::optional<std::string> feed = std::nullopt;
  std::optional<std::string> code = std::nullopt;
  std::optional<QuarantineStatus> status = std::nullopt;
  std::optional<std::string> file_glob = std::nullopt;  ///< Against source_file; `*` crosses folders.
  std::optional<ArrivalId> arrival = std::nullopt;
  std::size_t limit = 1000;
  std::size_t offset = 0;
  bool with_raw = true;  ///< False leaves `raw` empty, which is faster.
};
/// In order of their ids (oldest first), so that a replay goes in order of arrival.
Result<std::vector<QuarantineEntry>> list_quarantine(Database& database, const QuarantineFilter& filter);
/// The number that list_quarantine() would give without limit and offset.
Result<std::int64_t> count_quarantine(Database& database, const QuarantineFilter& filter);

struct QuarantineGroup {
  std::string feed = "";
  std::string code = "";
  std::int64_t entries = 0;
};
/// Counts by feed and code of what the filter (without limit and offset) takes, most frequent first.
Result<std::vector<QuarantineGroup>> group_quarantine(Database& database, const QuarantineFilter& filter);

/// state.not_found when there is none.
Result<QuarantineEntry> get_quarantine(Database& database, QuarantineId id);

struct StatusChange {
  QuarantineStatus status = QuarantineStatus::kReplayed;
  std::int64_t changed_at_us = 0;
  std::string note = "";
};
/// Changes *open* entries. state.conflict when one is not open any more (so that nothing is replayed twice),
/// state.not_found when one does not exist; then roll back.
Status set_quarantine_status(Transaction& transaction, std::span<const QuarantineId> ids,
                             const StatusChange& change);

}  // namespace tarn::state
