#include "ingest/backfill/beside.h"

#include "state/batches.h"
#include "state/runs.h"
#include "state/tables/table_pointers.h"

namespace tarn::ingest {
namespace {

// What a companion's name may end in; a former contract may have had another mode.
constexpr std::string_view kCompanions[] = {"", "__deleted", "__unchanged", "__versions", "__deliveries"};

TableName beside(const TableName& table) {
  return {table.schema, table.name + std::string(kBeside)};
}

}  // namespace

project::Project project_beside(const project::Project& project, std::size_t position) {
  project::Project changed = project;
  project::FeedSpec& feed = changed.feeds[position];
  feed.name.value += kBeside;
  feed.table.value = beside(*feed.table);
  for (project::ChildSpec& child : feed.children) child.table.value = beside(*child.table);
  feed.lateness_ms.reset();  // of what came long ago, nothing is late
  return changed;
}

std::vector<std::pair<TableName, TableName>> tables_beside(const project::FeedSpec& feed) {
  std::vector<std::pair<TableName, TableName>> pairs;
  const TableName second = beside(*feed.table);
  for (const std::string_view end : kCompanions)
    pairs.push_back({{feed.table->schema, feed.table->name + std::string(end)},
                     {second.schema, second.name + std::string(end)}});
  for (const project::ChildSpec& child : feed.children)
    pairs.emplace_back(*child.table, beside(*child.table));
  return pairs;
}

Status exchange(state::Database& database, const project::FeedSpec& feed, const state::Backfill& backfill,
                std::int64_t now_us) {
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database.begin());
  for (const auto& [table, second] : tables_beside(feed)) {
    const TableName between{table.schema, table.name + " between"};
    TARN_ASSIGN_OR_RETURN(const auto first_known, state::find_table(transaction, table));
    TARN_ASSIGN_OR_RETURN(const auto second_known, state::find_table(transaction, second));
    if (first_known) TARN_RETURN_IF_ERROR(state::rename_table(transaction, table, between));
    if (second_known) TARN_RETURN_IF_ERROR(state::rename_table(transaction, second, table));
    if (first_known) TARN_RETURN_IF_ERROR(state::rename_table(transaction, between, second));
  }
  TARN_RETURN_IF_ERROR(state::switch_backfill(
      transaction, {backfill.feed, *feed.table, beside(*feed.table), backfill.through, now_us}));
  return transaction.commit();
}

Status discard(state::Database& database, catalog::Catalog& catalog, const project::FeedSpec& feed,
               std::int64_t now_us) {
  for (const auto& [table, second] : tables_beside(feed)) {
    TARN_ASSIGN_OR_RETURN(const bool exists, catalog.table_exists(second));
    if (!exists) continue;
    TARN_RETURN_IF_ERROR(catalog.drop_table(second, catalog::Purge::kYes));
  }
  TARN_ASSIGN_OR_RETURN(const auto unfinished, state::unfinished_batches(database));
  std::vector<BatchId> cut_short;
  for (const state::Batch& batch : unfinished) {
    if (!batch.run) continue;
    TARN_ASSIGN_OR_RETURN(const std::string command, state::command_of(database, *batch.run));
    if (command == std::string(kBackfillCommand) + *feed.name) cut_short.push_back(batch.id);
  }
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database.begin());
  for (const BatchId& batch : cut_short)
    TARN_RETURN_IF_ERROR(state::abandon_batch(transaction, batch, now_us));
  TARN_RETURN_IF_ERROR(state::remove_backfill(transaction, *feed.name, now_us));
  return transaction.commit();
}

}  // namespace tarn::ingest
