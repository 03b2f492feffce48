#include "iceberg/update.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <unordered_set>
#include <utility>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

constexpr std::string_view kPreviousVersionsMax = "write.metadata.previous-versions-max";
constexpr std::size_t kDefaultPreviousVersions = 100;
/// Clocks of two writers may differ by this much.
constexpr std::int64_t kClockToleranceMs = 60'000;

Error bad_update(std::string message) {
  return Error(kBadUpdate, std::move(message));
}

template <typename T, typename IdOf>
Result<std::int32_t> next_id(const std::vector<T>& items, std::string_view what, IdOf id_of) {
  std::int32_t highest = -1;
  for (const T& item : items) highest = std::max<std::int32_t>(highest, std::invoke(id_of, item));
  if (highest == INT32_MAX) return bad_update(fmt::format("there are no {} ids left", what));
  return highest + 1;
}

std::size_t previous_versions_max(const TableMetadata& table) {
  const auto at = table.properties.find(std::string(kPreviousVersionsMax));
  std::size_t count = 0;
  if (at == table.properties.end()) return kDefaultPreviousVersions;
  const char* end = at->second.data() + at->second.size();
  const auto [stop, failure] = std::from_chars(at->second.data(), end, count);
  return failure == std::errc() && stop == end && count > 0 ? count : kDefaultPreviousVersions;
}

/// Applies updates one by one to a copy, remembering what was added last.
class Application {
 public:
  Application(TableMetadata table, const ApplyOptions& options)
      : table_(std::move(table)),
        options_(options),
        base_snapshot_(table_.current_snapshot_id),
        base_updated_ms_(table_.last_updated_ms) {}

  Status operator()(const AssignUuid& update) {
    if (update.uuid.empty()) return bad_update("the uuid is empty");
    if (!table_.table_uuid.empty() && table_.table_uuid != update.uuid)
      return bad_update(fmt::format("the table has the uuid {} already", table_.table_uuid));
    table_.table_uuid = update.uuid;
    return {};
  }

  Status operator()(const UpgradeFormatVersion& update) {
    if (update.format_version == table_.format_version) return {};
    if (update.format_version < table_.format_version) {
      return bad_update(
          fmt::format("Cannot downgrade v{} table to v{}", table_.format_version, update.format_version));
    }
    if (update.format_version > 3)
      return Error(kUnsupportedVersion, fmt::format("Cannot upgrade table to unsupported format version: v{} "
                                                    "(supported: v3)",
                                                    update.format_version));
    table_.format_version = update.format_version;
    return {};
  }

  Status operator()(const AddSchema& update) {
    table_.last_column_id = std::max(table_.last_column_id, update.schema.highest_field_id());
    for (const Schema& known : table_.schemas) {
      if (!known.same_fields(update.schema)) continue;
      last_schema_id_ = known.id();
      return {};
    }
    TARN_ASSIGN_OR_RETURN(last_schema_id_, next_id(table_.schemas, "schema", &Schema::id));
    table_.schemas.push_back(update.schema.with_id(*last_schema_id_));
    return {};
  }

