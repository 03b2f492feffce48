#include <arrow/record_batch.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <optional>
#include <tuple>
#include <utility>

#include "table/columns/conform.h"
#include "table/columns/row_identity.h"
#include "table/columns/values.h"
#include "table/errors.h"
#include "table/history/history.h"
#include "table/history/tracked_hash.h"
#include "table/history/version_values.h"
#include "table/index/delete_collector.h"

namespace tarn::table {
namespace {

/// A change while it is being made, its sources in no order.
class Side {
 public:
  Side(const HistoryIndex& index, const iceberg::TableMetadata& metadata) : deletes_(index, metadata) {}

  void write(const HistoryChange::Source& source, const RowKey& key, const Version& version) {
    change_.sources.push_back(source);
    change_.keys.push_back(key);
    change_.versions.append(version.version);
    change_.entries.append(to_bytes(version));
  }
  Status remove(const StoredVersion& stored) { return deletes_.add(stored.file_id, stored.position); }

  HistoryChange finish() && {
    std::vector<std::uint32_t> order(change_.sources.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, {}, [&](std::uint32_t i) {
      const HistoryChange::Source& source = change_.sources[i];
      return std::tuple(source.file_id != HistoryChange::kRecord, source.side, source.file_id, source.row);
    });
    HistoryChange sorted;
    for (const std::uint32_t i : order) {
      sorted.sources.push_back(change_.sources[i]);
      if (change_.sources[i].file_id == HistoryChange::kRecord) ++sorted.records;
      sorted.keys.push_back(change_.keys[i]);
      sorted.versions.append(change_.versions[i]);
      sorted.entries.append(change_.entries[i]);
    }
    sorted.deletes = std::move(deletes_).finish();
    return sorted;
  }

 private:
  HistoryChange change_;
  DeleteCollector<HistoryIndex> deletes_;
};

/// A version in the history of a key: stored, brought by a record, or both, and then the record replaces it.
struct Entry {
  Version now;
  std::optional<StoredVersion> stored;
  std::optional<std::int64_t> record;
};

class Planner {
 public:
  Planner(HistoryIndex& index, const HistoryTables& tables, const HistoryRecords& records)
      : index_(index), records_(records), rows_(index, tables.rows), unchanged_(index, tables.unchanged) {}

  Result<HistoryPlan> run() {
    TARN_RETURN_IF_ERROR(read_records());
    std::vector<std::uint32_t> order(identities_.keys.size());
    std::iota(order.begin(), order.end(), 0U);
    std::ranges::sort(order, [this](std::uint32_t a, std::uint32_t b) {
      if (identities_.keys[a] != identities_.keys[b]) return identities_.keys[a] < identities_.keys[b];
      const int ranks = identities_.ranks[a].compare(identities_.ranks[b]);
      return ranks != 0 ? ranks < 0 : a < b;
    });
    for (std::size_t at = 0; at < order.size();) {
      const std::size_t first = at;
      while (at < order.size() && identities_.keys[order[at]] == identities_.keys[order[first]]) ++at;
      TARN_RETURN_IF_ERROR(plan_key(std::span(order).subspan(first, at - first)));
    }
    plan_.rows = std::move(rows_).finish();
    plan_.unchanged = std::move(unchanged_).finish();
    plan_.records = static_cast<std::int64_t>(identities_.keys.size());
    return std::move(plan_);
  }

 private:
  Status read_records() {
    const HistoryColumns& columns = index_.columns();
    TARN_ASSIGN_OR_RETURN(
        const UpsertColumns bound,
        UpsertColumns::bind(records_.schema, columns.key, columns.version, columns.tie_breaks));
    version_type_ = records_.schema.find(*bound.version)->type;
    TARN_ASSIGN_OR_RETURN(identities_, identities_of(records_.batches, records_.schema, bound));
    if (identities_.keys.size() != records_.deletes.size())
      return Error(kBatchMismatch, "each record needs to say whether it deletes");
    for (const auto& batch : records_.batches) {
      TARN_ASSIGN_OR_RETURN(const auto hashes, tracked_hashes(*batch, records_.schema, records_.tracked));
      hashes_.insert(hashes_.end(), hashes.begin(), hashes.end());
      TARN_RETURN_IF_ERROR(read_values(*batch));
    }
    return ok_status();
  }

  /// What records bring of the columns whose former values are kept.
  Status read_values(const arrow::RecordBatch& batch) {
    if (index_.columns().previous.empty()) return ok_status();
    std::vector<TypedColumn> columns;
    for (const PreviousColumn& previous : index_.columns().previous) {
      const auto fields = records_.schema.fields();
      const auto found = std::ranges::find(fields, previous.name, &iceberg::NestedField::name);
      if (found == fields.end()) return Error(kBatchMismatch, "the records lack `" + previous.name + "`");
      const auto raw = batch.column(static_cast<int>(found - fields.begin()));
      TARN_ASSIGN_OR_RETURN(auto array, conform_array(raw, *found));
      TARN_RETURN_IF_ERROR(check_column(*array, found->type));
      columns.push_back({std::move(array), found->name, found->type});
    }
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      std::string values;
      for (const TypedColumn& column : columns) {
        std::string value;
        append_value(value, *column.array, column.type, row);
        append_part(values, value);
      }
      values_.append(values);
    }
    return ok_status();
  }

  Version version_of(std::uint32_t record) const {
    const std::string_view rank = identities_.ranks[record];
    const std::size_t split = version_size(version_type_, rank);
    return {.version = std::string(rank.substr(0, split)),
            .tie = std::string(rank.substr(split)),
            .hash = hashes_[record],
            .kind = records_.deletes[record] ? VersionKind::kDeletion : VersionKind::kRow,
            .values = std::string(values_.size() == 0 ? std::string_view() : values_[record])};
  }

