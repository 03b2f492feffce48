#pragma once

#include <memory>

#include "cli/access/access_watch.h"
#include "rest/table_readers.h"

namespace tarn::cli {

/// The users of access/*.yaml as the REST catalog asks about them. There are users, and `watch` outlives it.
std::shared_ptr<const rest::TableReaders> lake_readers(const AccessWatch& watch);

}  // namespace tarn::cli
