#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/update.h"

namespace tarn::iceberg {

/// A view's query in one dialect (Iceberg view spec, "SQL representation").
struct ViewRepresentation {
  std::string sql = {};
  std::string dialect = {};
  bool operator==(const ViewRepresentation&) const = default;
};

struct ViewVersion {
  std::int32_t version_id = 0;
  std::int64_t timestamp_ms = 0;
  std::int32_t schema_id = kLastAdded;
  std::map<std::string, std::string> summary = {};
  std::vector<ViewRepresentation> representations = {};
  std::optional<std::string> default_catalog = {};
  std::vector<std::string> default_namespace = {};  ///< Its levels.
  bool operator==(const ViewVersion&) const = default;
};

/// When a version became the current one.
struct ViewLogEntry {
  std::int64_t timestamp_ms = 0;
  std::int32_t version_id = 0;
  bool operator==(const ViewLogEntry&) const = default;
};

/// A view's metadata file (Iceberg view spec). A plain value; change it by updates.
struct ViewMetadata {
  std::string view_uuid = {};
  std::int32_t format_version = 1;
  std::string location = {};
  std::int32_t current_version_id = 0;
  std::vector<ViewVersion> versions = {};
  std::vector<ViewLogEntry> version_log = {};
  std::vector<Schema> schemas = {};
  std::map<std::string, std::string> properties = {};

  /// Errors: iceberg.bad_json, iceberg.bad_metadata and those of the parts.
  static Result<ViewMetadata> from_json(std::string_view json);
  std::string to_json() const;
  const ViewVersion* version_by_id(std::int32_t id) const;
  bool operator==(const ViewMetadata&) const = default;
};

struct AddViewVersion {
  ViewVersion version = {};
  bool operator==(const AddViewVersion&) const = default;
};
struct SetCurrentViewVersion {
  std::int32_t version_id = kLastAdded;
  bool operator==(const SetCurrentViewVersion&) const = default;
};

using ViewUpdate = std::variant<AssignUuid, UpgradeFormatVersion, AddSchema, SetLocation, SetProperties,
                                RemoveProperties, AddViewVersion, SetCurrentViewVersion>;

/// The one requirement there is for views.
struct AssertViewUuid {
  std::string uuid = {};
  bool operator==(const AssertViewUuid&) const = default;
};

/// `base` (an empty one for a new view) with the updates applied in order; all or nothing. A version equal to
/// an older one is that one. Versions beyond `version.history.num-entries` (10) are forgotten, oldest first,
/// and a dialect may only get lost where `replace.drop-dialect.allowed` is true (Iceberg view spec,
/// "Overview"). Errors: iceberg.bad_update, iceberg.unsupported_version.
Result<ViewMetadata> apply(const ViewMetadata& base, std::span<const ViewUpdate> updates,
                           const ApplyOptions& options);

/// Errors: iceberg.requirement_failed.
Status check(const ViewMetadata& base, std::span<const AssertViewUuid> requirements);

}  // namespace tarn::iceberg
