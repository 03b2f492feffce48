#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "backup/repository.h"
#include "base/result.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "state/database.h"

namespace tarn::backup {

struct Services {
  io::ObjectStore& store;
  io::Clock& clock;
  io::Random& random;
};

/// How far a long work has come. Called from several threads, one at a time.
using Progress = std::function<void(std::uint64_t files, std::uint64_t of, std::uint64_t bytes)>;

struct CreateOptions {
  std::string project = "";
  std::string project_folder = "";  ///< Absolute.
  std::string warehouse = "";
  std::string landing = "";  ///< The landing zone's folder.
  std::string tarn_version = "";
  /// The project's own files (tarn.yaml, contracts) by their path in its folder.
  std::vector<std::pair<std::string, std::string>> project_files = {};
  /// Where a landed content lies.
  std::function<std::string(const Sha256Digest&)> landed_at = {};
  /// A local folder for the copy of the state. It must exist; one backup at a time uses it.
  std::string scratch = "";
  std::size_t threads = 2;  ///< Each holds one file in memory.
  /// Compare every file with the repository's bytes instead of relying on the last backup.
  bool recheck = false;
  Progress progress = {};
};

struct CreateReport {
  Manifest manifest = {};
  std::uint64_t files_copied = 0;
  std::uint64_t bytes_copied = 0;
};

/// Copies what the repository does not have yet: a consistent copy of the state first, then what it names.
/// Ingest, maintenance and other engines may go on meanwhile; what they commit is in the next backup. Where
/// a file vanishes under it (maintenance), it begins anew with a newer state; files that are gone then, too,
/// are in Manifest::missing. Stopped or killed, it leaves no backup, and the next one goes on with what was
/// copied. Errors: those of the repository, the state and the store; backup.stopped.
Result<CreateReport> create_backup(Repository& repository, state::Database& database, Services services,
                                   const CreateOptions& options, std::stop_token stop);

}  // namespace tarn::backup
