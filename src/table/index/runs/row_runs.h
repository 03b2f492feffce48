#pragma once

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "table/index/moved_rows.h"
#include "table/index/runs/run_file.h"

namespace tarn::table {

/// The rows of some files, oldest first, in the order of their keys: of each key the youngest. Errors:
/// table.index_failed, and what `visit` returns.
Status visit_runs(std::span<const std::shared_ptr<const RunFile>> runs,
                  const std::function<Status(const RunRow&)>& visit);

/// The sorted files of an index's rows, younger ones before older ones, in a folder of their own. Which ones
/// count is the database's to keep: a list of their numbers, see list(). Files that the list does not name
/// are left from a crash and removed. Small ones are merged beside the caller, so that there are never many.
/// One thread at a time, but for find().
class RowRuns {
 public:
  RowRuns(std::string folder, std::size_t threads) : folder_(std::move(folder)), threads_(threads) {}
  ~RowRuns() { stop_merging(); }
  RowRuns(const RowRuns&) = delete;
  RowRuns& operator=(const RowRuns&) = delete;

  using Run = std::shared_ptr<const RunFile>;
  using Runs = std::vector<Run>;  ///< Oldest first.

  /// Errors: table.index_failed, where a file of the list is not there or damaged.
  Status load(std::string_view list);
  /// Removes all.
  Status clear();
  /// Rows of all runs; those of one key count several times.
  std::uint64_t rows() const;
  const Runs& runs() const { return runs_; }
  static std::string list(const Runs& runs);

  /// Fills in what the runs have of those that are not known; `order` is that of the keys. Any thread.
  Status find(std::span<const RowKey> keys, std::span<const std::uint32_t> order, SoughtRows& sought) const;

  /// A file that is durable and in no list yet; `produce` adds its rows to the writer.
  Result<Run> write(const std::function<Status(RunWriter&)>& produce);
  /// Removes the file of a run that is in no list, as far as that can be done; load() does what is left.
  void remove(const RunFile& run) const;
  /// What counts from now on, as the database has it; the other files go.
  Status take(Runs runs);

  /// Ends merging without its result.
  void stop_merging();
  /// Begins to merge some of the runs if that is due and none are being merged.
  void merge_if_due();
  /// Begins to merge all of them, with the rows where they were moved. None are being merged.
  void merge_all(std::unique_ptr<MovedRows> moved);
  bool is_merging() const { return merging_.valid(); }
  struct Merged {
    Runs runs;  ///< All that there will be: to be kept, and given to take().
    bool follows_moves = false;
  };
  /// What was merged since; nothing while it lasts, unless there are so many runs that it is waited for, and
  /// nothing when the disk was full: it is to be begun again. Errors: table.index_failed for a damaged file,
  /// and where one that is behind has failed.
  Result<std::optional<Merged>> merged();

 private:
  struct Merge {
    Runs inputs;
    bool has_oldest = false;
    std::unique_ptr<MovedRows> moved = {};  ///< Null: places stay as they are.
    std::uint64_t number = 0;
  };
  std::string path_of(std::uint64_t number) const;
  /// Leaves nothing of a file that fails.
  Result<Run> write(std::uint64_t number, const std::function<Status(RunWriter&)>& produce) const;
  void start(Merge merge);
  Result<Run> run(const Merge& merge, const std::stop_token& stop) const;
  Status remove_unused();

  std::string folder_;
  std::size_t threads_;
  Runs runs_;
  std::uint64_t next_number_ = 0;
  Runs merging_inputs_;
  bool merging_follows_ = false;
  std::stop_source stop_;
  std::future<Result<Run>> merging_;
};

}  // namespace tarn::table
