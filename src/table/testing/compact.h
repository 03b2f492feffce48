#pragma once

#include <functional>
#include <string>
#include <vector>

#include "table/maintenance/compaction.h"
#include "table/maintenance/row_moves.h"
#include "table/testing/table.h"

/// Compaction of a TestTable, step by step. Only for tests.
namespace tarn::table::testing {

/// Merges whatever there are two of.
inline CompactionPolicy eager() {
  return {.target_file_bytes = 1 << 20, .min_files = 2, .max_deleted_percent = 1};
}

struct CompactionRun {
  CompactionPlan plan;
  std::vector<RewrittenGroup> groups;
};

/// Plans and writes; commits nothing.
inline Result<CompactionRun> rewrite(TestTable& table, const CompactionPolicy& policy,
                                     const std::string& batch_id) {
  CompactionRun run;
  TARN_ASSIGN_OR_RETURN(run.plan, plan_compaction(table.store, table.cache, table.metadata, policy));
  DeleteFileCache deletes(table.store);
  for (const FileGroup& group : run.plan.groups) {
    TARN_ASSIGN_OR_RETURN(auto rewritten,
                          rewrite_group(table.store, deletes, table.metadata, group,
                                        {.batch_id = batch_id,
                                         .number = static_cast<std::uint32_t>(run.groups.size()),
                                         .memory_bytes = policy.memory_bytes,
                                         .spill_folder = ::testing::TempDir()}));
    run.groups.push_back(std::move(rewritten));
  }
  return run;
}

/// Fits what was rewritten to the table as it is now, and commits it.
inline Result<ResolvedCompaction> commit_compaction(TestTable& table, const CompactionRun& run,
                                                    const std::string& batch_id, bool with_moves = false) {
  DeleteFileCache deletes(table.store);
  TARN_ASSIGN_OR_RETURN(auto resolved, resolve_compaction(table.store, table.cache, deletes, table.metadata,
                                                          {.groups = run.groups,
                                                           .folds = run.plan.folds,
                                                           .sequence_number = run.plan.sequence_number,
                                                           .batch_id = batch_id,
                                                           .first_number = 1000}));
  if (resolved.changes_nothing()) return resolved;
  SnapshotChange change = resolved.change;
  if (with_moves && !run.groups.empty()) {
    TARN_RETURN_IF_ERROR(table.store.write(moves_location(table.metadata, batch_id),
                                           moves_to_bytes(run.groups), io::IfExists::kFail));
    change.summary[kMovesProperty] = batch_id;
  }
  change.timestamp_ms = table.now_ms += 1000;
  TARN_ASSIGN_OR_RETURN(const BuiltSnapshot built,
                        build_snapshot(table.store, table.cache, table.random, table.metadata, change));
  table.commit(built);
  return resolved;
}

}  // namespace tarn::table::testing
