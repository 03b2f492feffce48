#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/errors.h"
#include "catalog/metadata_cache.h"
#include "catalog/names.h"
#include "catalog/staged.h"
#include "iceberg/errors.h"
#include "state/errors.h"
#include "state/tables/table_pointers.h"

// How a commit survives faults:
//   1. Metadata files get new, random names, are written and synced. A fault here leaves files without
//   pointers.
//   2. One state transaction swaps all pointers and takes on_commit's writes along. It happens or it does
//   not.
//   3. When the database cannot tell which (`state.commit_unknown`), a fence makes it final, and the pointers
//   are
//      read back. Only what surely did not happen has its files removed.
//   4. Old metadata files are trimmed last; a fault there leaves files without pointers.
namespace tarn::catalog {
namespace {

/// Somebody else may come first so often.
constexpr int kCommitAttempts = 10;
constexpr std::string_view kMetadataPath = "write.metadata.path";
constexpr std::string_view kDeleteAfterCommit = "write.metadata.delete-after-commit.enabled";

template <typename Wanted, typename Variant>
bool holds(const std::vector<Variant>& items) {
  return std::any_of(items.begin(), items.end(),
                     [](const Variant& item) { return std::holds_alternative<Wanted>(item); });
}

bool in_log(const iceberg::TableMetadata& metadata, const std::string& file) {
  return std::any_of(metadata.metadata_log.begin(), metadata.metadata_log.end(),
                     [&](const iceberg::MetadataLogEntry& entry) { return entry.metadata_file == file; });
}

/// What a table's log names may lie elsewhere, where it is not Tarn's to remove: the log of a registered
/// table. `write.metadata.path` may have been another one when the file was written.
bool is_own_metadata(const iceberg::TableMetadata& metadata, const std::string& file) {
  if (has_path_tricks(file) || file.find(".metadata.json", file.rfind('/') + 1) == std::string::npos)
    return false;
  return file.starts_with(metadata_folder(metadata.location, metadata.properties) + "/") ||
         file.starts_with(metadata.location + "/");
}

/// The names that the commits free; no table twice, neither before nor behind.
Result<std::set<TableName>> vacated_names(std::span<const TableCommit> commits) {
  std::set<TableName> before;
  std::set<TableName> behind;
  std::set<TableName> vacated;
  for (const TableCommit& commit : commits) {
    const bool creates = holds<iceberg::AssertCreate>(commit.requirements);
    const bool is_new = (creates || before.insert(commit.name).second) &&
                        (commit.drop || behind.insert(commit.final_name()).second);
    if (!is_new)
      return Error(kBadCommit, fmt::format("the commit names `{}` twice", commit.name.to_string()));
    if (commit.drop && (commit.rename_to || !commit.updates.empty()))
      return Error(kBadCommit, fmt::format("the commit changes and drops `{}`", commit.name.to_string()));
    if (!creates && (commit.drop || commit.final_name() != commit.name)) vacated.insert(commit.name);
  }
  return vacated;
}

}  // namespace

std::string metadata_folder(const std::string& location, const Properties& properties) {
  const auto wanted = properties.find(std::string(kMetadataPath));
  if (wanted == properties.end()) return location + "/metadata";
  std::string folder = wanted->second;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  return folder;
}

std::string metadata_file(const std::string& folder, const std::string& previous, const std::string& uuid) {
  const std::string_view name = std::string_view(previous).substr(previous.rfind('/') + 1);
  std::uint32_t number = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
  const bool numbered = code == std::errc() && end != name.data() + name.size() && *end == '-';
  return fmt::format("{}/{:05}-{}.metadata.json", folder, numbered ? number + 1 : 0, uuid);
}

Result<Catalog::Staged> Catalog::stage_new(const TableName& name, iceberg::TableMetadata metadata) {
  TARN_RETURN_IF_ERROR(check_location(metadata.location));
  const std::string folder = metadata_folder(metadata.location, metadata.properties);
  TARN_RETURN_IF_ERROR(check_location(folder));
  Staged staged;
  staged.next = {name, metadata_file(folder, "", new_uuid()),
                 std::make_shared<const iceberg::TableMetadata>(std::move(metadata))};
  return staged;
}

Result<Catalog::Staged> Catalog::stage_creation(const TableCommit& commit, const Names& vacated) {
  if (commit.requirements.size() != 1 || commit.rename_to || commit.drop)
    return Error(kBadCommit,
                 fmt::format("the commit assumes that `{}` does not exist, and something about it as well",
                             commit.name.to_string()));
  Status vacant = vacated.contains(commit.name) ? ok_status() : check_vacant(commit.name, Kind::kTable);
  if (!vacant.ok()) {
    if (vacant.error().name() != kTableExists.name) return std::move(vacant).error();
    return Error(kTableExists, "Requirement failed: table already exists");
  }
  std::vector<iceberg::TableUpdate> updates = commit.updates;
  if (!holds<iceberg::SetLocation>(updates)) {
    TARN_ASSIGN_OR_RETURN(std::string location, new_location(commit.name));
    updates.insert(updates.begin(), iceberg::SetLocation{std::move(location)});
  }
  if (!holds<iceberg::AssignUuid>(updates)) updates.insert(updates.begin(), iceberg::AssignUuid{new_uuid()});
  TARN_ASSIGN_OR_RETURN(iceberg::TableMetadata metadata, iceberg::create_from(updates, {.now_ms = now_ms()}));
  return stage_new(commit.name, std::move(metadata));
}

Result<Catalog::Staged> Catalog::stage(const TableCommit& commit, const Names& vacated) {
  if (holds<iceberg::AssertCreate>(commit.requirements)) return stage_creation(commit, vacated);
  if (commit.rename_to) TARN_RETURN_IF_ERROR(check_table_name(*commit.rename_to));
  TARN_ASSIGN_OR_RETURN(Table base, load_table(commit.name));
  if (Status held = iceberg::check(base.metadata.get(), commit.requirements); !held.ok()) {
    if (held.error().name() != iceberg::kRequirementFailed.name) return std::move(held).error();
    return recoded(held.error(), kCommitConflict).with_context("committing to " + commit.name.to_string());
  }
  Staged staged;
  staged.expected = base.metadata_location;
  staged.base = base.metadata;
  staged.drop = commit.drop;
  if (commit.rename_to && *commit.rename_to != commit.name) staged.was = commit.name;
  staged.writes_file = !commit.updates.empty();
  if (!staged.writes_file) {
    staged.next = std::move(base);
    staged.next.name = commit.final_name();
    return staged;
  }
  auto applied = iceberg::apply(*base.metadata, commit.updates,
                                {.now_ms = now_ms(), .previous_file = base.metadata_location});
  if (!applied.ok()) {
    Error error = applied.error().name() == iceberg::kStaleUpdate.name
                      ? recoded(applied.error(), kCommitConflict)
                      : std::move(applied).error();
    return std::move(error).with_context("committing to " + commit.name.to_string());
  }
  if (applied->location != base.metadata->location) TARN_RETURN_IF_ERROR(check_location(applied->location));
  const std::string folder = metadata_folder(applied->location, applied->properties);
  TARN_RETURN_IF_ERROR(check_location(folder));
  staged.next = {commit.final_name(), metadata_file(folder, base.metadata_location, new_uuid()),
                 std::make_shared<const iceberg::TableMetadata>(std::move(applied).value())};
  return staged;
}

Result<CommitResult> Catalog::commit(std::span<const TableCommit> commits, const OnCommit& on_commit) {
  TARN_ASSIGN_OR_RETURN(const Names vacated, vacated_names(commits));
  bool ran = false;
  const OnCommit once = [&](state::Transaction& transaction) {
    ran = true;
    return on_commit ? on_commit(transaction) : ok_status();
  };
  for (int attempt = 1;; ++attempt) {
    std::vector<Staged> staging;
    staging.reserve(commits.size());
    for (const TableCommit& commit : commits) {
      TARN_ASSIGN_OR_RETURN(Staged staged, stage(commit, vacated));
      staging.push_back(std::move(staged));
    }
    if (Status published = publish(staging, once); !published.ok()) {
      // Somebody else was faster; what this commit assumes may hold all the same.
      const bool raced = published.error().name() == kCommitConflict.name && !ran;
      if (raced && attempt < kCommitAttempts) continue;
      return std::move(published).error();
    }
    CommitResult result;
    result.not_removed = remove_trimmed(staging);
    for (Staged& staged : staging) result.tables.push_back(std::move(staged.next));
    return result;
  }
}

Status Catalog::publish(std::vector<Staged>& staging, const OnCommit& on_commit) {
  if (Status written = write_metadata(staging); !written.ok())
    return abandon(staging, std::move(written).error());
  if (Status swapped = swap_pointers(staging, on_commit); !swapped.ok()) {
    Error error = std::move(swapped).error();
    if (error.name() != state::kCommitUnknown.name) return abandon(staging, std::move(error));
    const Result<bool> happened = read_back(staging);
    // Its files stay: the commit may have happened.
    if (!happened.ok()) return std::move(error).with_context("reading back: " + happened.error().to_string());
    if (!*happened) return abandon(staging, recoded(error, kCommitFailed));
  }
  for (const Staged& staged : staging) {
    if (staged.writes_file && staged.kind == Kind::kTable)
      cache_->insert(staged.next.metadata_location, staged.next.metadata, staged.size_bytes);
  }
  return ok_status();
}

Status Catalog::write_metadata(std::vector<Staged>& staging) {
  bool wrote = false;
  for (Staged& staged : staging) {
    if (!staged.writes_file) continue;
    const std::string json =
        staged.kind == Kind::kTable ? staged.next.metadata->to_json() : staged.view->to_json();
    staged.size_bytes = json.size();
    if (json.size() > kMaxMetadataBytes) {
      return Error(kMetadataTooLarge, fmt::format("the metadata of {} would have {} bytes",
                                                  staged.next.name.to_string(), json.size()));
    }
    TARN_RETURN_IF_ERROR(store_.write(staged.next.metadata_location, json, io::IfExists::kFail));
    wrote = true;
  }
  return wrote ? store_.sync() : ok_status();
}

Status Catalog::swap_pointers(const std::vector<Staged>& staging, const OnCommit& on_commit) {
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database_.begin());
  TARN_RETURN_IF_ERROR(move_names(transaction, staging));
  for (const Staged& staged : staging) {
    if (!staged.drop) TARN_RETURN_IF_ERROR(swap_pointer(transaction, staged));
  }
  if (on_commit) TARN_RETURN_IF_ERROR(on_commit(transaction));
  return transaction.commit();
}

