#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "iceberg/errors.h"
#include "iceberg/view_metadata.h"

namespace tarn::iceberg {
namespace {

constexpr std::string_view kHistorySize = "version.history.num-entries";
constexpr std::string_view kDropDialectAllowed = "replace.drop-dialect.allowed";
constexpr std::size_t kDefaultHistorySize = 10;

Error bad_update(std::string message) {
  return Error(kBadUpdate, std::move(message));
}

// Equal but for the id and the time.
bool same_version(const ViewVersion& one, ViewVersion other) {
  other.version_id = one.version_id;
  other.timestamp_ms = one.timestamp_ms;
  return one == other;
}

std::set<std::string> dialects_of(const ViewVersion& version) {
  std::set<std::string> dialects;
  for (const ViewRepresentation& representation : version.representations) {
    std::string dialect = representation.dialect;
    std::transform(dialect.begin(), dialect.end(), dialect.begin(), [](char letter) {
      return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    });
    dialects.insert(std::move(dialect));
  }
  return dialects;
}

class ViewApplication {
 public:
  ViewApplication(const ViewMetadata& base, const ApplyOptions& options)
      : base_(base), view_(base), options_(options) {}

  Status operator()(const AssignUuid& update) {
    if (update.uuid.empty()) return bad_update("the uuid is empty");
    if (!view_.view_uuid.empty() && view_.view_uuid != update.uuid) return bad_update("Cannot reassign uuid");
    view_.view_uuid = update.uuid;
    return {};
  }

  Status operator()(const UpgradeFormatVersion& update) {
    if (update.format_version == 1) return {};
    return Error(kUnsupportedVersion,
                 fmt::format("Cannot upgrade view to unsupported format version: v{} (supported: v1)",
                             update.format_version));
  }

  Status operator()(const AddSchema& update) {
    std::int32_t next = 0;
    for (const Schema& schema : view_.schemas) {
      if (schema.same_fields(update.schema)) {
        last_schema_id_ = schema.id();
        return {};
      }
      if (schema.id() == INT32_MAX) return bad_update("there are no schema ids left");
      next = std::max(next, schema.id() + 1);
    }
    view_.schemas.push_back(update.schema.with_id(next));
    last_schema_id_ = next;
    return {};
  }

  Status operator()(const SetLocation& update) {
    if (update.location.empty()) return bad_update("the location is empty");
    view_.location = update.location;
    return {};
  }

  Status operator()(const SetProperties& update) {
    for (const auto& [key, value] : update.properties) view_.properties[key] = value;
    return {};
  }

  Status operator()(const RemoveProperties& update) {
    for (const std::string& key : update.keys) view_.properties.erase(key);
    return {};
  }

  Status operator()(const AddViewVersion& update) {
    ViewVersion version = update.version;
    if (version.schema_id == kLastAdded) {
      if (!last_schema_id_) return bad_update("Cannot set last added schema: no schema has been added");
      version.schema_id = *last_schema_id_;
    }
    const bool known = std::any_of(view_.schemas.begin(), view_.schemas.end(),
                                   [&](const Schema& schema) { return schema.id() == version.schema_id; });
    if (!known) return bad_update(fmt::format("there is no schema {}", version.schema_id));
    std::set<std::string> dialects;
    for (const ViewRepresentation& representation : version.representations) {
      if (!dialects.insert(representation.dialect).second) {
        return bad_update(fmt::format("Invalid view version: Cannot add multiple queries for dialect {}",
                                      representation.dialect));
      }
    }
    for (const ViewVersion& other : view_.versions) {
      if (same_version(other, version)) {
        last_version_id_ = other.version_id;
        return {};
      }
      if (other.version_id == INT32_MAX) return bad_update("there are no version ids left");
      version.version_id = std::max(version.version_id, other.version_id + 1);
    }
    last_version_id_ = version.version_id;
    added_.insert(version.version_id);
    view_.versions.push_back(std::move(version));
    return {};
  }

