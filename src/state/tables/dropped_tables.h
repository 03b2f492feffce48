#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"

/// Tables that were dropped and whose files are still there: who reads one goes on reading, and a mistake can
/// be undone, until maintenance removes them.
namespace tarn::state {

struct DroppedTable {
  std::int64_t id = 0;  ///< Given by note_dropped(); later ones are greater.
  TableName name = {};
  std::string metadata_location = "";
  std::string location = "";  ///< The table's folder.
  std::int64_t dropped_at_us = 0;
};

Status note_dropped(Transaction& transaction, const DroppedTable& table);
/// The oldest first.
Result<std::vector<DroppedTable>> dropped_tables(Database& database);
/// state.not_found: somebody else was faster.
Status forget_dropped(Transaction& transaction, std::int64_t id);

}  // namespace tarn::state
