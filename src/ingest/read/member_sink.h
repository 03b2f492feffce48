#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ingest/parsed_batch.h"
#include "ingest/read/cell.h"
#include "ingest/read/compiled_feed.h"
#include "ingest/table_builder.h"
#include "io/clock.h"
#include "state/ledger.h"
#include "state/quarantine.h"

namespace tarn::ingest {

/// Why a record, a member or a file is refused, and where.
struct Refusal {
  const ErrorCode* code = nullptr;
  state::QuarantineLevel level = state::QuarantineLevel::kRecord;
  std::int64_t record = 0;  ///< From 1; 0: none.
  std::int64_t line = 0;    ///< From 1; 0: unknown.
  std::int64_t column = 0;  ///< From 1, in characters; 0: unknown.
  std::string field = {};
  std::string rule = {};
  std::string reason = {};
  std::string_view raw = {};
};

/// What of an arrival to read again: everything in the sets, nothing else.
struct ReplayFilter {
  using FeedMember = std::pair<std::string, std::string>;  ///< Feed and member ("" for a plain file).
  bool whole_file = false;
  std::set<std::string> feeds;    ///< All that these feeds take of the file.
  std::set<std::string> members;  ///< Whole members, for whichever feed takes them now.
  std::set<FeedMember> feed_members;
  std::map<FeedMember, std::set<std::int64_t>> records;
};

/// What a feed of `mode: replace` took of an arrival.
struct Delivered {
  std::int64_t accepted = 0;
  std::int64_t refused = 0;  ///< Records, and members that gave none.
};

/// What reading one arrival gave.
struct ArrivalOutcome {
  state::Settlement settlement;
  std::vector<state::NewQuarantineEntry> quarantine;
  std::map<std::string, Delivered> delivered;  ///< By feed, of those of `mode: replace`.
  // Of a replay: which units passed and which failed again.
  std::set<std::pair<ReplayFilter::FeedMember, std::int64_t>> accepted_records;
  std::set<ReplayFilter::FeedMember> readable_members;
  bool readable_file = false;
};

/// The rows of the children of one record, row after row; an element of `rows` for each child of the
/// contract.
struct ChildRows {
  struct Rows {
    std::vector<Cell> cells;
    std::size_t count = 0;
  };
  std::vector<Rows> children;
};

/// When and where a worker's rows of one feed leave memory before their batch is whole.
struct SpillRule {
  std::string folder;  ///< Exists.
  std::uint64_t feed_bytes = 0;
  BatchId batch;
  io::Clock& clock;
  std::atomic<std::uint64_t>& next_file;
};

/// Where good and bad records of one member part: good ones go to the builders of the feed's tables, bad ones
/// to the quarantine; both are counted. One thread at a time.
class MemberSink {
 public:
  /// Raw text beyond this many bytes is cut in the quarantine; the landing zone has it whole.
  static constexpr std::size_t kRawLimit = std::size_t{64} << 10;

  struct Target {
    const CompiledFeed& feed;
    FeedRows& rows;
    ArrivalOutcome& outcome;
    const ReplayFilter* replay = nullptr;  ///< Null: everything is wanted.
    const SpillRule& spill;
    std::span<const iceberg::Schema> schemas;  ///< Of the tables of `rows`.
  };
  MemberSink(Target target, const RowOrigin& origin);

  /// False for records that a replay does not ask for: they are neither converted nor counted.
  bool wants(std::int64_t record) const;
  Status accept(std::int64_t record, const RecordCells& cells,
                std::span<const TableBuilder::ExtraValue> extras, const ChildRows& children);
  void refuse(const Refusal& refusal);
  bool refused_member() const { return refused_member_; }
  Delivered delivered() const { return {accepted_, refused_}; }

 private:
  Status spill_if_large();

  Target target_;
  const RowOrigin& origin_;
  ReplayFilter::FeedMember key_;                    // of a replay
  const std::set<std::int64_t>* wanted_ = nullptr;  // null: all
  bool refused_member_ = false;
  std::int64_t accepted_ = 0;
  std::int64_t refused_ = 0;
  RecordCells child_cells_;
};

/// The entry that a refusal becomes.
state::NewQuarantineEntry quarantine_entry(const Refusal& refusal, const RowOrigin& origin,
                                           const CompiledFeed* feed);

}  // namespace tarn::ingest
