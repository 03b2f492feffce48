#include "table/replace/delivery_index.h"

#include <arrow/record_batch.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "table/columns/row_identity.h"
#include "table/errors.h"
#include "table/history/tracked_hash.h"
#include "table/index/index_format.h"
#include "table/index/indexed_file.h"
#include "table/index/key_database.h"
#include "table/reader.h"

namespace tarn::table {
namespace {

// Changes of the index are applied when they are this big.
constexpr std::size_t kStepBytes = std::size_t{16} << 20;
// What stands for the latest delivery among the rows of its scope: no key is so short.
constexpr std::string_view kLatest;

/// A key as it stands behind its scope, in the order of RowKey.
std::string key_bytes(const RowKey& key) {
  return std::string(std::string_view(index_format::RowKeyBytes(key)).substr(1));
}

RowKey key_from(std::string_view bytes) {
  std::array<std::uint64_t, 2> parts;
  std::memcpy(parts.data(), bytes.data(), sizeof(parts));
  return {.low = __builtin_bswap64(parts[0]), .high = __builtin_bswap64(parts[1])};
}

std::string row_entry(std::int64_t content, std::string_view rank) {
  std::string bytes(sizeof(content), '\0');
  std::memcpy(bytes.data(), &content, sizeof(content));
  return bytes.append(rank);
}

std::string describe(const iceberg::TableMetadata& metadata, const BoundDeliveryColumns& columns) {
  std::string text = metadata.table_uuid;
  const auto add = [&](std::string_view what, std::span<const std::int32_t> ids) {
    text.append(" ").append(what);
    for (const std::int32_t id : ids) text += " " + std::to_string(id);
  };
  add("scope", columns.scope.key);
  add("key", columns.row.key);
  add("version",
      columns.scope.version ? std::span(&*columns.scope.version, 1) : std::span<const std::int32_t>());
  add("ties", columns.scope.tie_breaks);
  return text;
}

Result<std::string> layout_of(const DeliveryTables& tables, const DeliveryColumns& columns) {
  TARN_ASSIGN_OR_RETURN(const auto rows, BoundDeliveryColumns::bind(tables.rows.current_schema(), columns,
                                                                    DeliverySide::kRows));
  TARN_ASSIGN_OR_RETURN(
      const auto deliveries,
      BoundDeliveryColumns::bind(tables.deliveries.current_schema(), columns, DeliverySide::kDeliveries));
  return "deliveries " + describe(tables.rows, rows) + " and " + describe(tables.deliveries, deliveries) +
         " at ";
}

/// Puts one of the tables into an index that is built anew.
class SideScan {
 public:
  SideScan(KeyDatabase& database, const iceberg::TableMetadata& metadata, BoundDeliveryColumns columns,
           DeliverySide side)
      : database_(database), metadata_(metadata), columns_(std::move(columns)), side_(side) {}

  Status run(io::ObjectStore& store, ManifestCache& cache, std::uint64_t& next_file_id) {
    TARN_ASSIGN_OR_RETURN(const Scan scan, plan_scan(cache, metadata_));
    TARN_ASSIGN_OR_RETURN(const iceberg::Schema read, schema_to_read());
    std::vector<std::int32_t> ids;
    for (const iceberg::NestedField& field : read.fields()) ids.push_back(field.id);
    DeleteFileCache deletes(store);
    for (const ScanTask& task : scan.tasks) {
      const std::uint64_t file_id = next_file_id++;
      changes_.put_file(
          file_id, database_file(task.data->file.file_path, task.data->spec_id, task.data->file.partition));
      TARN_ASSIGN_OR_RETURN(const auto reader,
                            DataFileReader::open(store, deletes, task, metadata_.current_schema(), ids));
      for (;;) {
        TARN_ASSIGN_OR_RETURN(const auto rows, reader->next());
        if (!rows) break;
        TARN_RETURN_IF_ERROR(add(*rows, read, file_id));
      }
    }
    return database_.apply(changes_);
  }

 private:
  Result<iceberg::Schema> schema_to_read() const {
    const iceberg::Schema& schema = metadata_.current_schema();
    std::vector<std::int32_t> ids = columns_.row.key;
    ids.insert(ids.end(), columns_.scope.key.begin(), columns_.scope.key.end());
    if (columns_.scope.version) ids.push_back(*columns_.scope.version);
    ids.insert(ids.end(), columns_.scope.tie_breaks.begin(), columns_.scope.tie_breaks.end());
    iceberg::Schema::Parts parts{.schema_id = schema.id()};
    for (const iceberg::NestedField& field : schema.fields()) {
      if (std::ranges::find(ids, field.id) != ids.end() ||
          std::ranges::find(columns_.content, field.name) != columns_.content.end())
        parts.fields.push_back(field);
    }
    return iceberg::Schema::make(std::move(parts));
  }

