#include "table/history/history_index.h"

#include <arrow/array.h>
#include <arrow/record_batch.h>

#include <algorithm>
#include <array>

#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/history/version_values.h"
#include "table/index/indexed_file.h"
#include "table/index/key_database.h"
#include "table/reader.h"

namespace tarn::table {
namespace {

// Changes of the index are applied when they are this big.
constexpr std::size_t kStepBytes = std::size_t{16} << 20;

/// The id of one of the columns that Tarn adds.
Result<std::int32_t> column_id(const iceberg::Schema& schema, std::string_view name,
                               const iceberg::Type& type) {
  const auto found = std::ranges::find(schema.fields(), name, &iceberg::NestedField::name);
  if (found != schema.fields().end() && found->type == type) return found->id;
  return Error(kBadKey,
               "a table of histories has no column `" + std::string(name) + "` of type " + type.to_string());
}

/// What of a table the index is built from.
struct SideColumns {
  UpsertColumns identity;
  /// What is read besides: of rows the hash and `valid_to`, or of each previous column its value, since when
  /// it is so, and what was before; of other versions whether they are deletions, and the hash or the values.
  std::vector<std::int32_t> rest;
};

/// The ids of what is kept of each previous column.
Status bind_previous(const iceberg::Schema& schema, const HistoryColumns& columns, HistorySide side,
                     const iceberg::Type& version, SideColumns& bound) {
  for (const PreviousColumn& previous : columns.previous) {
    const auto found = std::ranges::find(schema.fields(), previous.name, &iceberg::NestedField::name);
    if (found == schema.fields().end() || !found->type.is_primitive())
      return Error(kBadKey, "a table with previous values has no scalar column `" + previous.name + "`");
    bound.rest.push_back(found->id);
    if (side == HistorySide::kUnchanged) continue;
    TARN_ASSIGN_OR_RETURN(const std::int32_t since, column_id(schema, previous.changed_at, version));
    TARN_ASSIGN_OR_RETURN(const std::int32_t before, column_id(schema, previous.before, found->type));
    bound.rest.insert(bound.rest.end(), {since, before});
  }
  return ok_status();
}

Result<SideColumns> bind_side(const iceberg::Schema& schema, const HistoryColumns& columns,
                              HistorySide side) {
  SideColumns bound;
  TARN_ASSIGN_OR_RETURN(bound.identity,
                        UpsertColumns::bind(schema, columns.key, columns.version, columns.tie_breaks));
  const iceberg::Type& type = schema.find(*bound.identity.version)->type;
  if (!can_order_versions(type))
    return Error(kBadKey, "`" + columns.version + "` is " + type.to_string() +
                              ", which cannot order the versions of a history");
  if (side == HistorySide::kUnchanged) {
    TARN_ASSIGN_OR_RETURN(bound.rest.emplace_back(),
                          column_id(schema, kIsDeletion, iceberg::Type::boolean()));
  }
  if (!columns.previous.empty()) {
    TARN_RETURN_IF_ERROR(bind_previous(schema, columns, side, type, bound));
    return bound;
  }
  TARN_ASSIGN_OR_RETURN(bound.rest.emplace_back(), column_id(schema, kTrackedHash, iceberg::Type::int64()));
  if (side == HistorySide::kRows) {
    TARN_ASSIGN_OR_RETURN(bound.rest.emplace_back(), column_id(schema, kValidTo, type));
  }
  return bound;
}

std::string describe(const iceberg::TableMetadata& metadata, const SideColumns& columns) {
  std::string text = metadata.table_uuid + " key";
  for (const std::int32_t id : columns.identity.key) text += " " + std::to_string(id);
  text += " version " + std::to_string(*columns.identity.version) + " ties";
  for (const std::int32_t id : columns.identity.tie_breaks) text += " " + std::to_string(id);
  text += " rest";
  for (const std::int32_t id : columns.rest) text += " " + std::to_string(id);
  return text;
}

Result<std::string> layout_of(const HistoryTables& tables, const HistoryColumns& columns) {
  TARN_ASSIGN_OR_RETURN(const SideColumns rows,
                        bind_side(tables.rows.current_schema(), columns, HistorySide::kRows));
  TARN_ASSIGN_OR_RETURN(const SideColumns unchanged,
                        bind_side(tables.unchanged.current_schema(), columns, HistorySide::kUnchanged));
  return "history " + describe(tables.rows, rows) + " and " + describe(tables.unchanged, unchanged) + " at ";
}

/// Puts the versions of a table into an index that is built anew.
class SideScan {
 public:
  SideScan(KeyDatabase& database, const iceberg::TableMetadata& metadata, SideColumns columns,
           HistorySide side, bool keeps_previous)
      : database_(database),
        metadata_(metadata),
        columns_(std::move(columns)),
        side_(side),
        keeps_previous_(keeps_previous) {}

