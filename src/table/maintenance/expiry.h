#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"

/// Which snapshots, branches and tags of a table may go. Pure: metadata in, updates out.
///
///   const ExpiryPlan plan = plan_expiry(metadata, policy, now_ms);
///   … commit plan.updates upon plan.requirements, and only then remove the files, see reachable.h
namespace tarn::table {

/// The table's properties `history.expire.max-snapshot-age-ms`, `history.expire.min-snapshots-to-keep` and
/// `history.expire.max-ref-age-ms`, and the settings of each branch and tag, take precedence, as Iceberg's
/// specification has them ("Snapshot Retention Policy").
struct ExpiryPolicy {
  std::optional<std::int64_t> max_snapshot_age_ms = std::nullopt;  ///< Nothing: for ever.
  std::int32_t min_snapshots_to_keep = 1;
  std::optional<std::int64_t> max_ref_age_ms = std::nullopt;
  /// Keeps the last snapshot of each month of main for ever, by a tag `month-2026-10`.
  bool monthly_tags = false;
};

struct ExpiryPlan {
  std::vector<std::int64_t> snapshot_ids = {};
  std::vector<std::string> removed_refs = {};
  std::vector<std::string> added_tags = {};
  std::vector<iceberg::TableUpdate> updates = {};
  std::vector<iceberg::TableRequirement> requirements = {};

  bool empty() const { return updates.empty(); }
};

/// Nothing where the table's property `gc.enabled` is `false`. A branch keeps its ancestors that are young
/// enough or among the least number; snapshots that no branch or tag leads to go by age.
ExpiryPlan plan_expiry(const iceberg::TableMetadata& metadata, const ExpiryPolicy& policy,
                       std::int64_t now_ms);

/// Whether files of the table may be removed at all: its property `gc.enabled`.
bool may_remove_files(const iceberg::TableMetadata& metadata);

}  // namespace tarn::table
