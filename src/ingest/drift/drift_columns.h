#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"
#include "project/feed_spec.h"

/// What `drift: evolve` adds to tables.
///
/// A record brings the values of columns that the contract does not know under their *source*: the header's
/// name, or the path with its namespaces. Which column of the table that is, the commit decides, which alone
/// knows the table: the column that the source had before, or else a new one. The table remembers it, by the
/// column's id, so that it never depends on the order of columns, files or batches.
namespace tarn::ingest {

/// Of a table, before the id of a column that drift added: the column's source.
inline constexpr std::string_view kDriftProperty = "tarn.drift.";

/// A column of the source that the contract does not know.
struct DriftSource {
  /// Where it was met first: new columns come in this order.
  struct Place {
    std::int64_t arrival = 0;
    std::size_t position = 0;  ///< Among the unknown columns of its record.
    auto operator<=>(const Place&) const = default;
  };
  std::string source;
  std::string name;  ///< The column's name, where nothing else has it.
  Place first = {};
};

/// By source the column of the table.
using DriftColumns = std::map<std::string, std::string, std::less<>>;

/// The source of the nth column (from 1) of one header that has the name.
std::string repeated_source(std::string_view name, std::size_t nth);

/// The column name that an unknown header or path becomes: "Visit/@Ward" is `visit_ward`. `prefix` goes
/// before names that are empty or begin with a digit.
std::string drift_name(std::string_view text, std::string_view prefix);

/// Where the values go. A source that is known keeps its column. Another one gets the column of its name when
/// that is text, no contract's and nobody else's, or else a new one: `discount`, `discount_2`, `discount_3`.
/// `feed` is one that loads the table: all of them have the same columns. `companion` may be null; it gets
/// the same columns.
DriftColumns place_drift(const iceberg::TableMetadata& table, const iceberg::Schema* companion,
                         const project::FeedSpec& feed, std::span<const DriftSource> sources);

/// The updates that add the columns that the table lacks, as text, and remember the sources of all. Empty
/// when nothing differs.
Result<std::vector<iceberg::TableUpdate>> updates_to_add(const iceberg::TableMetadata& table,
                                                         const DriftColumns& columns,
                                                         std::span<const DriftSource> sources);

}  // namespace tarn::ingest