  Status run(io::ObjectStore& store, ManifestCache& cache, std::uint64_t& next_file_id) {
    TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache, metadata_));
    DeleteFileCache deletes(store);
    std::vector<std::int32_t> ids = columns_.identity.key;
    ids.push_back(*columns_.identity.version);
    ids.insert(ids.end(), columns_.identity.tie_breaks.begin(), columns_.identity.tie_breaks.end());
    ids.insert(ids.end(), columns_.rest.begin(), columns_.rest.end());
    for (const ScanTask& task : scan.tasks) {
      const std::uint64_t file_id = next_file_id++;
      changes_.put_file(
          file_id, database_file(task.data->file.file_path, task.data->spec_id, task.data->file.partition));
      TARN_ASSIGN_OR_RETURN(const auto reader,
                            DataFileReader::open(store, deletes, task, metadata_.current_schema(), ids));
      for (;;) {
        TARN_ASSIGN_OR_RETURN(const auto rows, reader->next());
        if (!rows) break;
        TARN_RETURN_IF_ERROR(add(*rows, ids, file_id));
      }
    }
    return database_.apply(changes_);
  }

 private:
  Status add(const FileRows& rows, const std::vector<std::int32_t>& ids, std::uint64_t file_id) {
    const iceberg::Schema& schema = metadata_.current_schema();
    IdentityColumns identity;
    const std::size_t rest = ids.size() - columns_.rest.size();
    for (std::size_t i = 0; i < rest; ++i) {
      const iceberg::NestedField& field = *schema.find(ids[i]);
      (i < columns_.identity.key.size() ? identity.key : identity.rank)
          .push_back({rows.batch->column(static_cast<int>(i)), field.name, field.type});
    }
    RowIdentities identities;
    TARN_RETURN_IF_ERROR(append_identities(identity, rows.batch->num_rows(), identities));
    const iceberg::Type& type = schema.find(*columns_.identity.version)->type;
    std::vector<TypedColumn> others;
    for (std::size_t i = rest; i < ids.size(); ++i)
      others.push_back({rows.batch->column(static_cast<int>(i)), "", schema.find(ids[i])->type});
    for (std::int64_t row = 0; row < rows.batch->num_rows(); ++row) {
      const auto i = static_cast<std::size_t>(row);
      const std::string_view rank = identities.ranks[i];
      const std::size_t split = version_size(type, rank);
      Version version{.version = std::string(rank.substr(0, split)), .tie = std::string(rank.substr(split))};
      set_fate(version, others, row);
      changes_.put_version(identities.keys[i], version.version, {file_id, rows.positions[i]},
                           to_bytes(version));
    }
    if (changes_.size_bytes() < kStepBytes) return ok_status();
    TARN_RETURN_IF_ERROR(database_.apply(changes_));
    changes_ = {};
    return ok_status();
  }

  void set_fate(Version& version, std::span<const TypedColumn> others, std::int64_t row) const {
    if (side_ == HistorySide::kUnchanged) {
      const arrow::Array& deletion = *others.front().array;
      const bool deletes =
          !deletion.IsNull(row) && static_cast<const arrow::BooleanArray&>(deletion).Value(row);
      version.kind = deletes ? VersionKind::kDeletion : VersionKind::kUnchanged;
      others = others.subspan(1);
    }
    const auto bytes = [row](const TypedColumn& column) {
      std::string value;
      append_value(value, *column.array, column.type, row);
      return value;
    };
    if (keeps_previous_) {
      const std::size_t step = side_ == HistorySide::kRows ? 3 : 1;
      for (std::size_t i = 0; i < others.size(); i += step) {
        append_part(version.values, bytes(others[i]));
        if (step == 1) continue;
        const bool changed = !others[i + 1].array->IsNull(row);
        append_part(version.before, changed ? bytes(others[i + 1]) : std::string());
        append_part(version.before, changed ? bytes(others[i + 2]) : std::string());
      }
      return;
    }
    const auto& hashes = static_cast<const arrow::Int64Array&>(*others.front().array);
    version.hash = hashes.IsNull(row) ? 0 : hashes.Value(row);
    if (side_ == HistorySide::kRows && !others[1].array->IsNull(row)) version.valid_to = bytes(others[1]);
  }

  KeyDatabase& database_;
  const iceberg::TableMetadata& metadata_;
  SideColumns columns_;
  HistorySide side_;
  bool keeps_previous_;
  KeyDatabase::Changes changes_;
};

}  // namespace

HistoryIndex::HistoryIndex(std::unique_ptr<KeyDatabase> database, HistoryColumns columns)
    : database_(std::move(database)), columns_(std::move(columns)), state_(*database_) {}
