#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "backup/create.h"
#include "backup/repository.h"
#include "base/result.h"

namespace tarn::backup {

struct RestoreOptions {
  /// Where a landed content belongs.
  std::function<std::string(const Sha256Digest&)> landed_at = {};
  /// For drills: everything goes below this folder, tables' files under their own path in it. Empty: where it
  /// was, the only place where tables can be used, since they name their files by absolute locations.
  std::string below = "";
  bool overwrite = false;    ///< Replace what differs. Without it nothing is written when something differs.
  std::string scratch = "";  ///< A local folder, as in CreateOptions.
  std::size_t threads = 2;
  Progress progress = {};
};

struct RestoreReport {
  std::uint64_t files_written = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t files_there = 0;  ///< With the right bytes already.
};

/// Puts everything back: files of the tables and the landing zone first, the state last, so that a restore
/// that was cut can be run again. Every file's bytes are verified, those that lie there already included.
/// Errors: backup.would_overwrite, backup.damaged, backup.stopped, those of the store and the state.
Result<RestoreReport> restore(Repository& repository, const Manifest& manifest, Services services,
                              const RestoreOptions& options, std::stop_token stop);

/// Reads every byte that the backup names, without restoring it; returns how many. backup.damaged for the
/// first that is not right.
Result<std::uint64_t> verify(Repository& repository, const Manifest& manifest, const RestoreOptions& options,
                             Services services, std::stop_token stop);

/// The digests of the landed bytes that the backup names. `scratch` as in CreateOptions.
Result<std::vector<Sha256Digest>> landed_of(Repository& repository, const Manifest& manifest,
                                            Services services, const std::string& scratch);

/// Where a location lies in a drill's folder.
std::string drill_location(const std::string& below, const std::string& location);

}  // namespace tarn::backup
