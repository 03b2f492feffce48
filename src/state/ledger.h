#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"

/// The ledger of arrived files: what came, from where, with which content, and what became of it.
///
///   rescan:   known_files() tells which files of a folder changed since, without reading them
///   arrive:   bytes go to the landing zone, then record_landed() gives each file its ArrivalId, or names it
///   a
///             duplicate of a former arrival with the same content from the same source
///   settle:   settle() in the transaction that commits the batch; what is landed but not settled is
///   pending()
///             and is ingested again after a crash
///
/// Costs, measured with a million arrivals in the ledger: record_landed() of 1,000 takes 10 to 30 ms and its
/// commit 1 to 80 ms (one fsync, and now and then SQLite's checkpoint); settle() of 1,000 takes 3 ms and 1 to
/// 13 ms. The content index is the only one that is hit at random (one page an arrival); everything else
/// appends.
namespace tarn::state {

enum class ArrivalState : std::uint8_t {
  kLanded,       ///< Its bytes are in the landing zone; not in any table yet.
  kCommitted,    ///< Its good records are in the tables (some of its records may be in quarantine).
  kQuarantined,  ///< Nothing of it is in the tables.
  kDuplicate,    ///< Same source, content and feeds as a former arrival: counted, never loaded.
  kUnmatched,    ///< No feed takes it; neither read nor kept.
};

/// "landed", "committed", "quarantined", "duplicate", "unmatched".
std::string_view to_string(ArrivalState state);
std::optional<ArrivalState> parse_arrival_state(std::string_view text);

/// A file at the moment of its arrival.
struct NewArrival {
  std::string source = "";  ///< The folder as configured.
  std::string path = "";    ///< Relative to the source.
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  std::optional<Sha256Digest> sha256 =
      std::nullopt;  ///< Nothing: no feed takes the file; it becomes kUnmatched.
  std::int64_t landed_at_us = 0;
  std::vector<std::string> feeds = {};  ///< Names of the feeds that take it, as far as known.
};

/// What record_landed() made of an arrival.
struct Landed {
  ArrivalId id = {};
  ArrivalState state = ArrivalState::kLanded;            ///< kLanded, kDuplicate or kUnmatched.
  std::optional<ArrivalId> duplicate_of = std::nullopt;  ///< The first arrival of this content.
  /// Of NewArrival::feeds those that have not had this content yet; none for a duplicate.
  std::vector<std::string> feeds = {};
  /// The records of the original when it is settled already; they count as duplicate records.
  std::optional<std::int64_t> duplicate_records = std::nullopt;
};

/// Records of a file. arrived = committed + quarantined, always; superseded are those of `committed` that
/// lost an upsert to a later version of their key in the same batch, late those that came later than their
/// feed's `lateness` allows.
struct RecordCounts {
  std::int64_t arrived = 0;
  std::int64_t committed = 0;
  std::int64_t quarantined = 0;
  std::int64_t superseded = 0;
  std::int64_t late = 0;
  bool operator==(const RecordCounts&) const = default;
};

/// What became of an arrival.
struct Settlement {
  ArrivalId id = {};
  ArrivalState state = ArrivalState::kCommitted;  ///< kCommitted or kQuarantined.
  BatchId batch = {};                             ///< A batch that was begun; empty when there was none.
  std::int64_t settled_at_us = 0;
  std::int64_t members = 0;  ///< Data files inside: 1 for a plain file.
  RecordCounts records = {};
  std::uint64_t bytes_raw = 0;          ///< Inflated.
  std::vector<std::string> feeds = {};  ///< The feeds that took records or members; empty: as recorded.
  std::string error_code = "";          ///< Why the whole file is in quarantine; else empty.
  std::string error_message = "";
};

/// A row of the ledger.
struct Arrival {
  ArrivalId id = {};
  std::string source = "";
  std::string path = "";
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  std::optional<Sha256Digest> sha256 = std::nullopt;
  ArrivalState state = ArrivalState::kLanded;
  std::optional<ArrivalId> duplicate_of = std::nullopt;
  std::int64_t landed_at_us = 0;
  std::optional<std::int64_t> settled_at_us = std::nullopt;
  BatchId batch = {};  ///< Empty until settled.
  std::vector<std::string> feeds = {};
  std::int64_t members = 0;
  RecordCounts records = {};  ///< Of a duplicate: all zero; its original has them.
  std::uint64_t bytes_raw = 0;
  std::string error_code = "";
  std::string error_message = "";
};

/// What the ledger remembers of a path, to see whether the file there is still the same.
struct KnownFile {
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::uint64_t inode = 0;
  ArrivalId arrival = {};
  bool matched = true;  ///< False: no feed took it then; ask again when the contracts changed.
};
using KnownFiles = std::unordered_map<std::string, KnownFile>;

/// Every path of the source that was recorded and not forgotten, with the last arrival there. About 0.2 s and
/// 15 MB for 100,000.
Result<KnownFiles> known_files(Database& database, const std::string& source);
/// Drops paths that are no longer in the folder from known_files(), so that it stays as small as the folder:
/// call it when the sender's copy was deleted or moved. The arrivals stay.
Status forget_files(Transaction& transaction, const std::string& source, std::span<const std::string> paths);

/// Assigns ids in the given order. An arrival whose (source, sha256) is in the ledger, or earlier in
/// `arrivals`, becomes a duplicate, unless one of its feeds has not had this content yet: which feeds take a
/// file depends on its name. A former kUnmatched arrival of the same path is replaced.
Result<std::vector<Landed>> record_landed(Transaction& transaction, std::span<const NewArrival> arrivals);

/// Landed and not settled, in order of their ids; of all sources when `source` is empty.
Result<std::vector<Arrival>> pending(Database& database, const std::string& source, std::size_t limit);

/// Settled, of a source, with their bytes in the landing zone; ascending ids after `after`, up to `up_to`.
struct SettledFilter {
  std::string source;
  ArrivalId after;
  ArrivalId up_to;
  std::size_t limit = 1000;
};
Result<std::vector<Arrival>> settled(Database& database, const SettledFilter& filter);

/// Settles landed arrivals. state.conflict when one is not landed (a batch is settled once, or not at all),
/// state.unbalanced when records do not add up, state.not_found for an unknown arrival or batch.
Status settle(Transaction& transaction, std::span<const Settlement> settlements);

/// Changes of a settled arrival when its quarantined records are replayed: each count is added.
struct Adjustment {
  ArrivalId id = {};
  std::optional<ArrivalState> state =
      std::nullopt;  ///< The new one, where it changes (kQuarantined to kCommitted).
  std::int64_t members = 0;
  RecordCounts records = {};
  std::int64_t bytes_raw = 0;
};
/// state.conflict when the arrival is not settled, state.unbalanced when the sums no longer add up.
Status adjust(Transaction& transaction, const Adjustment& adjustment);

/// Which arrivals list() gives; everything that is set must hold.
struct ArrivalFilter {
  std::optional<ArrivalState> state = std::nullopt;
  std::optional<std::string> source = std::nullopt;
  std::optional<std::string> path_glob =
      std::nullopt;  ///< `*`, `?`, `[…]` against the whole path; `*` crosses folders.
  std::optional<std::int64_t> since_us = std::nullopt;  ///< landed_at_us is not before.
  std::optional<ArrivalId> before =
      std::nullopt;  ///< Smaller ids only: the next page after the last id of this one.
  std::size_t limit = 1000;
};
/// Newest first.
Result<std::vector<Arrival>> list_arrivals(Database& database, const ArrivalFilter& filter);
/// state.not_found when there is none.
Result<Arrival> get_arrival(Database& database, ArrivalId id);

/// Sums over the arrivals of one state.
struct StateTotals {
  std::int64_t files = 0;
  std::int64_t size_bytes = 0;
  std::int64_t bytes_raw = 0;
  std::int64_t members = 0;
  RecordCounts
      records;  ///< Of duplicates: `arrived` sums their settled originals' records, the rest is zero.
  bool operator==(const StateTotals&) const = default;
};

/// Sums over a ledger. With nothing pending, files_arrived() = committed + quarantined + duplicate files, and
/// records_arrived() = records_committed() + records_quarantined() + records_duplicate() always.
struct LedgerSummary {
  StateTotals landed = {};
  StateTotals committed = {};
  StateTotals quarantined = {};
  StateTotals duplicate = {};
  StateTotals unmatched = {};  ///< Not arrived: no feed wants them.