HistoryIndex::~HistoryIndex() = default;

Result<std::unique_ptr<HistoryIndex>> HistoryIndex::open(const std::string& folder, HistoryColumns columns,
                                                         const KeyIndexOptions& options) {
  if (columns.key.empty()) return Error(kBadKey, "a history needs at least one key column");
  TARN_ASSIGN_OR_RETURN(auto database, KeyDatabase::open(folder, options));
  return std::unique_ptr<HistoryIndex>(new HistoryIndex(std::move(database), std::move(columns)));
}

Result<bool> HistoryIndex::sync_to(const HistoryTables& tables, io::ObjectStore& store,
                                   ManifestCache& cache) {
  TARN_ASSIGN_OR_RETURN(std::string layout, layout_of(tables, columns_));
  state_.set_layout(std::move(layout));
  if (snapshots() == Snapshots::of(tables.rows, tables.unchanged)) return false;
  TARN_ASSIGN_OR_RETURN(const bool followed, state_.follow(tables.rows, tables.unchanged, store, cache));
  if (followed) return false;
  TARN_RETURN_IF_ERROR(rebuild(tables, store, cache));
  return true;
}

Status HistoryIndex::rebuild(const HistoryTables& tables, io::ObjectStore& store, ManifestCache& cache) {
  reader_.reset();
  TARN_RETURN_IF_ERROR(database_->clear());
  std::uint64_t next_file_id = 0;
  // A version is in one of the tables. Where a foreign writer put it into both, the row that readers see
  // counts: it comes second.
  for (const HistorySide side : {HistorySide::kUnchanged, HistorySide::kRows}) {
    const iceberg::TableMetadata& metadata = side == HistorySide::kRows ? tables.rows : tables.unchanged;
    TARN_ASSIGN_OR_RETURN(SideColumns columns, bind_side(metadata.current_schema(), columns_, side));
    TARN_RETURN_IF_ERROR(SideScan(*database_, metadata, std::move(columns), side, !columns_.previous.empty())
                             .run(store, cache, next_file_id));
  }
  KeyDatabase::Changes changes;
  changes.put_state(
      state_.state(tables.rows.table_uuid, Snapshots::of(tables.rows, tables.unchanged), next_file_id));
  return database_->apply(changes);
}

Result<std::vector<StoredVersion>> HistoryIndex::history(const RowKey& key) {
  if (!reader_) reader_ = database_->read_versions();
  std::vector<StoredVersion> versions;
  TARN_RETURN_IF_ERROR(reader_->read(
      key, [&](std::string_view version, const VersionPlace& place, std::string_view entry) -> Status {
        TARN_ASSIGN_OR_RETURN(const VersionFate fate, fate_from_bytes(entry));
        versions.push_back({{.version = std::string(version),
                             .tie = std::string(fate.tie),
                             .hash = fate.hash,
                             .kind = fate.kind,
                             .valid_to = std::string(fate.valid_to),
                             .values = std::string(fate.values),
                             .before = std::string(fate.before)},
                            place.file_id,
                            place.position});
        return ok_status();
      }));
  return versions;
}

Result<IndexedFile> HistoryIndex::file(std::uint64_t file_id, const iceberg::TableMetadata& metadata) const {
  return indexed_file(*database_, file_id, metadata);
}

Status HistoryIndex::put(const Written& rows, const Written& unchanged, const Snapshots& snapshots) {
  if (!this->snapshots()) return Error(kIndexNotInStep, "the history index must be brought up to date first");
  reader_.reset();
  KeyDatabase::State state = *database_->state();
  KeyDatabase::Changes changes;
  for (const Written* written : std::array{&rows, &unchanged}) {
    const std::uint64_t first_id = state.next_file_id;
    for (const NewFile& file : written->files)
      changes.put_file(state.next_file_id++,
                       database_file(file.file.file_path, file.spec_id, file.file.partition));
    for (std::size_t i = 0; i < written->keys.size(); ++i) {
      const RowPlace& place = written->places[i];
      if (place.file >= written->files.size())
        return Error(kBadChange, "a version lies in a file that was not written");
      changes.put_version(written->keys[i], written->versions[i], {first_id + place.file, place.position},
                          written->entries[i]);
      if (changes.size_bytes() < kStepBytes) continue;
      // What is too much for one step goes without a state until its end.
      changes.drop_state();
      TARN_RETURN_IF_ERROR(database_->apply(changes));
      changes = {};
    }
  }
  changes.put_state(state_.state(state.table_uuid, snapshots, state.next_file_id));
  TARN_RETURN_IF_ERROR(database_->apply(changes));
  return database_->settle_some();
}

}  // namespace tarn::table
