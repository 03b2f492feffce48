#pragma once

#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "ingest/parsed_batch.h"
#include "ingest/read/compiled_feed.h"
#include "ingest/read/member_sink.h"

namespace tarn::ingest {

/// An arrived file whose bytes are at hand.
struct ArrivalInput {
  ArrivalId id;
  std::string path;    ///< Relative to its source; text.
  std::string sha256;  ///< Hexadecimal.
  std::string_view bytes;
  std::vector<std::size_t> feeds;  ///< Positions of the feeds that take the file.
  const ReplayFilter* replay = nullptr;
  const std::set<std::string>* passed_over = nullptr;  ///< Members that are not looked at.
};

/// Reads whole arrivals: opens archives within the feeds' limits, gives each member to the feeds that take
/// it, and says of everything what became of it. Keeps its buffers from file to file; one thread at a time.
class ArrivalParser {
 public:
  /// `schemas` are the present schemas of each feed's tables: its own first, then its children's.
  using TableSchemas = std::vector<std::vector<iceberg::Schema>>;
  /// All must outlive the parser. Errors: csv.bad_options.
  static Result<ArrivalParser> make(std::span<const CompiledFeed> feeds, const TableSchemas& schemas,
                                    const SpillRule& spill);
  ArrivalParser(ArrivalParser&&) noexcept;
  ~ArrivalParser();

  /// Appends the arrival's good rows to the first of `rows`; the further ones are of threads that have
  /// nothing else to do, and get the later rows of large members. Errors are Tarn's own (out of memory),
  /// never the data's.
  Result<ArrivalOutcome> parse(const ArrivalInput& input, std::span<WorkerRows> rows);

 private:
  struct State;
  explicit ArrivalParser(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tarn::ingest
