#pragma once

#include <algorithm>
#include <utility>

#include "table/columns/row_identity.h"
#include "table/upsert.h"

namespace tarn::table {

/// Brings the numbers of the plan's rows into their order, and fills in the key and rank of each.
inline void complete_rows(UpsertPlan& plan, RowIdentities identities) {
  std::ranges::sort(plan.rows);
  if (plan.rows.size() == identities.keys.size()) {  // all
    plan.keys = std::move(identities.keys);
    plan.ranks = std::move(identities.ranks);
    return;
  }
  plan.keys.reserve(plan.rows.size());
  for (const std::int64_t row : plan.rows) {
    plan.keys.push_back(identities.keys[static_cast<std::size_t>(row)]);
    plan.ranks.append(identities.ranks[static_cast<std::size_t>(row)]);
  }
}

}  // namespace tarn::table
