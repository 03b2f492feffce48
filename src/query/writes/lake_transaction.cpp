#include "query/writes/lake_transaction.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "catalog/errors.h"

namespace tarn::query {
namespace {

Error no_table(const TableName& name) {
  return Error(catalog::kTableNotFound, fmt::format("there is no table `{}`", name.to_string()));
}
Error exists(const TableName& name) {
  return Error(catalog::kTableExists, fmt::format("the table `{}` exists already", name.to_string()));
}

/// A new table's metadata as the updates that make it.
std::vector<iceberg::TableUpdate> creation_of(const iceberg::TableMetadata& metadata) {
  return {iceberg::AssignUuid{metadata.table_uuid},
          iceberg::UpgradeFormatVersion{metadata.format_version},
          iceberg::SetLocation{metadata.location},
          iceberg::AddSchema{metadata.current_schema()},
          iceberg::SetCurrentSchema{},
          iceberg::AddPartitionSpec{metadata.default_spec()},
          iceberg::SetDefaultSpec{},
          iceberg::AddSortOrder{metadata.default_sort_order()},
          iceberg::SetDefaultSortOrder{},
          iceberg::SetProperties{metadata.properties}};
}

std::optional<std::int64_t> head_of(const iceberg::TableMetadata& metadata) {
  const iceberg::Snapshot* const head = metadata.current_snapshot();
  return head == nullptr ? std::nullopt : std::optional(head->snapshot_id);
}

}  // namespace

struct LakeTransaction::Entry {
  std::optional<catalog::Table> base = {};  ///< Nothing: the table is new.
  catalog::Table now = {};
  std::vector<iceberg::TableUpdate> updates = {};
  bool has_new_rows = false;

  bool is_renamed() const { return base && base->name != now.name; }
  bool is_changed() const { return !base || !updates.empty() || is_renamed(); }
};

struct LakeTransaction::State {
  std::map<TableName, Entry> entries = {};  ///< By their present names.
  std::vector<catalog::Table> dropped = {};
};

LakeTransaction::LakeTransaction(const Lake& lake) : lake_(lake), state_(std::make_unique<State>()) {}

LakeTransaction::~LakeTransaction() {
  roll_back();
}

bool LakeTransaction::is_vacated(const TableName& name) const {
  const auto is_it = [&](const catalog::Table& table) { return table.name == name; };
  return std::ranges::any_of(state_->dropped, is_it) ||
         std::ranges::any_of(state_->entries,
                             [&](const auto& one) { return one.second.base && is_it(*one.second.base); });
}

Result<catalog::Table> LakeTransaction::load_table(const TableName& name) const {
  const auto found = state_->entries.find(name);
  if (found != state_->entries.end()) return found->second.now;
  if (is_vacated(name)) return no_table(name);
  return lake_.catalog.load_table(name);
}

Result<std::vector<TableName>> LakeTransaction::list_tables() const {
  TARN_ASSIGN_OR_RETURN(std::vector<TableName> names, lake_.catalog.list_tables());
  if (state_->entries.empty() && state_->dropped.empty()) return names;
  std::erase_if(names, [&](const TableName& name) { return is_vacated(name); });
  for (const auto& [name, entry] : state_->entries) names.push_back(name);
  std::ranges::sort(names);
  const auto same = std::ranges::unique(names);
  names.erase(same.begin(), same.end());
  return names;
}

Result<LakeTransaction::Entry*> LakeTransaction::touch(const TableName& name) {
  const auto found = state_->entries.find(name);
  if (found != state_->entries.end()) return &found->second;
  TARN_ASSIGN_OR_RETURN(catalog::Table table, load_table(name));
  Entry& entry = state_->entries[name];
  entry.base = table;
  entry.now = std::move(table);
  return &entry;
}

Result<catalog::Table> LakeTransaction::pin(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const Entry* const entry, touch(name));
  return entry->now;
}

std::string LakeTransaction::next_location() {
  return fmt::format("transaction:{}", ++changes_);
}

Result<catalog::Table> LakeTransaction::create_table(const TableName& name, const iceberg::Schema& schema) {
  TARN_CHECK(lake_.writing != nullptr);
  if (state_->entries.contains(name)) return exists(name);
  catalog::CreateTable wanted{
      .name = name, .schema = schema, .format_version = lake_.writing->format_version};
  // A folder of its own for every table that ever had the name: what removes the files of one never meets
  // those that another is about to commit.
  const std::string id = uuid_v4(lake_.writing->random.bytes16());
  TARN_ASSIGN_OR_RETURN(const std::string folder, lake_.catalog.new_location(name));
  wanted.location = folder + "-" + id.substr(0, 8);
  // The catalog does not know yet that the name is free.
  if (is_vacated(name)) wanted.name.name = id;
  TARN_ASSIGN_OR_RETURN(iceberg::TableMetadata metadata, lake_.catalog.stage_table(wanted));
  Entry entry{.updates = creation_of(metadata)};
  entry.now = {name, next_location(), std::make_shared<const iceberg::TableMetadata>(std::move(metadata))};
  return state_->entries.emplace(name, std::move(entry)).first->second.now;
}

Status LakeTransaction::drop_table(const TableName& name) {
  TARN_ASSIGN_OR_RETURN(const Entry* const entry, touch(name));
  if (entry->base) state_->dropped.push_back(*entry->base);
  state_->entries.erase(name);
  return ok_status();
}