  Status operator()(const SetCurrentViewVersion& update) {
    std::int32_t id = update.version_id;
    if (id == kLastAdded) {
      if (!last_version_id_)
        return bad_update("Cannot set last version id: no current version id has been set");
      id = *last_version_id_;
    }
    const ViewVersion* version = view_.version_by_id(id);
    if (version == nullptr)
      return bad_update(fmt::format("Cannot set current version to unknown version: {}", id));
    if (id == view_.current_version_id && !view_.version_log.empty()) return {};
    view_.current_version_id = id;
    pending_log_ = ViewLogEntry{added_.contains(id) ? version->timestamp_ms : options_.now_ms, id};
    return {};
  }

  Result<ViewMetadata> finish() {
    if (pending_log_) view_.version_log.push_back(*pending_log_);
    if (view_.view_uuid.empty()) return bad_update("the view has no uuid");
    if (view_.location.empty()) return bad_update("the view has no location");
    const ViewVersion* current = view_.version_by_id(view_.current_version_id);
    if (current == nullptr) return bad_update("Invalid view: no versions were added");
    const auto allowed = view_.properties.find(std::string(kDropDialectAllowed));
    const ViewVersion* former = base_.version_by_id(base_.current_version_id);
    if (former != nullptr && (allowed == view_.properties.end() || allowed->second != "true")) {
      const std::set<std::string> now = dialects_of(*current);
      for (const std::string& dialect : dialects_of(*former)) {
        if (now.contains(dialect)) continue;
        return bad_update(fmt::format("Cannot replace view due to loss of view dialects ({}=false): {}",
                                      kDropDialectAllowed, dialect));
      }
    }
    TARN_RETURN_IF_ERROR(forget_old());
    return std::move(view_);
  }

 private:
  Status forget_old() {
    std::size_t keep = kDefaultHistorySize;
    if (const auto found = view_.properties.find(std::string(kHistorySize));
        found != view_.properties.end()) {
      const char* end = found->second.data() + found->second.size();
      const auto [stop, failure] = std::from_chars(found->second.data(), end, keep);
      if (failure != std::errc() || stop != end || keep == 0)
        return bad_update(fmt::format("{} must be positive but was {}", kHistorySize, found->second));
    }
    keep = std::max(keep, added_.size());
    if (view_.versions.size() <= keep) return {};
    std::vector<std::int32_t> ids;
    for (const ViewVersion& version : view_.versions)
      if (version.version_id != view_.current_version_id) ids.push_back(version.version_id);
    std::sort(ids.rbegin(), ids.rend());
    std::set<std::int32_t> kept(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(keep - 1));
    kept.insert(view_.current_version_id);
    std::erase_if(view_.versions,
                  [&](const ViewVersion& version) { return !kept.contains(version.version_id); });
    // The log begins after its last gap, as that of snapshots does.
    const auto gap =
        std::find_if(view_.version_log.rbegin(), view_.version_log.rend(),
                     [&](const ViewLogEntry& entry) { return !kept.contains(entry.version_id); });
    view_.version_log.erase(view_.version_log.begin(), gap.base());
    return {};
  }

  const ViewMetadata& base_;
  ViewMetadata view_;
  const ApplyOptions& options_;
  std::optional<std::int32_t> last_schema_id_;
  std::optional<std::int32_t> last_version_id_;
  std::optional<ViewLogEntry> pending_log_;
  std::set<std::int32_t> added_;
};

}  // namespace

Result<ViewMetadata> apply(const ViewMetadata& base, std::span<const ViewUpdate> updates,
                           const ApplyOptions& options) {
  ViewApplication application(base, options);
  for (const ViewUpdate& update : updates) TARN_RETURN_IF_ERROR(std::visit(application, update));
  return application.finish();
}

Status check(const ViewMetadata& base, std::span<const AssertViewUuid> requirements) {
  for (const AssertViewUuid& required : requirements) {
    if (required.uuid != base.view_uuid) {
      return Error(kRequirementFailed,
                   fmt::format("Requirement failed: view UUID does not match: expected {} != {}",
                               base.view_uuid, required.uuid));
    }
  }
  return {};
}

}  // namespace tarn::iceberg