  Status operator()(const SetCurrentSchema& update) {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, resolve(update.schema_id, last_schema_id_, "schema"));
    if (table_.schema_by_id(id) == nullptr) return bad_update(fmt::format("there is no schema {}", id));
    table_.current_schema_id = id;
    layout_changed_ = true;
    return {};
  }

  Status operator()(const AddPartitionSpec& update) {
    const Schema* schema = table_.schema_by_id(table_.current_schema_id);
    if (schema == nullptr) return bad_update("a partition spec needs a current schema");
    for (const PartitionSpec& known : table_.partition_specs) {
      if (!known.is_equivalent(update.spec)) continue;
      last_spec_id_ = known.spec_id;
      return {};
    }
    PartitionSpec spec = update.spec;
    for (PartitionField& field : spec.fields) {
      TARN_ASSIGN_OR_RETURN(field.field_id, partition_field_id(field));
    }
    TARN_RETURN_IF_ERROR(spec.validate(*schema));
    TARN_ASSIGN_OR_RETURN(last_spec_id_,
                          next_id(table_.partition_specs, "partition spec", &PartitionSpec::spec_id));
    spec.spec_id = *last_spec_id_;
    table_.partition_specs.push_back(std::move(spec));
    return {};
  }

  Status operator()(const SetDefaultSpec& update) {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, resolve(update.spec_id, last_spec_id_, "partition spec"));
    if (table_.spec_by_id(id) == nullptr) return bad_update(fmt::format("there is no partition spec {}", id));
    table_.default_spec_id = id;
    layout_changed_ = true;
    return {};
  }

  Status operator()(const AddSortOrder& update) {
    const Schema* schema = table_.schema_by_id(table_.current_schema_id);
    if (schema == nullptr) return bad_update("a sort order needs a current schema");
    for (const SortOrder& known : table_.sort_orders) {
      if (known.fields != update.sort_order.fields) continue;
      last_order_id_ = known.order_id;
      return {};
    }
    SortOrder order = update.sort_order;
    TARN_ASSIGN_OR_RETURN(const std::int32_t next,
                          next_id(table_.sort_orders, "sort order", &SortOrder::order_id));
    order.order_id = order.is_unsorted() ? 0 : std::max(next, 1);
    TARN_RETURN_IF_ERROR(order.validate(*schema));
    last_order_id_ = order.order_id;
    table_.sort_orders.push_back(std::move(order));
    return {};
  }

  Status operator()(const SetDefaultSortOrder& update) {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, resolve(update.sort_order_id, last_order_id_, "sort order"));
    if (table_.sort_order_by_id(id) == nullptr)
      return bad_update(fmt::format("there is no sort order {}", id));
    table_.default_sort_order_id = id;
    layout_changed_ = true;
    return {};
  }

  Status operator()(const AddSnapshot& update) {
    const Snapshot& snapshot = update.snapshot;
    if (table_.snapshot_by_id(snapshot.snapshot_id) != nullptr)
      return bad_update(fmt::format("Snapshot already exists for id: {}", snapshot.snapshot_id));
    if (table_.format_version > 1) {
      if (snapshot.manifest_list.empty()) return bad_update("the snapshot has no manifest list");
      if (snapshot.operation.empty()) return bad_update("the snapshot's summary has no operation");
      // One without a parent replaces the table, upon whatever it has become.
      if (snapshot.sequence_number <= table_.last_sequence_number && snapshot.parent_snapshot_id) {
        return Error(
            kStaleUpdate,
            fmt::format("Cannot add snapshot with sequence number {} older than last sequence number {}",
                        snapshot.sequence_number, table_.last_sequence_number));
      }
      table_.last_sequence_number = std::max(table_.last_sequence_number, snapshot.sequence_number);
    }
    if (table_.format_version > 2) TARN_RETURN_IF_ERROR(assign_rows(snapshot));
    if (snapshot.timestamp_ms < base_updated_ms_ - kClockToleranceMs)
      return bad_update("the snapshot is older than the table's last change");
    if (snapshot.schema_id && table_.schema_by_id(*snapshot.schema_id) == nullptr)
      return bad_update(fmt::format("there is no schema {}", *snapshot.schema_id));
    updated_ms_ = std::max(updated_ms_, snapshot.timestamp_ms);
    added_snapshots_.insert(snapshot.snapshot_id);
    table_.snapshots.push_back(snapshot);
    return {};
  }

  Status operator()(const SetSnapshotRef& update) {
    if (update.name.empty()) return bad_update("a reference needs a name");
    if (table_.snapshot_by_id(update.ref.snapshot_id) == nullptr)
      return bad_update(fmt::format("`{}`: there is no snapshot {}", update.name, update.ref.snapshot_id));
    if (update.name == kMainBranch) {
      if (update.ref.kind != SnapshotRef::Kind::kBranch) return bad_update("`main` is a branch");
      table_.current_snapshot_id = update.ref.snapshot_id;
    }
    const auto at = table_.refs.find(update.name);
    if (at != table_.refs.end() && at->second.kind != update.ref.kind)
      return bad_update(fmt::format("`{}` cannot turn from a branch to a tag or back", update.name));
    table_.refs[update.name] = update.ref;
    return {};
  }

  Status operator()(const RemoveSnapshots& update) {
    const std::unordered_set<std::int64_t> ids(update.snapshot_ids.begin(), update.snapshot_ids.end());
    if (table_.current_snapshot_id && ids.contains(*table_.current_snapshot_id))
      return bad_update(fmt::format("the snapshot {} is the current one", *table_.current_snapshot_id));
    const auto is_removed = [&](const auto& item) { return ids.contains(item.snapshot_id); };
    std::erase_if(table_.snapshots, is_removed);
    std::erase_if(table_.statistics, is_removed);
    std::erase_if(table_.partition_statistics, is_removed);
    std::erase_if(table_.refs, [&](const auto& item) { return ids.contains(item.second.snapshot_id); });
    // A gap in the log would answer questions about the past wrongly, so that it begins after the gap.
    const auto last_gap = std::find_if(table_.snapshot_log.rbegin(), table_.snapshot_log.rend(), is_removed);
    table_.snapshot_log.erase(table_.snapshot_log.begin(), last_gap.base());
    return {};
  }

  Status operator()(const RemoveSnapshotRef& update) {
    table_.refs.erase(update.name);
    if (update.name == kMainBranch) table_.current_snapshot_id.reset();
    return {};
  }

  Status operator()(const SetLocation& update) {
    if (update.location.empty()) return bad_update("the location is empty");
    table_.location = update.location;
    return {};
  }

  Status operator()(const SetProperties& update) {
    for (const auto& [key, value] : update.properties) table_.properties[key] = value;
    return {};
  }

  Status operator()(const RemoveProperties& update) {
    for (const std::string& key : update.keys) table_.properties.erase(key);
    return {};
  }

  Status operator()(const SetStatistics& update) {
    TARN_RETURN_IF_ERROR((*this)(RemoveStatistics{update.statistics.snapshot_id}));
    table_.statistics.push_back(update.statistics);
    return {};
  }

  Status operator()(const RemoveStatistics& update) {
    std::erase_if(table_.statistics,
                  [&](const auto& item) { return item.snapshot_id == update.snapshot_id; });
    return {};
  }

  Status operator()(const SetPartitionStatistics& update) {
    TARN_RETURN_IF_ERROR((*this)(RemovePartitionStatistics{update.statistics.snapshot_id}));
    table_.partition_statistics.push_back(update.statistics);
    return {};
  }

  Status operator()(const RemovePartitionStatistics& update) {
    std::erase_if(table_.partition_statistics,
                  [&](const auto& item) { return item.snapshot_id == update.snapshot_id; });
    return {};
  }

  Status operator()(const RemovePartitionSpecs& update) {
    const std::set<std::int32_t> ids(update.spec_ids.begin(), update.spec_ids.end());
    if (ids.contains(table_.default_spec_id))
      return bad_update(fmt::format("the partition spec {} is the default", table_.default_spec_id));
    std::erase_if(table_.partition_specs,
                  [&](const PartitionSpec& spec) { return ids.contains(spec.spec_id); });
    return {};
  }

  Status operator()(const RemoveSchemas& update) {
    const std::set<std::int32_t> ids(update.schema_ids.begin(), update.schema_ids.end());
    if (ids.contains(table_.current_schema_id))
      return bad_update(fmt::format("the schema {} is the current one", table_.current_schema_id));
    std::erase_if(table_.schemas, [&](const Schema& schema) { return ids.contains(schema.id()); });
    return {};
  }

  Status operator()(const AddEncryptionKey& update) {
    if (table_.format_version < 3)
      return Error(kUnsupportedVersion, "encryption keys belong to format version 3");
    TARN_RETURN_IF_ERROR((*this)(RemoveEncryptionKey{update.key.key_id}));
    table_.encryption_keys.push_back(update.key);
    return {};
  }

  Status operator()(const RemoveEncryptionKey& update) {
    std::erase_if(table_.encryption_keys,
                  [&](const EncryptedKey& key) { return key.key_id == update.key_id; });
    return {};
  }

  Result<TableMetadata> finish() {
    if (table_.current_snapshot_id && table_.current_snapshot_id != base_snapshot_) {
      const Snapshot* snapshot = table_.current_snapshot();
      const bool is_new = added_snapshots_.contains(*table_.current_snapshot_id);
      table_.snapshot_log.push_back({is_new && snapshot != nullptr ? snapshot->timestamp_ms : options_.now_ms,
                                     *table_.current_snapshot_id});
    }
    if (!options_.previous_file.empty()) {
      table_.metadata_log.push_back({base_updated_ms_, options_.previous_file});
      const std::size_t keep = previous_versions_max(table_);
      if (table_.metadata_log.size() > keep) {
        table_.metadata_log.erase(table_.metadata_log.begin(),
                                  table_.metadata_log.end() - static_cast<std::ptrdiff_t>(keep));
      }
    }
    table_.last_updated_ms = std::max(updated_ms_, options_.now_ms);
    TARN_RETURN_IF_ERROR(table_.validate());
    if (layout_changed_) TARN_RETURN_IF_ERROR(check_layout());
    return std::move(table_);
  }

 private:
  /// Row lineage: the snapshot's rows get ids that no other rows have.
  Status assign_rows(const Snapshot& snapshot) {
    if (!snapshot.first_row_id) return bad_update("Cannot add a snapshot: first-row-id is null");
    if (!snapshot.added_rows || *snapshot.added_rows < 0)
      return bad_update("Cannot add a snapshot: added-rows is null or negative");
    if (*snapshot.first_row_id < table_.next_row_id) {
      return Error(kStaleUpdate,
                   fmt::format("Cannot add a snapshot, first-row-id is behind table next-row-id: "
                               "{} < {}",
                               *snapshot.first_row_id, table_.next_row_id));
    }
    if (__builtin_add_overflow(table_.next_row_id, *snapshot.added_rows, &table_.next_row_id))
      return bad_update("Cannot add a snapshot: there are no row ids left");
    return {};
  }

  static Result<std::int32_t> resolve(std::int32_t id, const std::optional<std::int32_t>& last,
                                      std::string_view what) {
    if (id != kLastAdded) return id;
    if (!last) return bad_update(fmt::format("no {} was added that could be meant by -1", what));
    return *last;
  }

  /// The id of an equivalent field of any spec, else the one given where it is new, else the next one.
  Result<std::int32_t> partition_field_id(const PartitionField& field) {
    std::optional<std::int32_t> equivalent;
    for (const PartitionSpec& spec : table_.partition_specs) {
      for (const PartitionField& known : spec.fields) {
        if (known.source_id != field.source_id || known.transform != field.transform) continue;
        if (known.field_id == field.field_id) return field.field_id;
        equivalent = known.field_id;
      }
    }
    if (equivalent) return *equivalent;
    if (field.field_id <= table_.last_partition_id && table_.last_partition_id == INT32_MAX)
      return bad_update("there are no partition field ids left");
    table_.last_partition_id =
        field.field_id > table_.last_partition_id ? field.field_id : table_.last_partition_id + 1;
    return table_.last_partition_id;
  }

  /// New data must be able to follow the default spec and order.
  Status check_layout() const {
    const Schema& schema = table_.current_schema();
    for (const PartitionField& field : table_.default_spec().fields) {
      if (field.transform.kind() != TransformKind::kVoid && schema.find(field.source_id) == nullptr)
        return bad_update(fmt::format("the partition field `{}` has lost its column", field.name));
    }
    for (const SortField& field : table_.default_sort_order().fields) {
      if (schema.find(field.source_id) == nullptr)
        return bad_update(fmt::format("the sort order has lost its column {}", field.source_id));
    }
    return {};
  }

  TableMetadata table_;
  const ApplyOptions& options_;
  std::optional<std::int64_t> base_snapshot_;
  std::int64_t base_updated_ms_ = 0;
  std::int64_t updated_ms_ = 0;
  std::optional<std::int32_t> last_schema_id_;
  std::optional<std::int32_t> last_spec_id_;
  std::optional<std::int32_t> last_order_id_;
  std::unordered_set<std::int64_t> added_snapshots_;
  bool layout_changed_ = false;
};

Result<TableMetadata> apply_all(TableMetadata table, std::span<const TableUpdate> updates,
                                const ApplyOptions& options) {
  Application application(std::move(table), options);
  for (const TableUpdate& update : updates) TARN_RETURN_IF_ERROR(std::visit(application, update));
  return application.finish();
}

}  // namespace

Result<TableMetadata> apply(const TableMetadata& base, std::span<const TableUpdate> updates,
                            const ApplyOptions& options) {
  return apply_all(base, updates, options);
}

Result<TableMetadata> create_from(std::span<const TableUpdate> updates, const ApplyOptions& options) {
  TableMetadata empty;
  for (const TableUpdate& update : updates) {
    const auto* version = std::get_if<UpgradeFormatVersion>(&update);
    if (version == nullptr) continue;
    if (version->format_version < 1 || version->format_version > 3)
      return Error(kUnsupportedVersion, fmt::format("version {} cannot be used", version->format_version));
    empty.format_version = version->format_version;
    break;
  }
  return apply_all(std::move(empty), updates, options);
}

}  // namespace tarn::iceberg