Status LakeTransaction::rename_table(const TableName& from, const TableName& to) {
  TARN_RETURN_IF_ERROR(touch(from));
  if (state_->entries.contains(to)) return exists(to);
  if (!is_vacated(to)) {
    TARN_ASSIGN_OR_RETURN(const bool taken, lake_.catalog.table_exists(to));
    if (taken) return exists(to);
  }
  TARN_RETURN_IF_ERROR(lake_.catalog.namespace_properties(to.schema));
  auto node = state_->entries.extract(from);
  node.key() = to;
  node.mapped().now.name = to;
  state_->entries.insert(std::move(node));
  return ok_status();
}

Status LakeTransaction::apply(Entry& entry, const std::vector<iceberg::TableUpdate>& updates) {
  TARN_CHECK(lake_.writing != nullptr);
  TARN_ASSIGN_OR_RETURN(
      iceberg::TableMetadata next,
      iceberg::apply(*entry.now.metadata, updates, {.now_ms = lake_.writing->clock.now_us() / 1000}));
  entry.updates.insert(entry.updates.end(), updates.begin(), updates.end());
  entry.now.metadata = std::make_shared<const iceberg::TableMetadata>(std::move(next));
  entry.now.metadata_location = next_location();
  return ok_status();
}

Status LakeTransaction::set_properties(const TableName& name, std::map<std::string, std::string> properties) {
  TARN_ASSIGN_OR_RETURN(Entry* const entry, touch(name));
  return apply(*entry, {iceberg::SetProperties{std::move(properties)}});
}

Status LakeTransaction::change_schema(const TableName& name, const iceberg::SchemaUpdate::Outcome& outcome) {
  TARN_ASSIGN_OR_RETURN(Entry* const entry, touch(name));
  return apply(*entry, {iceberg::AddSchema{outcome.schema}, iceberg::SetCurrentSchema{}});
}

Status LakeTransaction::change_rows(const TableName& name, table::SnapshotChange change) {
  TARN_CHECK(lake_.writing != nullptr);
  TARN_ASSIGN_OR_RETURN(Entry* const entry, touch(name));
  note_files(change.data_files);
  note_files(change.delete_files);
  change.timestamp_ms = lake_.writing->clock.now_us() / 1000;
  TARN_ASSIGN_OR_RETURN(table::BuiltSnapshot built,
                        table::build_snapshot(lake_.store, lake_.manifests, lake_.writing->random,
                                              *entry->now.metadata, change));
  files_.insert(files_.end(), built.written_locations.begin(), built.written_locations.end());
  TARN_RETURN_IF_ERROR(apply(*entry, built.updates));
  entry->has_new_rows = true;
  return ok_status();
}

void LakeTransaction::note_files(const std::vector<table::NewFile>& files) {
  for (const table::NewFile& file : files) files_.push_back(file.file.file_path);
}

bool LakeTransaction::is_empty() const {
  return state_->dropped.empty() &&
         std::ranges::none_of(state_->entries, [](const auto& one) { return one.second.is_changed(); });
}

std::vector<LakeTransaction::Committed> LakeTransaction::changed() const {
  std::vector<Committed> tables;
  for (const catalog::Table& table : state_->dropped)
    tables.push_back({table.name, head_of(*table.metadata)});
  for (const auto& [name, entry] : state_->entries) {
    if (entry.is_changed()) tables.push_back({name, head_of(*entry.now.metadata)});
  }
  return tables;
}

std::vector<catalog::TableCommit> LakeTransaction::commits() const {
  std::vector<catalog::TableCommit> all;
  for (const catalog::Table& table : state_->dropped) {
    all.push_back({.name = table.name,
                   .requirements = {iceberg::AssertTableUuid{table.metadata->table_uuid}},
                   .drop = catalog::Purge::kYes});
  }
  for (const auto& [name, entry] : state_->entries) {
    if (!entry.is_changed()) continue;
    if (!entry.base) {
      all.push_back({.name = name, .requirements = {iceberg::AssertCreate{}}, .updates = entry.updates});
      continue;
    }
    const iceberg::TableMetadata& base = *entry.base->metadata;
    catalog::TableCommit commit{.name = entry.base->name,
                                .requirements = {iceberg::AssertTableUuid{base.table_uuid}},
                                .updates = entry.updates};
    if (!entry.updates.empty())
      commit.requirements.emplace_back(iceberg::AssertCurrentSchemaId{base.current_schema_id});
    if (entry.has_new_rows)
      commit.requirements.emplace_back(iceberg::AssertRefSnapshotId{"main", head_of(base)});
    if (entry.is_renamed()) commit.rename_to = name;
    all.push_back(std::move(commit));
  }
  return all;
}

Result<std::vector<LakeTransaction::Committed>> LakeTransaction::commit() {
  std::vector<Committed> tables = changed();
  const std::vector<catalog::TableCommit> all = commits();
  if (!all.empty()) {
    const auto committed = lake_.catalog.commit(all);
    if (!committed.ok()) {
      // Its files may be in use: they are left to the removal of orphans.
      if (committed.error().error_class() == ErrorClass::kUnknownOutcome) forget();
      return committed.error();
    }
  }
  forget();
  return tables;
}

void LakeTransaction::forget() {
  files_.clear();
  *state_ = State();
}

void LakeTransaction::roll_back() {
  // What cannot be removed now only costs space: no snapshot names it.
  for (const std::string& file : files_) (void)lake_.store.remove(file);
  forget();
}

std::shared_ptr<const LakeTransaction::State> LakeTransaction::save() const {
  return std::make_shared<const State>(*state_);
}

void LakeTransaction::restore(const std::shared_ptr<const State>& state) {
  *state_ = *state;
}

}  // namespace tarn::query
