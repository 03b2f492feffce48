#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "io/object_store.h"
#include "table/maintenance/compaction.h"
#include "table/maintenance/moved_places.h"

/// Where compaction puts rows, written beside the metadata so that key indices follow by file and position
/// instead of reading the new files and looking up every key. It is a hint: who lacks it reads the files.
///
///   TRNMOVE1
///   groups, each: path of the new file (empty: no row is left), former files, each: path, rows, the places
///   8 bytes: XXH3 of all before
///
/// Numbers are LEB128; texts have their size before them. A place is 0 for a row that is gone, else one more
/// than the zig-zagged distance to the place behind the one before.
namespace tarn::table {

/// Names the file of moves in a snapshot's summary.
inline constexpr const char* kMovesProperty = "tarn.moves";

struct MovedFile {
  std::string path = {};
  MovedPlaces places = {};
};

struct MovedGroup {
  std::string new_path = {};
  std::vector<MovedFile> files = {};
};

std::string moves_to_bytes(std::span<const RewrittenGroup> groups);
/// Errors: table.index_failed.
Result<std::vector<MovedGroup>> moves_from_bytes(std::string_view bytes);

/// Where the moves of the compaction `id` lie.
std::string moves_location(const iceberg::TableMetadata& metadata, const std::string& id);
/// Where those that a snapshot names lie.
std::optional<std::string> moves_location(const iceberg::TableMetadata& metadata,
                                          const iceberg::Snapshot& snapshot);
/// The moves of a snapshot; nothing when it has none, or when they cannot be used, whatever the reason.
std::vector<MovedGroup> read_moves(io::ObjectStore& store, const iceberg::TableMetadata& metadata,
                                   const iceberg::Snapshot& snapshot);

}  // namespace tarn::table
