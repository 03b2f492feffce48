#include "table/index/runs/row_runs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/parallel.h"
#include "io/file_descriptor.h"
#include "io/posix_error.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".rows";
// So many young ones, none bigger than those after it together, become one.
constexpr std::size_t kMergedRuns = 4;
// A merge that is behind is waited for.
constexpr std::size_t kMostRuns = 32;
constexpr std::uint64_t kRowsBetweenLooks = 4096;

Error failed(const std::string& what, const std::error_code& error) {
  return {kIndexFailed, what + ": " + error.message()};
}

/// Makes the names in a folder durable.
Status sync_folder(const std::string& folder) {
  const io::FileDescriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened.valid()) return io::posix_error(errno, "open", folder);
  if (::fsync(opened.get()) != 0) return io::posix_error(errno, "flush", folder);
  return ok_status();
}

}  // namespace

Status visit_runs(std::span<const std::shared_ptr<const RunFile>> runs,
                  const std::function<Status(const RunRow&)>& visit) {
  std::vector<std::unique_ptr<RunCursor>> cursors;
  for (const auto& run : runs) {
    TARN_RETURN_IF_ERROR(cursors.emplace_back(std::make_unique<RunCursor>(run))->next());
    if (cursors.back()->row() == nullptr) cursors.pop_back();
  }
  while (!cursors.empty()) {
    std::size_t youngest = 0;
    for (std::size_t i = 1; i < cursors.size(); ++i)
      if (cursors[i]->row()->key <= cursors[youngest]->row()->key) youngest = i;
    const RowKey key = cursors[youngest]->row()->key;
    TARN_RETURN_IF_ERROR(visit(*cursors[youngest]->row()));
    for (std::size_t i = cursors.size(); i-- > 0;) {
      if (cursors[i]->row()->key != key) continue;
      TARN_RETURN_IF_ERROR(cursors[i]->next());
      if (cursors[i]->row() == nullptr) cursors.erase(cursors.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return ok_status();
}

std::string RowRuns::path_of(std::uint64_t number) const {
  return folder_ + "/" + std::to_string(number) + std::string(kSuffix);
}

std::string RowRuns::list(const Runs& runs) {
  std::string text;
  for (const Run& run : runs) text += (text.empty() ? "" : " ") + std::to_string(run->number());
  return text;
}

Status RowRuns::load(std::string_view list) {
  runs_.clear();
  while (!list.empty()) {
    const std::string_view word = list.substr(0, list.find(' '));
    list.remove_prefix(std::min(list.size(), word.size() + 1));
    std::uint64_t number = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), number).ec != std::errc())
      return Error(kIndexFailed, "the list of the key index's files in " + folder_ + " is damaged");
    TARN_ASSIGN_OR_RETURN(Run run, RunFile::open(path_of(number), number));
    runs_.push_back(std::move(run));
  }
  return remove_unused();
}

Status RowRuns::clear() {
  stop_merging();
  runs_.clear();
  return remove_unused();
}

std::uint64_t RowRuns::rows() const {
  std::uint64_t rows = 0;
  for (const Run& run : runs_) rows += run->rows();
  return rows;
}

Status RowRuns::find(std::span<const RowKey> keys, std::span<const std::uint32_t> order,
                     SoughtRows& sought) const {
  for (auto run = runs_.rbegin(); run != runs_.rend(); ++run)
    TARN_RETURN_IF_ERROR((*run)->find(keys, order, sought));
  return ok_status();
}

Result<RowRuns::Run> RowRuns::write(const std::function<Status(RunWriter&)>& produce) {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return failed("cannot make the folder " + folder_, error);
  return write(next_number_++, produce);
}

Result<RowRuns::Run> RowRuns::write(std::uint64_t number,
                                    const std::function<Status(RunWriter&)>& produce) const {
  const std::string path = path_of(number);
  const auto written = [&]() -> Result<Run> {
    TARN_ASSIGN_OR_RETURN(RunWriter writer, RunWriter::create(path));
    TARN_RETURN_IF_ERROR(produce(writer));
    TARN_RETURN_IF_ERROR(writer.finish());
    TARN_RETURN_IF_ERROR(sync_folder(folder_));
    return RunFile::open(path, number);
  };
  Result<Run> run = written();
  std::error_code ignored;  // the next load() removes what stays
  if (!run.ok()) fs::remove(path, ignored);
  return run;
}

void RowRuns::remove(const RunFile& run) const {
  std::error_code ignored;
  fs::remove(path_of(run.number()), ignored);
}

