#include "table/key_index.h"

#include <algorithm>
#include <utility>

#include "iceberg/errors.h"
#include "table/errors.h"
#include "table/index/index_sync.h"
#include "table/index/indexed_file.h"
#include "table/index/key_database.h"

namespace tarn::table {
namespace {

constexpr std::string_view kDefaultTieBreaks[] = {"_source_arrival", "_source_record"};

Result<std::int32_t> top_level_column(const iceberg::Schema& schema, const std::string& name) {
  const auto found = std::ranges::find(schema.fields(), name, &iceberg::NestedField::name);
  if (found == schema.fields().end())
    return Error(iceberg::kColumnNotFound, "the table has no column `" + name + "`");
  if (!found->type.is_primitive())
    return Error(kBadKey, "column `" + name + "` is a " + found->type.to_string() + ", which has no order");
  return found->id;
}

std::string describe(const UpsertColumns& columns) {
  std::string text = "key";
  for (const std::int32_t id : columns.key) text += " " + std::to_string(id);
  text += " version";
  if (columns.version) text += " " + std::to_string(*columns.version);
  text += " ties";
  for (const std::int32_t id : columns.tie_breaks) text += " " + std::to_string(id);
  return text;
}

}  // namespace

Result<UpsertColumns> UpsertColumns::bind(const iceberg::Schema& schema, std::span<const std::string> key,
                                          const std::optional<std::string>& version,
                                          std::span<const std::string> tie_breaks) {
  UpsertColumns columns;
  if (key.empty()) return Error(kBadKey, "an upsert needs at least one key column");
  for (const std::string& name : key) {
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, top_level_column(schema, name));
    const iceberg::TypeId type = schema.find(id)->type.id();
    if (type == iceberg::TypeId::kFloat || type == iceberg::TypeId::kDouble)
      return Error(kBadKey, "column `" + name + "` is a floating-point number: equal keys cannot be told");
    columns.key.push_back(id);
  }
  if (version) {
    TARN_ASSIGN_OR_RETURN(columns.version, top_level_column(schema, *version));
  }
  for (const std::string& name : tie_breaks) {
    if (std::ranges::find(schema.fields(), name, &iceberg::NestedField::name) == schema.fields().end())
      continue;
    TARN_ASSIGN_OR_RETURN(const std::int32_t id, top_level_column(schema, name));
    columns.tie_breaks.push_back(id);
  }
  return columns;
}

Result<UpsertColumns> UpsertColumns::bind(const iceberg::Schema& schema, std::span<const std::string> key,
                                          const std::optional<std::string>& version) {
  const std::vector<std::string> ties(std::begin(kDefaultTieBreaks), std::end(kDefaultTieBreaks));
  return bind(schema, key, version, ties);
}

KeyIndex::KeyIndex(std::unique_ptr<KeyDatabase> database, UpsertColumns columns)
    : database_(std::move(database)), columns_(std::move(columns)) {}
KeyIndex::~KeyIndex() = default;

Result<std::unique_ptr<KeyIndex>> KeyIndex::open(const std::string& folder, UpsertColumns columns,
                                                 const KeyIndexOptions& options) {
  if (columns.key.empty()) return Error(kBadKey, "an upsert needs at least one key column");
  TARN_ASSIGN_OR_RETURN(auto database, KeyDatabase::open(folder, options));
  return std::unique_ptr<KeyIndex>(new KeyIndex(std::move(database), std::move(columns)));
}

Result<KeyIndex::SyncOutcome> KeyIndex::sync_to(const iceberg::TableMetadata& metadata,
                                                io::ObjectStore& store, ManifestCache& cache) {
  return IndexSync(*database_, columns_, describe(columns_), metadata, store, cache).run();
}

const UpsertColumns& KeyIndex::columns() const {
  return columns_;
}

std::optional<std::int64_t> KeyIndex::snapshot_id() const {
  const auto& state = database_->state();
  if (!state || state->columns != describe(columns_)) return std::nullopt;
  return state->snapshot_id;
}

Result<std::vector<std::optional<IndexedRow>>> KeyIndex::find(std::span<const RowKey> keys) const {
  return database_->find(keys);
}

Result<IndexedFile> KeyIndex::file(std::uint64_t file_id, const iceberg::TableMetadata& metadata) const {
  return indexed_file(*database_, file_id, metadata);
}

Status KeyIndex::put(const Written& rows, std::span<const RowKey> removed, std::span<const NewFile> files,
                     std::int64_t snapshot_id) {
  if (!this->snapshot_id()) return Error(kIndexNotInStep, "the key index must be brought up to date first");
  KeyDatabase::State state = *database_->state();
  const std::uint64_t first_id = state.next_file_id;
  KeyDatabase::Changes changes;
  for (const NewFile& file : files)
    changes.put_file(state.next_file_id++,
                     database_file(file.file.file_path, file.spec_id, file.file.partition));
  if (std::ranges::any_of(rows.places, [&](const RowPlace& place) { return place.file >= files.size(); }))
    return Error(kBadChange, "a row lies in a file that was not written");
  state.snapshot_id = snapshot_id;
  changes.put_state(std::move(state));
  TARN_RETURN_IF_ERROR(database_->apply(changes, {rows.keys, rows.ranks, rows.places, first_id, removed}));
  return database_->settle_some();
}

Result<std::int64_t> KeyIndex::count_keys() const {
  return database_->count_keys();
}

}  // namespace tarn::table