// What is dropped goes first, then what is renamed steps aside, so that names may change hands.
Status Catalog::move_names(state::Transaction& transaction, const std::vector<Staged>& staging) {
  const auto taken_over = [](const Staged& staged) {
    return Error(kCommitConflict,
                 fmt::format("{} changed or is gone", staged.was.value_or(staged.next.name).to_string()));
  };
  for (const Staged& staged : staging) {
    if (!staged.drop) continue;
    TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(transaction, staged.next.name));
    if (!pointer || pointer->metadata_location != staged.expected) return taken_over(staged);
    TARN_RETURN_IF_ERROR(state::remove_table(transaction, staged.next.name));
    if (staged.drop == Purge::kYes) TARN_RETURN_IF_ERROR(note_dropped(transaction, staged.next));
  }
  std::vector<std::pair<TableName, const Staged*>> aside;
  for (const Staged& staged : staging) {
    if (!staged.was) continue;
    const TableName parked{staged.was->schema, new_uuid()};
    if (!state::rename_table(transaction, *staged.was, parked).ok()) return taken_over(staged);
    aside.emplace_back(parked, &staged);
  }
  for (const auto& [parked, staged] : aside) {
    const TableName& name = staged->next.name;
    Status renamed = state::rename_table(transaction, parked, name);
    if (renamed.ok()) continue;
    if (renamed.error().name() == state::kNotFound.name) return no_namespace(name.schema);
    if (renamed.error().name() != state::kConflict.name) return renamed;
    TARN_ASSIGN_OR_RETURN(const auto present, state::find_table(transaction, name));
    return entry_exists(name, present ? present->kind : staged->kind, staged->kind);
  }
  return ok_status();
}