Status RowRuns::take(Runs runs) {
  for (const Run& former : std::exchange(runs_, std::move(runs))) {
    if (std::ranges::find(runs_, former) != runs_.end()) continue;
    std::error_code error;
    if (!fs::remove(path_of(former->number()), error) && error)
      return failed("cannot remove " + path_of(former->number()), error);
  }
  return ok_status();
}

Status RowRuns::remove_unused() {
  std::set<std::uint64_t> used;
  for (const Run& run : runs_) used.insert(run->number());
  std::error_code error;
  if (!fs::exists(folder_, error)) return ok_status();
  for (fs::directory_iterator at(folder_, error); !error && at != fs::end(at); at.increment(error)) {
    const fs::path path = at->path();
    const std::string name = path.filename().string();
    std::uint64_t number = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (bad != std::errc() || std::string_view(end) != kSuffix) continue;
    next_number_ = std::max(next_number_, number + 1);
    if (used.contains(number)) continue;
    std::error_code gone;
    if (!fs::remove(path, gone) && gone) return failed("cannot remove " + path.string(), gone);
  }
  return error ? Status(failed("cannot list " + folder_, error)) : ok_status();
}

void RowRuns::merge_if_due() {
  if (merging_.valid()) return;
  std::uint64_t younger = 0;
  std::size_t begin = runs_.size();
  while (begin > 0 && (younger == 0 || runs_[begin - 1]->rows() <= younger))
    younger += runs_[--begin]->rows();
  if (runs_.size() - begin < kMergedRuns) return;
  start({.inputs = Runs(runs_.begin() + static_cast<std::ptrdiff_t>(begin), runs_.end()),
         .has_oldest = begin == 0});
}

void RowRuns::merge_all(std::unique_ptr<MovedRows> moved) {
  start({.inputs = runs_, .has_oldest = true, .moved = std::move(moved)});
}

void RowRuns::start(Merge merge) {
  merge.number = next_number_++;
  merging_inputs_ = merge.inputs;
  merging_follows_ = merge.moved != nullptr;
  stop_ = std::stop_source();
  const auto work = [this, merge = std::make_shared<const Merge>(std::move(merge)),
                     stop = stop_.get_token()] { return run(*merge, stop); };
  try {
    merging_ = std::async(launch_beside(threads_), work);
  } catch (const std::system_error&) {
    // The machine has no thread left: when the owner comes for the result, she makes it herself.
    merging_ = std::async(std::launch::deferred, work);
  }
}

Result<RowRuns::Run> RowRuns::run(const Merge& merge, const std::stop_token& stop) const {
  return write(merge.number, [&](RunWriter& writer) {
    std::uint64_t seen = 0;
    return visit_runs(merge.inputs, [&](RunRow row) -> Status {
      if (++seen % kRowsBetweenLooks == 0 && stop.stop_requested())
        return Error(kIndexFailed, "merging files of the key index was stopped");
      if (row.is_gone) return merge.has_oldest ? ok_status() : writer.add(row);
      if (merge.moved != nullptr) TARN_RETURN_IF_ERROR(merge.moved->follow(row.file_id, row.position));
      return writer.add(row);
    });
  });
}

Result<std::optional<RowRuns::Merged>> RowRuns::merged() {
  if (!merging_.valid()) return std::optional<Merged>();
  const bool is_behind = runs_.size() >= kMostRuns;
  if (!is_behind && merging_.wait_for(std::chrono::seconds(0)) == std::future_status::timeout)
    return std::optional<Merged>();
  Result<Run> made = merging_.get();
  const Runs inputs = std::exchange(merging_inputs_, {});
  if (!made.ok()) {
    // A full disk: with the next rows it is tried again.
    if (&made.error().code() != &kIndexFailed && !is_behind) return std::optional<Merged>();
    return std::move(made).error();
  }
  Merged merged{.runs = runs_, .follows_moves = merging_follows_};
  const auto begin = std::ranges::find(merged.runs, inputs.front());
  const auto end = begin + static_cast<std::ptrdiff_t>(inputs.size());
  *begin = *std::move(made);
  merged.runs.erase(begin + 1, end);
  return std::optional(std::move(merged));
}

void RowRuns::stop_merging() {
  if (!merging_.valid()) return;
  stop_.request_stop();
  // Waiting for one that waits to be waited for would begin it.
  if (merging_.wait_for(std::chrono::seconds(0)) != std::future_status::deferred) merging_.wait();
  merging_ = {};
  merging_inputs_.clear();
}

}  // namespace tarn::table
