#include "workload/workload.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>

#include "base/civil_time.h"
#include "workload/errors.h"
#include "workload/feeds/feed_zip.h"

namespace tarn::workload {
namespace {

namespace fs = std::filesystem;

/// When the facility sent the zip: within a day of the end of what it covers.
std::int64_t sent_at(const Plan& plan, std::uint32_t zip) {
  return plan.window_end(zip) +
         static_cast<std::int64_t>(mix(plan.options.seed ^ 0x53656E74ULL, zip) % 86'400);
}

std::string zip_name(const Plan& plan, std::uint32_t zip) {
  const std::string facility = facility_id(plan.zips[zip].facility);
  std::string name = fmt::format("{}/{}_{}_", facility, prefix_of(plan.zips[zip].kind), facility);
  append_compact(name, sent_at(plan, zip), 12);
  name += fmt::format("_{:07}", zip + 1);
  return name;
}

/// Writes aside, gives the file its time, and renames it: a reader never sees half of it.
Status write_file(const fs::path& path, std::string_view bytes, std::int64_t modified) {
  const fs::path aside = fs::path(path) += ".part";
  std::ofstream out(aside, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return Error(kWriteFailed, fmt::format("cannot write {}", aside.string()));
  const timespec times[2] = {{modified, 0}, {modified, 0}};
  std::error_code problem;
  if (utimensat(AT_FDCWD, aside.c_str(), times, 0) != 0)
    problem = std::error_code(errno, std::generic_category());
  if (!problem) fs::rename(aside, path, problem);
  if (problem)
    return Error(kWriteFailed, fmt::format("cannot finish {}: {}", path.string(), problem.message()));
  return ok_status();
}

ZipWriter::Time time_of(std::int64_t seconds) {
  const CivilDate date = civil_from_days(static_cast<std::int32_t>(seconds / 86'400));
  const auto rest = static_cast<std::uint32_t>(seconds % 86'400);
  return {
      static_cast<std::uint32_t>(date.year), date.month, date.day, rest / 3600, rest / 60 % 60, rest % 60};
}

/// Writes zips, one after another, each wholly determined by the plan. One thread.
class ZipMaker {
 public:
  explicit ZipMaker(const Plan& plan) : plan_(plan), writer_(plan.options.compression) {}

  Status make(std::uint32_t zip) {
    const ZipPlan& planned = plan_.zips[zip];
    const std::string name = zip_name(plan_, zip);
    const std::int64_t sent = sent_at(plan_, zip);
    writer_.start(time_of(sent));
    FeedZip out(plan_, zip, name + ".zip", writer_, truth_);
    write_members(out);
    std::string_view bytes = writer_.finish();
    std::string replaced;
    const bool spoilt = spoil_archive(planned.defect, name, bytes, replaced);
    if (spoilt) bytes = replaced;
    if (spoilt) truth_.add_spoilt(Feed::kAdmissions, {name + ".zip", "", 0, planned.defect});
    truth_.add_zipped_bytes(bytes.size());
    truth_.add_file(planned.kind, false);
    TARN_RETURN_IF_ERROR(write_file(plan_.options.folder / (name + ".zip"), bytes, sent));
    if (!planned.resend) return ok_status();
    truth_.add_file(planned.kind, true);
    return write_file(plan_.options.folder / (name + "_R1.zip"), bytes, sent + 86'400);
  }
  const Truth& truth() const { return truth_; }

 private:
  void write_members(FeedZip& out) {
    // Some senders put a note beside the data.
    const bool note = mix(plan_.options.seed ^ 0x4E6F7465ULL, out.number()) % 50 == 0;
    switch (out.zip().kind) {
      case ZipKind::kAdt:
        if (note)
          out.add_ignored_member(Feed::kAdmissions, "MANIFEST.md", "# Sent by the interface engine\n");
        return write_adt(out);
      case ZipKind::kLab:
        return write_lab(out, 100);
      case ZipKind::kClaims:
        return write_claims(out);
      case ZipKind::kCensus:
        return write_census(out, 100);
      case ZipKind::kDemographics:
        return write_demographics(out);
      case ZipKind::kMixed:
        write_census(out, 40);
        return write_lab(out, 50);
    }
  }

  /// True when the file is not the archive that was written but `replaced`. `name` makes the bytes those of
  /// no other file, which would be taken for a resend.
  static bool spoil_archive(Defect defect, const std::string& name, std::string_view bytes,
                            std::string& replaced) {
    if (defect == Defect::kTruncated) {
      replaced = bytes.substr(0, bytes.size() * 3 / 5);
    } else if (defect == Defect::kNotZip) {
      replaced =
          fmt::format("<html><head><title>502 Bad Gateway</title></head><body>No {}</body></html>\n", name);
    } else if (defect == Defect::kEmptyZip) {
      replaced = std::string("PK\x05\x06", 4) + std::string(16, '\0');
      replaced += static_cast<char>(name.size());  // An end record and its comment.
      replaced += '\0';
      replaced += name;
    } else {
      return false;
    }
    return true;
  }

  const Plan& plan_;
  ZipWriter writer_;
  Truth truth_;
};

/// Runs the makers over all zips and keeps the first error.
class Workshop {
 public:
  Workshop(const Plan& plan, const ProgressCallback& progress) : plan_(plan), progress_(progress) {}

  Result<Truth> run() {
    {
      std::vector<std::jthread> threads;
      const auto count = std::min<std::size_t>(plan_.options.threads, plan_.zips.size());
      for (std::size_t i = 0; i < count; ++i) threads.emplace_back([this] { work(); });
    }
    if (error_) return *std::move(error_);
    return std::move(truth_);
  }

 private:
  void work() {
    ZipMaker maker(plan_);
    for (;;) {
      const std::uint32_t zip = next_.fetch_add(1);
      if (zip >= plan_.zips.size() || failed_) break;
      const Status made = maker.make(zip);
      const std::scoped_lock lock(mutex_);
      if (!made.ok()) {
        failed_ = true;
        if (!error_) error_ = made.error();
        break;
      }
      if (++done_ % 16 == 0 && progress_) {
        progress_({done_, static_cast<std::uint32_t>(plan_.zips.size())});
      }
    }
    const std::scoped_lock lock(mutex_);
    truth_.merge(maker.truth());
  }

  const Plan& plan_;
  const ProgressCallback& progress_;
  std::atomic<std::uint32_t> next_ = 0;
  std::atomic<bool> failed_ = false;
  std::mutex mutex_;  // Guards what follows.
  std::uint32_t done_ = 0;
  Truth truth_;
  std::optional<Error> error_;
};

Status make_folders(const Plan& plan) {
  std::error_code problem;
  for (std::uint32_t i = 0; i < plan.options.facilities && i < plan.zips.size(); ++i) {
    const fs::path folder = plan.options.folder / facility_id(i);
    fs::create_directories(folder, problem);
    if (problem)
      return Error(kWriteFailed, fmt::format("cannot make {}: {}", folder.string(), problem.message()));
  }
  return ok_status();
}

}  // namespace

Result<WorkloadReport> make_workload(const WorkloadOptions& options, const ProgressCallback& progress) {
  const auto begin = std::chrono::steady_clock::now();
  TARN_ASSIGN_OR_RETURN(const Plan plan, make_plan(options));
  TARN_RETURN_IF_ERROR(make_folders(plan));
  TARN_ASSIGN_OR_RETURN(Truth truth, Workshop(plan, progress).run());
  TARN_RETURN_IF_ERROR(truth.write(plan, plan.options.truth_file));
  WorkloadReport report;
  truth.fill(report);
  report.truth_file = plan.options.truth_file;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

}  // namespace tarn::workload