Status Catalog::swap_pointer(state::Transaction& transaction, const Staged& staged) {
  const TableName& name = staged.next.name;
  const std::string& next = staged.next.metadata_location;
  if (staged.expected.empty()) {
    Status inserted = state::insert_table(transaction, name, next, staged.kind);
    if (inserted.ok()) return inserted;
    if (inserted.error().name() == state::kNotFound.name) return no_namespace(name.schema);
    if (inserted.error().name() != state::kConflict.name) return inserted;
    TARN_ASSIGN_OR_RETURN(const auto present, state::find_table(transaction, name));
    return entry_exists(name, present ? present->kind : staged.kind, staged.kind);
  }
  if (staged.expected == next) {
    TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(transaction, name));
    if (pointer && pointer->metadata_location == next) return ok_status();
    return Error(kCommitConflict, fmt::format("{} changed or is gone", name.to_string()));
  }
  Status swapped =
      state::swap_table_pointer(transaction, {.table = name, .expected = staged.expected, .next = next});
  if (!swapped.ok() && swapped.error().name() == state::kConflict.name)
    return recoded(swapped.error(), kCommitConflict);
  return swapped;
}

// Whether a commit of unknown outcome happened. Any one of its tables tells of all.
Result<bool> Catalog::read_back(const std::vector<Staged>& staging) {
  TARN_RETURN_IF_ERROR(database_.fence());
  for (const Staged& staged : staging) {
    const std::string& next = staged.next.metadata_location;
    if (staged.expected == next) continue;  // It did not move in either case.
    TARN_ASSIGN_OR_RETURN(const auto pointer, state::find_table(database_, staged.next.name));
    if (!pointer) continue;  // Never made, or dropped since.
    if (pointer->metadata_location == next) return true;
    if (pointer->metadata_location == staged.expected) return false;
    // Others have committed since; upon ours, or instead of it? A view has no log that tells.
    if (staged.kind == Kind::kView) continue;
    TARN_ASSIGN_OR_RETURN(const auto metadata, read_metadata(pointer->metadata_location));
    return in_log(*metadata, next);
  }
  const bool only_new =
      !staging.empty() &&
      std::all_of(staging.begin(), staging.end(), [](const Staged& one) { return one.expected.empty(); });
  if (only_new) return false;
  return Error(state::kCommitUnknown, "no table of the commit has a pointer that tells");
}

