#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "query/views/deleted_rows.h"
#include "state/database.h"
#include "table/manifest_cache.h"

namespace tarn::query {

/// What sessions write with, besides what they read.
struct LakeWriting {
  io::Clock& clock;
  io::Random& random;
  std::int32_t format_version = 2;  ///< Of new tables.
  /// Tables that something else writes, and what: "the feed `labs`". SQL leaves them alone.
  std::map<TableName, std::string> written_by = {};
};

/// Tables as a session has changed them, before others see that.
class StagedTables {
 public:
  virtual ~StagedTables() = default;
  /// As of Catalog.
  virtual Result<catalog::Table> load_table(const TableName& name) const = 0;
  virtual Result<std::vector<TableName>> list_tables() const = 0;
};

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
  std::shared_ptr<const LakeWriting> writing = nullptr;  ///< Null: nobody writes by SQL.
  const StagedTables* staged = nullptr;                  ///< Of one session.

  Result<catalog::Table> load_table(const TableName& name) const {
    return staged != nullptr ? staged->load_table(name) : catalog.load_table(name);
  }
  Result<std::vector<TableName>> list_tables() const {
    return staged != nullptr ? staged->list_tables() : catalog.list_tables();
  }
};

}  // namespace tarn::query