  Status add(const FileRows& rows, const iceberg::Schema& schema, std::uint64_t file_id) {
    const std::span one(&rows.batch, 1);
    TARN_ASSIGN_OR_RETURN(const RowIdentities scopes, identities_of(one, schema, columns_.scope));
    RowIdentities keys;
    std::vector<std::int64_t> contents;
    if (side_ == DeliverySide::kRows) {
      TARN_ASSIGN_OR_RETURN(keys, identities_of(one, schema, columns_.row));
      TARN_ASSIGN_OR_RETURN(contents, tracked_hashes(*rows.batch, schema, columns_.content));
    }
    for (std::size_t i = 0; i < scopes.keys.size(); ++i) {
      const VersionPlace place{file_id, rows.positions[i]};
      if (side_ == DeliverySide::kRows) {
        changes_.put_version(scopes.keys[i], key_bytes(keys.keys[i]), place,
                             row_entry(contents[i], scopes.ranks[i]));
      } else {
        changes_.put_version(scopes.keys[i], kLatest, place, scopes.ranks[i]);
      }
    }
    if (changes_.size_bytes() < kStepBytes) return ok_status();
    TARN_RETURN_IF_ERROR(database_.apply(changes_));
    changes_ = {};
    return ok_status();
  }

  KeyDatabase& database_;
  const iceberg::TableMetadata& metadata_;
  BoundDeliveryColumns columns_;
  DeliverySide side_;
  KeyDatabase::Changes changes_;
};

}  // namespace

Result<BoundDeliveryColumns> BoundDeliveryColumns::bind(const iceberg::Schema& schema,
                                                        const DeliveryColumns& columns, DeliverySide side) {
  const auto id_of = [&](const std::string& name) {
    const auto found = std::ranges::find(schema.fields(), name, &iceberg::NestedField::name);
    return found == schema.fields().end() ? std::nullopt : std::optional(found->id);
  };
  BoundDeliveryColumns bound;
  for (const std::string& name : columns.scope) {
    const auto id = id_of(name);
    if (!id) return Error(kBadKey, "a table of deliveries has no column `" + name + "`");
    bound.scope.key.push_back(*id);
  }
  if (columns.version) {
    bound.scope.version = id_of(*columns.version);
    if (!bound.scope.version)
      return Error(kBadKey, "a table of deliveries has no column `" + *columns.version + "`");
  }
  for (const std::string& name : columns.tie_breaks)
    if (const auto id = id_of(name)) bound.scope.tie_breaks.push_back(*id);
  if (side == DeliverySide::kDeliveries) return bound;
  TARN_ASSIGN_OR_RETURN(bound.row,
                        UpsertColumns::bind(schema, columns.key, columns.version, columns.tie_breaks));
  const auto is_in = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  for (const iceberg::NestedField& field : schema.fields()) {
    if (!is_in(columns.key, field.name) && !is_in(columns.no_content, field.name) &&
        columns.version != field.name)
      bound.content.push_back(field.name);
  }
  return bound;
}

DeliveryIndex::DeliveryIndex(std::unique_ptr<KeyDatabase> database, DeliveryColumns columns)
    : database_(std::move(database)), columns_(std::move(columns)), state_(*database_) {}
DeliveryIndex::~DeliveryIndex() = default;

Result<std::unique_ptr<DeliveryIndex>> DeliveryIndex::open(const std::string& folder, DeliveryColumns columns,
                                                           const KeyIndexOptions& options) {
  if (columns.key.empty()) return Error(kBadKey, "rows that deliveries replace need a key");
  TARN_ASSIGN_OR_RETURN(auto database, KeyDatabase::open(folder, options));
  return std::unique_ptr<DeliveryIndex>(new DeliveryIndex(std::move(database), std::move(columns)));
}

Result<bool> DeliveryIndex::sync_to(const DeliveryTables& tables, io::ObjectStore& store,
                                    ManifestCache& cache) {
  TARN_ASSIGN_OR_RETURN(std::string layout, layout_of(tables, columns_));
  state_.set_layout(std::move(layout));
  if (snapshots() == Snapshots::of(tables.rows, tables.deliveries)) return false;
  TARN_ASSIGN_OR_RETURN(const bool followed, state_.follow(tables.rows, tables.deliveries, store, cache));
  if (followed) return false;
  TARN_RETURN_IF_ERROR(rebuild(tables, store, cache));
  return true;
}

Status DeliveryIndex::rebuild(const DeliveryTables& tables, io::ObjectStore& store, ManifestCache& cache) {
  reader_.reset();
  TARN_RETURN_IF_ERROR(database_->clear());
  std::uint64_t next_file_id = 0;
  for (const DeliverySide side : {DeliverySide::kRows, DeliverySide::kDeliveries}) {
    const iceberg::TableMetadata& metadata = side == DeliverySide::kRows ? tables.rows : tables.deliveries;
    TARN_ASSIGN_OR_RETURN(auto columns,
                          BoundDeliveryColumns::bind(metadata.current_schema(), columns_, side));
    TARN_RETURN_IF_ERROR(
        SideScan(*database_, metadata, std::move(columns), side).run(store, cache, next_file_id));
  }
  KeyDatabase::Changes changes;
  changes.put_state(
      state_.state(tables.rows.table_uuid, Snapshots::of(tables.rows, tables.deliveries), next_file_id));
  return database_->apply(changes);
}

Result<Scope> DeliveryIndex::scope(const RowKey& scope) {
  if (!reader_) reader_ = database_->read_versions();
  Scope content;
  const auto visit = [&](std::string_view key, const VersionPlace& place, std::string_view entry) -> Status {
    if (key == kLatest) {
      content.latest = StoredDelivery{std::string(entry), place.file_id, place.position};
      return ok_status();
    }
    DeliveredRow row{.key = {}, .file_id = place.file_id, .position = place.position};
    if (key.size() != sizeof(RowKey) || entry.size() < sizeof(row.content))
      return Error(kIndexFailed, "a row of the delivery index is damaged");
    row.key = key_from(key);
    std::memcpy(&row.content, entry.data(), sizeof(row.content));
    row.rank = entry.substr(sizeof(row.content));
    content.rows.push_back(std::move(row));
    return ok_status();
  };
  TARN_RETURN_IF_ERROR(reader_->read(scope, visit));
  return content;
}

Result<IndexedFile> DeliveryIndex::file(std::uint64_t file_id, const iceberg::TableMetadata& metadata) const {
  return indexed_file(*database_, file_id, metadata);
}

Status DeliveryIndex::put(const Written& rows, std::span<const ScopedKey> removed, const Written& deliveries,
                          const Snapshots& snapshots) {
  if (!this->snapshots())
    return Error(kIndexNotInStep, "the delivery index must be brought up to date first");
  reader_.reset();
  KeyDatabase::State state = *database_->state();
  KeyDatabase::Changes changes;
  // What is too much for one step goes without a state until its end.
  const auto step = [&]() -> Status {
    if (changes.size_bytes() < kStepBytes) return ok_status();
    changes.drop_state();
    TARN_RETURN_IF_ERROR(database_->apply(changes));
    changes = {};
    return ok_status();
  };
  for (const auto& [scope, key] : removed) {
    changes.remove_version(scope, key_bytes(key));
    TARN_RETURN_IF_ERROR(step());
  }
  for (const Written* written : std::array{&rows, &deliveries}) {
    const std::uint64_t first_id = state.next_file_id;
    for (const NewFile& file : written->files)
      changes.put_file(state.next_file_id++,
                       database_file(file.file.file_path, file.spec_id, file.file.partition));
    for (std::size_t i = 0; i < written->scopes.size(); ++i) {
      const RowPlace& place = written->places[i];
      if (place.file >= written->files.size())
        return Error(kBadChange, "a row lies in a file that was not written");
      const VersionPlace at{first_id + place.file, place.position};
      if (written == &rows) {
        changes.put_version(rows.scopes[i], key_bytes(rows.keys[i]), at,
                            row_entry(rows.contents[i], rows.ranks[i]));
      } else {
        changes.put_version(deliveries.scopes[i], kLatest, at, deliveries.ranks[i]);
      }
      TARN_RETURN_IF_ERROR(step());
    }
  }
  changes.put_state(state_.state(state.table_uuid, snapshots, state.next_file_id));
  TARN_RETURN_IF_ERROR(database_->apply(changes));
  return database_->settle_some();
}

}  // namespace tarn::table
