#include "backup/create.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <unordered_map>

#include "backup/errors.h"
#include "backup/inventory.h"
#include "base/civil_time.h"
#include "base/parallel.h"
#include "io/errors.h"

namespace tarn::backup {
namespace {

constexpr int kAttempts = 3;

std::string new_id(std::int64_t now_us, io::Random& random) {
  std::string id;
  for (const char c : format_timestamp(now_us / kMicrosPerSecond * kMicrosPerSecond))
    if (c != '-' && c != ':') id += c;
  const auto bytes = random.bytes16();
  return id + fmt::format(".{:06}Z-{:02x}{:02x}", now_us % kMicrosPerSecond, bytes[0], bytes[1]);
}

/// Removed when the backup is done with it.
class StateCopy {
 public:
  static Result<StateCopy> make(state::Database& database, const std::string& folder) {
    StateCopy copy(folder + "/state.db");
    static_cast<void>(std::remove(copy.path_.c_str()));  // of one that was killed
    TARN_RETURN_IF_ERROR(database.copy_to(copy.path_));
    return copy;
  }
  explicit StateCopy(std::string path) : path_(std::move(path)) {}
  StateCopy(StateCopy&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  StateCopy& operator=(StateCopy&&) = delete;
  ~StateCopy() {
    if (path_.empty()) return;
    for (const char* const ending : {"", "-wal", "-shm"})
      static_cast<void>(std::remove((path_ + ending).c_str()));
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Reads files and puts what is new into the repository, with several threads.
class Copier {
 public:
  Copier(Repository& repository, io::ObjectStore& store, const CreateOptions& options, std::stop_token stop,
         CreateReport& report)
      : repository_(repository), store_(store), options_(options), stop_(std::move(stop)), report_(report) {}

  /// Sets size and digest of each file; of one that is not there, the size stays and the digest is zero, and
  /// its location is returned. A file of another size than its table tells is backup.incomplete.
  Result<std::vector<std::string>> copy(std::vector<BackedFile>& files,
                                        const std::vector<std::optional<std::uint64_t>>& sizes) {
    std::atomic<std::size_t> next = 0;
    std::vector<std::string> missing;
    const Status copied_all = run_parallel(options_.threads, [&](std::size_t) -> Status {
      for (std::size_t at = next++; at < files.size() && !failed_; at = next++) {
        if (stop_.stop_requested()) return Error(kStopped, "stopped before the backup was whole");
        const Status copied = copy_one(files[at], sizes[at]);
        if (copied.ok()) continue;
        if (copied.error().name() != io::kNotFound.name) {
          failed_ = true;
          return copied;
        }
        const std::lock_guard lock(mutex_);
        missing.push_back(files[at].location);
      }
      return ok_status();
    });
    TARN_RETURN_IF_ERROR(copied_all);
    return missing;
  }

  /// Of bytes in memory.
  Result<BackedFile> keep(std::string name, std::string_view bytes) {
    BackedFile file{std::move(name), bytes.size(), sha256(bytes)};
    TARN_RETURN_IF_ERROR(put(file, bytes));
    return file;
  }

  void set_total(std::uint64_t total) { total_ += total; }

 private:
  Status copy_one(BackedFile& file, std::optional<std::uint64_t> size_bytes) {
    TARN_ASSIGN_OR_RETURN(const std::string bytes, store_.read(file.location));
    const Sha256Digest digest = sha256(bytes);
    if (size_bytes && bytes.size() != *size_bytes) {
      return Error(kIncomplete, fmt::format("{} has {} bytes, its table says {}", file.location, bytes.size(),
                                            *size_bytes));
    }
    if (file.sha256 != Sha256Digest() && file.sha256 != digest)
      return Error(kIncomplete, file.location + " holds other bytes than those that arrived");
    file.size_bytes = bytes.size();
    file.sha256 = digest;
    TARN_RETURN_IF_ERROR(put(file, bytes));
    return ok_status();
  }

  Status put(const BackedFile& file, std::string_view bytes) {
    TARN_ASSIGN_OR_RETURN(bool there, repository_.has(file.sha256, file.size_bytes));
    if (there && options_.recheck) there = repository_.get(file).ok();  // damaged bytes are put in anew
    if (!there) TARN_RETURN_IF_ERROR(repository_.put(file.sha256, bytes));
    const std::lock_guard lock(mutex_);
    if (!there) {
      ++report_.files_copied;
      report_.bytes_copied += file.size_bytes;
    }
    if (options_.progress) options_.progress(++done_, total_, report_.bytes_copied);
    return ok_status();
  }

  Repository& repository_;
  io::ObjectStore& store_;
  const CreateOptions& options_;
  std::stop_token stop_;
  CreateReport& report_;
  std::mutex mutex_;
  std::atomic<bool> failed_ = false;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

/// What the last backup vouches for; nothing with `recheck`.
using Known = std::unordered_map<std::string, BackedFile>;

Status copy_tables(Copier& copier, const Inventory& inventory, const Known& known, Manifest& manifest) {
  std::vector<BackedFile> fresh;
  std::vector<std::optional<std::uint64_t>> sizes;
  for (const NamedFile& file : inventory.files) {
    const auto at = known.find(file.location);
    // Tables' files never change: the same name is the same bytes.
    if (at != known.end() && file.size_bytes.value_or(at->second.size_bytes) == at->second.size_bytes) {
      manifest.files.push_back(at->second);
    } else {
      fresh.push_back({.location = file.location});
      sizes.push_back(file.size_bytes);
    }
  }
  copier.set_total(fresh.size());
  TARN_ASSIGN_OR_RETURN(const std::vector<std::string> gone, copier.copy(fresh, sizes));
  manifest.missing.insert(manifest.missing.end(), gone.begin(), gone.end());
  for (BackedFile& file : fresh)
    if (std::ranges::find(gone, file.location) == gone.end()) manifest.files.push_back(std::move(file));
  std::ranges::sort(manifest.files, {}, &BackedFile::location);
  return ok_status();
}

// Landed bytes of files that only earlier arrivals brought are there since the backup that names those.
Status copy_landed(Copier& copier, state::Database& copy, const CreateOptions& options,
                   const std::optional<Manifest>& last, Manifest& manifest) {
  const bool goes_on = last && !options.recheck && last->missing.empty();
  TARN_ASSIGN_OR_RETURN(const auto landed, landed_files(copy, ArrivalId(goes_on ? last->last_arrival : 0)));
  std::vector<BackedFile> files;
  for (const LandedFile& file : landed)
    files.push_back({options.landed_at(file.sha256), file.size_bytes, file.sha256});
  const std::vector<std::optional<std::uint64_t>> sizes(files.size());
  copier.set_total(files.size());
  TARN_ASSIGN_OR_RETURN(const std::vector<std::string> gone, copier.copy(files, sizes));
  manifest.missing.insert(manifest.missing.end(), gone.begin(), gone.end());
  return ok_status();
}

}  // namespace

Result<CreateReport> create_backup(Repository& repository, state::Database& database, Services services,
                                   const CreateOptions& options, std::stop_token stop) {
  TARN_ASSIGN_OR_RETURN(const std::optional<Manifest> last, repository.newest());
  Known known;
  if (last && !options.recheck)
    for (const BackedFile& file : last->files) known.emplace(file.location, file);
  CreateReport report;
  for (int attempt = 1;; ++attempt) {
    Manifest manifest;
    manifest.created_at_us = services.clock.now_us();
    manifest.id = new_id(manifest.created_at_us, services.random);
    manifest.project = options.project;
    manifest.project_folder = options.project_folder;
    manifest.landing = options.landing;
    manifest.tarn_version = options.tarn_version;
    TARN_ASSIGN_OR_RETURN(const StateCopy copied, StateCopy::make(database, options.scratch));
    TARN_ASSIGN_OR_RETURN(const auto copy, state::Database::open(copied.path(), state::OpenMode::kReadOnly));
    catalog::Catalog catalog(*copy, services.store, services.clock, services.random, options.warehouse);
    table::ManifestCache manifests(services.store);
    TARN_ASSIGN_OR_RETURN(Inventory inventory, take_inventory(*copy, catalog, services.store, manifests));
    manifest.tables = inventory.tables;
    manifest.missing = inventory.missing;
    Copier copier(repository, services.store, options, stop, report);
    TARN_RETURN_IF_ERROR(copy_tables(copier, inventory, known, manifest));
    TARN_RETURN_IF_ERROR(copy_landed(copier, *copy, options, last, manifest));
    if (!manifest.missing.empty() && attempt < kAttempts) continue;
    TARN_ASSIGN_OR_RETURN(const ArrivalId last_arrival, state::last_arrival(*copy));
    manifest.last_arrival = last_arrival.value();
    for (const auto& [path, text] : options.project_files) {
      TARN_ASSIGN_OR_RETURN(BackedFile file, copier.keep(path, text));
      manifest.project_files.push_back(std::move(file));
    }
    TARN_ASSIGN_OR_RETURN(const std::string state, services.store.read(copied.path()));
    TARN_ASSIGN_OR_RETURN(manifest.state, copier.keep(database.name(), state));
    TARN_RETURN_IF_ERROR(repository.publish(manifest));
    report.manifest = std::move(manifest);
    return report;
  }
}

}  // namespace tarn::backup
