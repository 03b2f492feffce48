#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "iceberg/table_metadata.h"
#include "query/access/principal.h"
#include "query/lake.h"
#include "query/views/lake_views.h"
#include "query/views/view_text.h"

/// Materialized views: tables that hold the rows of a query, which their properties keep; see
/// docs/decisions/0030-materialized-views.md.
namespace tarn::query {

/// When `tarn serve` refreshes a view by itself.
struct RefreshRule {
  enum class Kind : std::uint8_t { kAuto, kManual, kEvery };
  Kind kind = Kind::kAuto;
  std::int64_t every_ms = 0;  ///< Of kEvery: at most so often.
};

/// "auto", "manual" or a duration such as "5m". Errors: sql.unsupported_write.
Result<RefreshRule> parse_refresh_rule(std::string_view text);
std::string to_string(const RefreshRule& rule);

/// What a view's rows were computed from.
struct ViewSources {
  struct Table {
    std::string uuid = {};
    std::int32_t schema = 0;                    ///< The number of its schema.
    std::optional<std::int64_t> snapshot = {};  ///< Nothing: it had none.
    bool operator==(const Table&) const = default;
  };
  std::map<TableName, Table> tables = {};
  std::map<TableName, std::string> views = {};  ///< Of the lake that it reads through, and their versions.
  std::string rights = {};                      ///< A digest of what its maker's roles show her of them.

  bool operator==(const ViewSources&) const = default;
};

struct MaterializedView {
  ViewText text = {};
  std::string maker = {};                 ///< The user whose rights it is computed with; empty: the owner.
  std::vector<std::string> columns = {};  ///< As the query calls them.
  RefreshRule refresh = {};
  std::optional<ViewSources> sources = {};    ///< Nothing: it was never refreshed.
  std::optional<std::int64_t> snapshot = {};  ///< Of the view, that the refresh left; nothing: none.
  std::int64_t refreshed_ms = 0;              ///< Since 1970.
};

/// Nothing: the table is none.
std::optional<MaterializedView> materialized_view(const iceberg::TableMetadata& metadata);

/// The properties that keep the view.
std::map<std::string, std::string> properties_of(const MaterializedView& view);

/// What the facts say that was read, by the principal; null: by the owner. Errors: those of the catalog.
Result<ViewSources> sources_of(const std::vector<const ViewFacts*>& facts, const Lake& lake,
                               const Principal* principal);

/// The table to which rows were added between the two, if nothing else is different.
std::optional<TableName> grown_table(const ViewSources& before, const ViewSources& after);

/// Whether nobody but Tarn's compaction has touched the view's rows since its refresh.
bool is_untouched(const MaterializedView& view, const iceberg::TableMetadata& metadata);

/// Whether the rows are those that a refresh would bring, as far as the tables tell: a change of its maker's
/// rights shows when it is refreshed. Errors: those of the catalog.
Result<bool> is_current(const MaterializedView& view, const iceberg::TableMetadata& metadata,
                        const Lake& lake);

}  // namespace tarn::query
