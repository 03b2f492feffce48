#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backup/restore.h"
#include "base/result.h"

namespace tarn::backup {

/// A table that was read from its restored files.
struct ProvenTable {
  TableName name = {};
  std::int64_t snapshots = 0;
  std::int64_t rows = 0;  ///< Live ones of the current snapshot, each read.
};

struct Proof {
  std::vector<ProvenTable> tables = {};
  std::vector<std::string> left_alone =
      {};  ///< Tables of forms that Tarn does not read, and views; for people.
};

/// That what was restored below a folder (RestoreOptions::below) is a whole lake: the state passes its own
/// checks, the catalog names what the backup says, and of every table each row of the current snapshot is
/// read from the restored files and counted against the table's metadata. Nothing outside of the folder is
/// read. Errors: backup.proof_failed, those of the state, the store and the tables.
Result<Proof> prove(const Manifest& manifest, Services services, const std::string& below);

}  // namespace tarn::backup
