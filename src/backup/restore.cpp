#include "backup/restore.h"

#include <fmt/format.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <vector>

#include "backup/errors.h"
#include "backup/inventory.h"
#include "base/parallel.h"
#include "io/errors.h"

namespace tarn::backup {
namespace {

/// A file of the backup and where it belongs.
struct Target {
  BackedFile file = {};
  std::string location = "";
};

// The state as a file of this machine, to be asked what it names.
Result<std::unique_ptr<state::Database>> open_state(Repository& repository, const Manifest& manifest,
                                                    Services services, const std::string& scratch) {
  const std::string path = scratch + "/restored.db";
  for (const char* const ending : {"", "-wal", "-shm"})
    static_cast<void>(std::remove((path + ending).c_str()));  // of an earlier one
  TARN_ASSIGN_OR_RETURN(const std::string bytes, repository.get(manifest.state));
  TARN_RETURN_IF_ERROR(services.store.write(path, bytes, io::IfExists::kReplace));
  return state::Database::open(path, state::OpenMode::kReadOnly);
}

Result<std::vector<Target>> targets_of(Repository& repository, const Manifest& manifest, Services services,
                                       const RestoreOptions& options) {
  const auto place = [&](const std::string& location) {
    return options.below.empty() ? location : drill_location(options.below, location);
  };
  std::vector<Target> targets;
  for (const BackedFile& file : manifest.files) targets.push_back({file, place(file.location)});
  TARN_ASSIGN_OR_RETURN(const auto state, open_state(repository, manifest, services, options.scratch));
  TARN_ASSIGN_OR_RETURN(const auto landed, landed_files(*state, ArrivalId(0)));
  for (const LandedFile& file : landed) {
    const std::string location = options.landed_at(file.sha256);
    if (std::ranges::find(manifest.missing, location) != manifest.missing.end()) continue;
    targets.push_back({{location, file.size_bytes, file.sha256}, place(location)});
  }
  for (const BackedFile& file : manifest.project_files)
    targets.push_back({file, place(manifest.project_folder + "/" + file.location)});
  return targets;
}

class Restorer {
 public:
  Restorer(Repository& repository, io::ObjectStore& store, const RestoreOptions& options,
           std::stop_token stop)
      : repository_(repository), store_(store), options_(options), stop_(std::move(stop)) {}

  /// Which of the targets are there and differ.
  Result<std::vector<std::string>> differing(const std::vector<Target>& targets) {
    std::vector<std::string> found;
    const Status done = each(targets, [&](const Target& target) -> Status {
      const Result<io::ObjectInfo> info = store_.stat(target.location);
      if (!info.ok()) return info.error().name() == io::kNotFound.name ? ok_status() : Status(info.error());
      TARN_ASSIGN_OR_RETURN(const bool same, is_same(target));
      if (same) return ok_status();
      const std::lock_guard lock(mutex_);
      found.push_back(target.location);
      return ok_status();
    });
    TARN_RETURN_IF_ERROR(done);
    return found;
  }

  Status write(const std::vector<Target>& targets) {
    total_ = targets.size();
    const Status done = each(targets, [&](const Target& target) -> Status {
      TARN_ASSIGN_OR_RETURN(const bool same, is_same(target));
      if (!same) {
        TARN_ASSIGN_OR_RETURN(const std::string bytes, repository_.get(target.file));
        TARN_RETURN_IF_ERROR(store_.write(target.location, bytes, io::IfExists::kReplace));
      }
      const std::lock_guard lock(mutex_);
      ++(same ? report_.files_there : report_.files_written);
      if (!same) report_.bytes_written += target.file.size_bytes;
      if (options_.progress) options_.progress(++done_, total_, report_.bytes_written);
      return ok_status();
    });
    TARN_RETURN_IF_ERROR(done);
    return store_.sync();
  }

  Result<std::uint64_t> verify(const std::vector<Target>& targets) {
    total_ = targets.size();
    std::uint64_t bytes_read = 0;
    const Status done = each(targets, [&](const Target& target) -> Status {
      TARN_ASSIGN_OR_RETURN(const std::string bytes, repository_.get(target.file));
      const std::lock_guard lock(mutex_);
      bytes_read += bytes.size();
      if (options_.progress) options_.progress(++done_, total_, bytes_read);
      return ok_status();
    });
    TARN_RETURN_IF_ERROR(done);
    return bytes_read;
  }

