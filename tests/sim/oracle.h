#pragma once

#include <set>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "sim/senders.h"
#include "sim/sim_store.h"
#include "state/database.h"

namespace tarn::sim {

/// Holds a lake against what was sent: every record is in exactly one of table or quarantine, history is
/// linear, no snapshot names a missing file, landed bytes are the sent ones, and the numbers add up.
class Oracle {
 public:
  Oracle(const Senders& senders, SimStore& store, std::string landing)
      : senders_(senders), store_(store), landing_(std::move(landing)) {}

  /// What is wrong, one sentence each.
  std::vector<std::string> check(state::Database& database, catalog::Catalog& catalog) const;
  /// Files below the tables that no snapshot names, after their removal.
  std::vector<std::string> check_no_orphans(catalog::Catalog& catalog) const;

 private:
  using Found = std::vector<std::string>;
  using Rows = std::vector<std::string>;
  Rows rows(catalog::Catalog& catalog, const TableName& name, const std::vector<std::string>& columns) const;
  static void compare(const std::string& what, Rows expected, Rows is, Found& found);
  void check_tables(catalog::Catalog& catalog, Found& found) const;
  Rows histories() const;
  Rows former_wards() const;
  Rows listed() const;
  void check_quarantine(state::Database& database, Found& found) const;
  void check_ledger(state::Database& database, Found& found) const;
  void check_history(catalog::Catalog& catalog, Found& found) const;
  Status check_snapshots(const iceberg::TableMetadata& metadata, std::set<std::string>& named,
                         Found& found) const;
  std::string content_of(const std::string& path) const;

  const Senders& senders_;
  SimStore& store_;
  std::string landing_;
};

}  // namespace tarn::sim
