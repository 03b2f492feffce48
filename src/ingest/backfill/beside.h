#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "project/project_spec.h"
#include "state/backfill/backfills.h"
#include "state/database.h"

/// Second tables of a feed, made beside its present ones, and their exchange.
namespace tarn::ingest {

/// What the names of second tables end in.
inline constexpr std::string_view kBeside = "__backfill";

/// How its runs are called, before the feed's name.
inline constexpr std::string_view kBackfillCommand = "tarn backfill ";

/// The project whose feed at `position` is loaded into second tables, under a name of its own.
project::Project project_beside(const project::Project& project, std::size_t position);

/// Every table that the feed may have had under some contract, with the one beside it: its own, its
/// children's and their companions.
std::vector<std::pair<TableName, TableName>> tables_beside(const project::FeedSpec& feed);

/// Exchanges the names of both sides' tables, and what they have in the quarantine, in one transaction. A
/// table that one side lacks is the other's afterwards. Errors: those of state::switch_backfill().
Status exchange(state::Database& database, const project::FeedSpec& feed, const state::Backfill& backfill,
                std::int64_t now_us);

/// Drops the second tables with their files, and forgets the backfill. May be repeated when it was cut short.
Status discard(state::Database& database, catalog::Catalog& catalog, const project::FeedSpec& feed,
               std::int64_t now_us);

}  // namespace tarn::ingest