// Removes the files of a commit that did not happen; those that cannot be are named in the error.
Error Catalog::abandon(const std::vector<Staged>& staging, Error error) {
  for (const Staged& staged : staging) {
    if (!staged.writes_file) continue;
    const Status removed = store_.remove(staged.next.metadata_location);
    if (!removed.ok())
      error = std::move(error).with_context("leaving the unused file " + staged.next.metadata_location);
  }
  return error;
}

std::vector<std::string> Catalog::remove_trimmed(const std::vector<Staged>& staging) {
  std::vector<std::string> trimmed;
  for (const Staged& staged : staging) {
    if (staged.base == nullptr || staged.base == staged.next.metadata) continue;
    const iceberg::TableMetadata& next = *staged.next.metadata;
    const auto enabled = next.properties.find(std::string(kDeleteAfterCommit));
    if (enabled != next.properties.end() && enabled->second == "false") continue;
    for (const iceberg::MetadataLogEntry& entry : staged.base->metadata_log) {
      if (is_own_metadata(next, entry.metadata_file) && !in_log(next, entry.metadata_file))
        trimmed.push_back(entry.metadata_file);
    }
  }
  if (trimmed.empty()) return trimmed;
  // A table may have been registered from a former file of another.
  const auto pointers = state::list_tables(database_, "");
  std::vector<std::string> not_removed;
  for (const std::string& file : trimmed) {
    const auto names = [&](const state::TablePointer& pointer) { return pointer.metadata_location == file; };
    if (!pointers.ok())
      not_removed.push_back(file);
    else if (std::ranges::none_of(*pointers, names) && !store_.remove(file).ok())
      not_removed.push_back(file);
  }
  return not_removed;
}

}  // namespace tarn::catalog
