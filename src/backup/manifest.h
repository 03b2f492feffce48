#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/result.h"

namespace tarn::backup {

/// A file as it was, and under which digest its bytes are kept.
struct BackedFile {
  std::string location = "";  ///< As the tables name it; of the project's own files the path in its folder.
  std::uint64_t size_bytes = 0;
  Sha256Digest sha256 = {};
  bool operator==(const BackedFile&) const = default;
};

/// A table or view as the catalog had it.
struct BackedTable {
  TableName name = {};
  std::string metadata_location = "";
  bool is_view = false;
  std::optional<std::int64_t> snapshot_id = std::nullopt;  ///< Nothing: a view, or a table without rows.
  bool operator==(const BackedTable&) const = default;
};

/// One backup: a point in time, and everything that it takes to have it again.
struct Manifest {
  std::string id = "";  ///< Sorts by time: `20261121T182233.018245Z-1f0c`.
  std::int64_t created_at_us = 0;
  std::string project = "";         ///< Its name.
  std::string project_folder = "";  ///< Absolute.
  std::string landing = "";         ///< The landing zone's folder.
  std::string tarn_version = "";
  BackedFile state = {};
  std::int64_t last_arrival = 0;  ///< Landed bytes are kept of the arrivals up to this one.
  std::vector<BackedTable> tables = {};
  std::vector<BackedFile> project_files = {};
  std::vector<BackedFile> files = {};     ///< Of the tables and views; sorted by location.
  std::vector<std::string> missing = {};  ///< What the lake named and did not have.

  std::uint64_t table_bytes() const;
  bool operator==(const Manifest&) const = default;
};

/// Lines of JSON: the backup, then a line for each file, and last one with the SHA-256 of all before it.
std::string to_text(const Manifest& manifest);
/// backup.damaged when it is cut or changed.
Result<Manifest> parse_manifest(std::string_view text);

}  // namespace tarn::backup
