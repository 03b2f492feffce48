#pragma once

#include <functional>
#include <memory>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "io/object_store.h"
#include "query/views/deleted_rows.h"
#include "state/database.h"
#include "table/manifest_cache.h"

namespace tarn::query {

/// What sessions read: all must outlive them. Shared by any number of sessions in any threads.
struct Lake {
  catalog::Catalog& catalog;
  state::Database& state;
  table::ManifestCache& manifests;
  io::ObjectStore& store;
  /// Called before each statement, where data files are not read as this process's user: to renew what the
  /// engine reads them with. May be empty.
  std::function<Status()> renew_access = {};
  std::shared_ptr<DeletedRows> deleted_rows = std::make_shared<DeletedRows>();
};

}  // namespace tarn::query
