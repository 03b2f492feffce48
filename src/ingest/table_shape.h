#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "iceberg/partition_spec.h"
#include "iceberg/schema.h"
#include "iceberg/sort_order.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"
#include "project/feed_spec.h"
#include "project/project_spec.h"

namespace tarn::ingest {

/// The columns that Tarn appends to every table, in this order.
inline constexpr std::string_view kSourceFile = "_source_file";
inline constexpr std::string_view kSourceMember = "_source_member";
inline constexpr std::string_view kSourceRecord = "_source_record";
inline constexpr std::string_view kSourceSha256 = "_source_sha256";
inline constexpr std::string_view kSourceArrival = "_source_arrival";
inline constexpr std::string_view kIngestedAt = "_ingested_at";
inline constexpr std::string_view kBatchId = "_batch_id";
inline constexpr std::string_view kContractVersion = "_contract_version";

/// The name of the column of a child table that counts a parent's elements from 1.
inline constexpr std::string_view kOrdinal = "ordinal";

/// Properties of tables: what the rows of an upsert table are told apart by; of a history besides what orders
/// its versions, tells deletions and opens rows (empty: the default of `track`), or keeps its former value;
/// of one that deliveries replace what orders these and tells their scopes apart; and the layout that the
/// contract asked for last. An engine may have changed the table's own since: only a contract that changes
/// moves it.
inline constexpr std::string_view kKeyProperty = "tarn.key";
inline constexpr std::string_view kVersionProperty = "tarn.version-column";
inline constexpr std::string_view kDeleteProperty = "tarn.delete-column";
inline constexpr std::string_view kTrackProperty = "tarn.track";
inline constexpr std::string_view kPreviousProperty = "tarn.previous";
inline constexpr std::string_view kScopeProperty = "tarn.replace-by";
inline constexpr std::string_view kPartitionProperty = "tarn.partition";
inline constexpr std::string_view kSortProperty = "tarn.sort";

/// What a table of a feed must be: its own table, or one of a child.
struct TableShape {
  TableName name;
  std::string description;
  std::vector<iceberg::NestedField> columns =
      {};  ///< The contract's columns without ids, then the audit columns.
  std::vector<std::string> identifier_columns = {};
  std::vector<iceberg::PartitionTerm> partition = {};
  std::vector<iceberg::SortTerm> sort = {};
  std::map<std::string, std::string> properties = {};
  std::map<std::string, std::string> renames = {};  ///< Former name → name.
  SourceSpan mode_span = {};  ///< Where the contract states its mode, or else its table; for messages.
};

/// The shape of the feed's own table, then one for each child table.
std::vector<TableShape> table_shapes(const project::FeedSpec& feed);

/// The shape of project::companion_table(): of an upsert's deletions key, version and the audit columns; of a
/// history's unchanged versions all columns; of deliveries scope, version and the audit columns.
std::optional<TableShape> companion_shape(const project::FeedSpec& feed);

/// The columns of the feed's own table that records bring, with the table's ids: all but those that a history
/// is told by.
Result<iceberg::Schema> record_schema(const iceberg::Schema& schema, const project::FeedSpec& feed);

/// All that ingesting the feed writes: its table_shapes(), and its companion_shape().
std::vector<TableShape> written_shapes(const project::FeedSpec& feed);

/// Leaves only what rows need: for a feed that loads a table which another feed describes.
void forget_description(TableShape& shape);

/// The type that a contract's column has in Iceberg. Field ids are 0: the table assigns them.
iceberg::Type iceberg_type(const project::ColumnSpec& column);

/// The columns of a table that does not exist yet, numbered.
Result<iceberg::Schema> new_table_schema(const TableShape& shape);

/// What brings an existing table to the shape: columns renamed, added (optional: older rows hold null),
/// widened, comments and properties set, and the partition and sort of new files where the contract changed
/// them. Empty when nothing differs. Columns that the shape no longer names stay, as optional ones.
/// ingest.incompatible_table when a type would change in a way that is not widening, or the key, or when a
/// column of the table's identifier is no key any more.
Result<std::vector<iceberg::TableUpdate>> updates_to_shape(const iceberg::TableMetadata& table,
                                                           const TableShape& shape);

/// A feed whose tables cannot take its rows until somebody mends its contract.
struct BlockedFeed {
  std::size_t feed = 0;  ///< Its position in the project.
  Error error;
};

/// The feeds that ingesting would block, from the tables that exist; changes nothing. Errors: the catalog's.
Result<std::vector<BlockedFeed>> find_blocked(const project::Project& project, catalog::Catalog& catalog);

}  // namespace tarn::ingest