  /// `records` are those of one key, ascending by version and tie-break.
  Status plan_key(std::span<const std::uint32_t> records) {
    const RowKey& key = identities_.keys[records.front()];
    TARN_ASSIGN_OR_RETURN(std::vector<StoredVersion> stored, index_.history(key));
    std::vector<Entry> history = merge(records, stored);
    std::vector<Version*> versions;
    for (Entry& entry : history) versions.push_back(&entry.now);
    if (index_.columns().previous.empty()) {
      fold(versions);
    } else {
      TARN_RETURN_IF_ERROR(fold_latest(versions));
    }
    for (const Entry& entry : history) TARN_RETURN_IF_ERROR(plan_version(key, entry));
    return ok_status();
  }

  std::vector<Entry> merge(std::span<const std::uint32_t> records, std::vector<StoredVersion>& stored) {
    std::vector<Entry> history;
    auto next = stored.begin();
    const auto take_stored = [&] {
      Version version = next->version;
      history.push_back({std::move(version), std::move(*next), std::nullopt});
      ++next;
    };
    for (std::size_t i = 0; i < records.size(); ++i) {
      Version version = version_of(records[i]);
      // Of those with the same version the last one is the greatest.
      if (i + 1 < records.size() && version_of(records[i + 1]).version == version.version) {
        ++plan_.counts.superseded;
        continue;
      }
      while (next != stored.end() && next->version.version < version.version) take_stored();
      if (next == stored.end() || next->version.version != version.version) {
        history.push_back({std::move(version), std::nullopt, records[i]});
      } else if (next->version.tie < version.tie) {
        history.push_back({std::move(version), std::move(*next), records[i]});
        ++next;
      } else {
        ++plan_.counts.superseded;
      }
    }
    while (next != stored.end()) take_stored();
    return history;
  }

  Status plan_version(const RowKey& key, const Entry& entry) {
    if (!entry.record && entry.stored->version == entry.now) return ok_status();
    if (entry.stored) TARN_RETURN_IF_ERROR(side(side_of(entry.stored->version.kind)).remove(*entry.stored));
    HistoryChange::Source source;
    if (entry.record) {
      source.row = *entry.record;
      count(entry.now.kind);
    } else {
      source = {.file_id = static_cast<std::int64_t>(entry.stored->file_id),
                .row = entry.stored->position,
                .side = side_of(entry.stored->version.kind)};
    }
    side(side_of(entry.now.kind)).write(source, key, entry.now);
    return ok_status();
  }

  void count(VersionKind kind) {
    switch (kind) {
      case VersionKind::kRow:
        ++plan_.counts.rows;
        break;
      case VersionKind::kUnchanged:
        ++plan_.counts.unchanged;
        break;
      case VersionKind::kDeletion:
        ++plan_.counts.deleted;
        break;
    }
  }

  Side& side(HistorySide which) { return which == HistorySide::kRows ? rows_ : unchanged_; }

  HistoryIndex& index_;
  const HistoryRecords& records_;
  Side rows_;
  Side unchanged_;
  RowIdentities identities_;
  std::vector<std::int64_t> hashes_;
  PackedStrings values_;  // parts; empty without previous columns
  iceberg::Type version_type_;
  HistoryPlan plan_;
};

}  // namespace

std::vector<std::int64_t> HistoryPlan::kept() const {
  std::vector<std::int64_t> all;
  const auto records_of = [](const HistoryChange& change) {
    return std::span(change.sources).first(change.records);
  };
  for (const HistoryChange::Source& source : records_of(rows)) all.push_back(source.row);
  for (const HistoryChange::Source& source : records_of(unchanged)) all.push_back(source.row);
  std::ranges::sort(all);
  return all;
}

Result<HistoryPlan> plan_history(HistoryIndex& index, const HistoryTables& tables,
                                 const HistoryRecords& records) {
  const HistoryIndex::Snapshots base = HistoryIndex::Snapshots::of(tables.rows, tables.unchanged);
  if (index.snapshots() != base)
    return Error(kIndexNotInStep, "the history index does not describe the snapshots " +
                                      std::to_string(base.rows) + " and " + std::to_string(base.companion));
  TARN_ASSIGN_OR_RETURN(HistoryPlan plan, Planner(index, tables, records).run());
  plan.base = base;
  return plan;
}

std::vector<std::int64_t> rows_to_write(const HistoryPlan& plan, HistorySide side) {
  const HistoryChange& change = plan.of(side);
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < change.sources.size(); ++i) {
    rows.push_back(i < change.records ? change.sources[i].row
                                      : plan.records + static_cast<std::int64_t>(i - change.records));
  }
  return rows;
}

Status note_committed(HistoryIndex& index, const HistoryPlan& plan, const WrittenFiles& rows,
                      const WrittenFiles& unchanged, const HistoryIndex::Snapshots& snapshots) {
  if (index.snapshots() != plan.base)
    return Error(kIndexNotInStep, "the history index has moved on since the batch was planned");
  if (rows.places.size() != plan.rows.sources.size() ||
      unchanged.places.size() != plan.unchanged.sources.size())
    return Error(kBadChange, "the places of the written versions are missing");
  const auto written = [](const HistoryChange& change, const WrittenFiles& files) {
    return HistoryIndex::Written{change.keys, change.versions, change.entries, files.places, files.files};
  };
  return index.put(written(plan.rows, rows), written(plan.unchanged, unchanged), snapshots);
}

}  // namespace tarn::table
