#include <fmt/format.h>

#include <utility>

#include "iceberg/errors.h"
#include "iceberg/update.h"

namespace tarn::iceberg {
namespace {

// In the reference's words, by which clients and their tests tell one conflict from another.
Error failed(std::string_view what) {
  return Error(kRequirementFailed, fmt::format("Requirement failed: {}", what));
}

Status expect_id(std::string_view what, std::int32_t expected, std::int32_t actual) {
  if (expected == actual) return {};
  return failed(fmt::format("{} changed: expected id {} != {}", what, expected, actual));
}

struct Checker {
  const TableMetadata& table;

  Status operator()(const AssertCreate&) const { return failed("table already exists"); }
  Status operator()(const AssertTableUuid& required) const {
    if (required.uuid == table.table_uuid) return {};
    return failed(fmt::format("UUID does not match: expected {} != {}", table.table_uuid, required.uuid));
  }
  Status operator()(const AssertRefSnapshotId& required) const {
    const auto at = table.refs.find(required.ref);
    if (at == table.refs.end()) {
      if (!required.snapshot_id) return {};
      return failed(
          fmt::format("branch or tag {} is missing, expected {}", required.ref, *required.snapshot_id));
    }
    const char* kind = at->second.kind == SnapshotRef::Kind::kBranch ? "branch" : "tag";
    if (!required.snapshot_id)
      return failed(fmt::format("{} {} was created concurrently", kind, required.ref));
    if (at->second.snapshot_id == *required.snapshot_id) return {};
    return failed(fmt::format("{} {} has changed: expected id {} != {}", kind, required.ref,
                              *required.snapshot_id, at->second.snapshot_id));
  }
  Status operator()(const AssertLastAssignedFieldId& required) const {
    return expect_id("last assigned field id", required.last_assigned_field_id, table.last_column_id);
  }
  Status operator()(const AssertCurrentSchemaId& required) const {
    return expect_id("current schema", required.current_schema_id, table.current_schema_id);
  }
  Status operator()(const AssertLastAssignedPartitionId& required) const {
    return expect_id("last assigned partition id", required.last_assigned_partition_id,
                     table.last_partition_id);
  }
  Status operator()(const AssertDefaultSpecId& required) const {
    return expect_id("default partition spec", required.default_spec_id, table.default_spec_id);
  }
  Status operator()(const AssertDefaultSortOrderId& required) const {
    return expect_id("default sort order", required.default_sort_order_id, table.default_sort_order_id);
  }
};

}  // namespace

Status check(const TableMetadata* base, std::span<const TableRequirement> requirements) {
  for (const TableRequirement& requirement : requirements) {
    if (base != nullptr) {
      TARN_RETURN_IF_ERROR(std::visit(Checker{*base}, requirement));
    } else if (!std::holds_alternative<AssertCreate>(requirement)) {
      return failed("table does not exist");
    }
  }
  return {};
}

}  // namespace tarn::iceberg