  const RestoreReport& report() const { return report_; }

 private:
  template <typename Work>
  Status each(const std::vector<Target>& targets, const Work& work) {
    std::atomic<std::size_t> next = 0;
    std::atomic<bool> failed = false;
    return run_parallel(options_.threads, [&](std::size_t) -> Status {
      for (std::size_t at = next++; at < targets.size() && !failed; at = next++) {
        if (stop_.stop_requested()) return Error(kStopped, "stopped before everything was done");
        if (Status worked = work(targets[at]); !worked.ok()) {
          failed = true;
          return worked;
        }
      }
      return ok_status();
    });
  }

  Result<bool> is_same(const Target& target) {
    const Result<io::ObjectInfo> info = store_.stat(target.location);
    if (!info.ok() && info.error().name() == io::kNotFound.name) return false;
    if (!info.ok()) return info.error();
    if (info->size_bytes != target.file.size_bytes) return false;
    TARN_ASSIGN_OR_RETURN(const std::string bytes, store_.read(target.location));
    return sha256(bytes) == target.file.sha256;
  }

  Repository& repository_;
  io::ObjectStore& store_;
  const RestoreOptions& options_;
  std::stop_token stop_;
  std::mutex mutex_;
  RestoreReport report_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

Status check_vacant(Restorer& restorer, const std::vector<Target>& targets) {
  TARN_ASSIGN_OR_RETURN(const std::vector<std::string> differing, restorer.differing(targets));
  if (differing.empty()) return ok_status();
  return Error(kWouldOverwrite, fmt::format("{} file{} would be replaced, {} among them", differing.size(),
                                            differing.size() == 1 ? "" : "s", differing.front()));
}

}  // namespace

std::string drill_location(const std::string& below, const std::string& location) {
  // Of `file:///lake/a` and of `/lake/a` the path, of `s3://bucket/a` all behind the scheme.
  const Result<std::string> path = io::local_path(location);
  if (path.ok()) return below + *path;
  const std::size_t scheme = location.find("://");
  return below + "/" + (scheme == std::string::npos ? location : location.substr(scheme + 3));
}

Result<RestoreReport> restore(Repository& repository, const Manifest& manifest, Services services,
                              const RestoreOptions& options, std::stop_token stop) {
  TARN_ASSIGN_OR_RETURN(const std::vector<Target> targets,
                        targets_of(repository, manifest, services, options));
  const std::vector<Target> state = {
      {manifest.state, options.below.empty() ? manifest.state.location
                                             : drill_location(options.below, manifest.state.location)}};
  Restorer restorer(repository, services.store, options, std::move(stop));
  if (!options.overwrite) {
    TARN_RETURN_IF_ERROR(check_vacant(restorer, targets));
    TARN_RETURN_IF_ERROR(check_vacant(restorer, state));
  }
  TARN_RETURN_IF_ERROR(restorer.write(targets));
  // A log of the former state would be applied to the restored one.
  for (const char* const ending : {"-wal", "-shm"})
    TARN_RETURN_IF_ERROR(services.store.remove(state.front().location + ending));
  TARN_RETURN_IF_ERROR(restorer.write(state));
  return restorer.report();
}

Result<std::uint64_t> verify(Repository& repository, const Manifest& manifest, const RestoreOptions& options,
                             Services services, std::stop_token stop) {
  TARN_ASSIGN_OR_RETURN(const std::vector<Target> targets,
                        targets_of(repository, manifest, services, options));
  Restorer restorer(repository, services.store, options, std::move(stop));
  TARN_ASSIGN_OR_RETURN(const std::uint64_t bytes, restorer.verify(targets));
  return bytes + manifest.state.size_bytes;
}

Result<std::vector<Sha256Digest>> landed_of(Repository& repository, const Manifest& manifest,
                                            Services services, const std::string& scratch) {
  TARN_ASSIGN_OR_RETURN(const auto state, open_state(repository, manifest, services, scratch));
  TARN_ASSIGN_OR_RETURN(const auto landed, landed_files(*state, ArrivalId(0)));
  std::vector<Sha256Digest> digests;
  for (const LandedFile& file : landed) digests.push_back(file.sha256);
  return digests;
}

}  // namespace tarn::backup