  std::int64_t files_arrived() const {
    return landed.files + committed.files + quarantined.files + duplicate.files;
  }
  std::int64_t records_arrived() const {
    return committed.records.arrived + quarantined.records.arrived + duplicate.records.arrived;
  }
  std::int64_t records_committed() const {
    return committed.records.committed + quarantined.records.committed;
  }
  std::int64_t records_quarantined() const {
    return committed.records.quarantined + quarantined.records.quarantined;
  }
  std::int64_t records_duplicate() const { return duplicate.records.arrived; }
  std::int64_t records_superseded() const { return committed.records.superseded; }
  std::int64_t records_late() const { return committed.records.late; }
  bool operator==(const LedgerSummary&) const = default;
};

/// Of all time, from running totals (microseconds, however long the ledger); of one source where given.
Result<LedgerSummary> summary(Database& database, const std::optional<std::string>& source = std::nullopt);
/// Of the arrivals with greater ids than `after`, summed from the rows (`ArrivalId{0}`: all of them).
Result<LedgerSummary> summary_after(Database& database, ArrivalId after);
/// That the running totals equal the sums of the rows, in one consistent view. state.unbalanced.
Status check_totals(Database& database);
/// The greatest id in the ledger; 0 for none. All later ones are greater.
Result<ArrivalId> last_arrival(Database& database);

}  // namespace tarn::state
