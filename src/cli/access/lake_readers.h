#pragma once

#include <memory>

#include "query/access/principal.h"
#include "rest/table_readers.h"

namespace tarn::cli {

/// The users of access/*.yaml as the REST catalog asks about them.
std::shared_ptr<const rest::TableReaders> lake_readers(std::shared_ptr<const query::AccessPolicy> policy);

}  // namespace tarn::cli
