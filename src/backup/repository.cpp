#include "backup/repository.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "backup/errors.h"
#include "io/errors.h"

namespace tarn::backup {
namespace {

constexpr std::string_view kMarker = "/tarn-backup.json";
constexpr std::string_view kManifestEnding = ".jsonl";

Result<std::string> project_of(io::ObjectStore& store, const std::string& location) {
  TARN_ASSIGN_OR_RETURN(const std::string text, store.read(location + std::string(kMarker)));
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("project") || !json["project"].is_string())
    return Error(kDamaged, location + std::string(kMarker) + " is damaged");
  return json["project"].get<std::string>();
}

bool is_missing(const Error& error) {
  return error.name() == io::kNotFound.name;
}

}  // namespace

Result<Repository> Repository::open(io::ObjectStore& store, std::string location) {
  const Result<std::string> project = project_of(store, location);
  if (!project.ok() && is_missing(project.error()))
    return Error(kNotRepository, location + " holds no backups");
  if (!project.ok()) return project.error();
  return Repository(store, std::move(location));
}

Result<Repository> Repository::open_or_make(io::ObjectStore& store, std::string location,
                                            const std::string& project) {
  const Result<std::string> owner = project_of(store, location);
  if (owner.ok() && *owner != project) {
    return Error(kOtherProject,
                 fmt::format("{} holds the backups of `{}`, this is `{}`", location, *owner, project));
  }
  if (owner.ok()) return Repository(store, std::move(location));
  if (!is_missing(owner.error())) return owner.error();
  TARN_ASSIGN_OR_RETURN(const auto there, store.list(location));
  if (!there.empty())
    return Error(kNotRepository, fmt::format("{} holds {} other files", location, there.size()));
  const std::string marker = nlohmann::ordered_json({{"format", 1}, {"project", project}}).dump() + "\n";
  TARN_RETURN_IF_ERROR(store.write(location + std::string(kMarker), marker, io::IfExists::kFail));
  return Repository(store, std::move(location));
}

std::string Repository::object_location(const Sha256Digest& sha256) const {
  const std::string hex = sha256.hex();
  return fmt::format("{}/objects/{}/{}", location_, hex.substr(0, 2), hex);
}

std::string Repository::manifest_location(const std::string& id) const {
  return fmt::format("{}/backups/{}{}", location_, id, kManifestEnding);
}

Result<std::vector<std::string>> Repository::list() {
  TARN_ASSIGN_OR_RETURN(const auto objects, store_->list(location_ + "/backups"));
  std::vector<std::string> ids;
  for (const io::ObjectInfo& object : objects) {
    std::string_view name = object.location;
    name.remove_prefix(name.rfind('/') + 1);
    if (!name.ends_with(kManifestEnding)) continue;
    name.remove_suffix(kManifestEnding.size());
    ids.emplace_back(name);
  }
  std::ranges::sort(ids);
  return ids;
}

Result<Manifest> Repository::load(const std::string& id) {
  if (id.empty() || id.find('/') != std::string::npos)
    return Error(kNotFound, "`" + id + "` names no backup");
  const Result<std::string> text = store_->read(manifest_location(id));
  if (!text.ok() && is_missing(text.error()))
    return Error(kNotFound, fmt::format("{} has no backup `{}`", location_, id));
  if (!text.ok()) return text.error();
  Result<Manifest> manifest = parse_manifest(*text);
  if (!manifest.ok()) return std::move(manifest).error().with_context("reading the backup " + id);
  return manifest;
}

Result<std::optional<Manifest>> Repository::newest(std::optional<std::int64_t> at_us) {
  TARN_ASSIGN_OR_RETURN(std::vector<std::string> ids, list());
  for (; !ids.empty(); ids.pop_back()) {
    TARN_ASSIGN_OR_RETURN(Manifest manifest, load(ids.back()));
    if (!at_us || manifest.created_at_us <= *at_us) return std::optional(std::move(manifest));
  }
  return std::optional<Manifest>();
}

Result<bool> Repository::has(const Sha256Digest& sha256, std::uint64_t size_bytes) {
  const Result<io::ObjectInfo> info = store_->stat(object_location(sha256));
  if (info.ok()) return info->size_bytes == size_bytes;
  if (is_missing(info.error())) return false;
  return info.error();
}

Status Repository::put(const Sha256Digest& sha256, std::string_view bytes) {
  return store_->write(object_location(sha256), bytes, io::IfExists::kReplace);
}

Result<std::string> Repository::get(const BackedFile& file) {
  Result<std::string> bytes = store_->read(object_location(file.sha256));
  if (!bytes.ok() && is_missing(bytes.error()))
    return Error(kDamaged, fmt::format("the bytes of {} are gone ({})", file.location, file.sha256.hex()));
  if (bytes.ok() && sha256(*bytes) != file.sha256)
    return Error(kDamaged,
                 fmt::format("the bytes of {} have changed ({})", file.location, file.sha256.hex()));
  return bytes;
}

Status Repository::publish(const Manifest& manifest) {
  TARN_RETURN_IF_ERROR(store_->sync());
  TARN_RETURN_IF_ERROR(store_->write(manifest_location(manifest.id), to_text(manifest), io::IfExists::kFail));
  return store_->sync();
}

Result<Repository::Pruned> Repository::prune(std::size_t keep, std::int64_t put_before_us,
                                             const LandedOf& landed_of) {
  TARN_ASSIGN_OR_RETURN(std::vector<std::string> ids, list());
  const std::size_t gone = ids.size() > keep ? ids.size() - keep : 0;
  std::unordered_set<std::string> needed;
  const auto need = [&needed](const Sha256Digest& sha256) { needed.insert(sha256.hex()); };
  // All that is kept is read before anything is removed: what cannot be read stops it here.
  for (std::size_t i = gone; i < ids.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(const Manifest manifest, load(ids[i]));
    need(manifest.state.sha256);
    for (const BackedFile& file : manifest.project_files) need(file.sha256);
    for (const BackedFile& file : manifest.files) need(file.sha256);
    TARN_ASSIGN_OR_RETURN(const std::vector<Sha256Digest> landed, landed_of(manifest));
    for (const Sha256Digest& sha256 : landed) need(sha256);
  }
  TARN_ASSIGN_OR_RETURN(const auto objects, store_->list(location_ + "/objects"));
  Pruned pruned;
  for (std::size_t i = 0; i < gone; ++i) {
    TARN_RETURN_IF_ERROR(store_->remove(manifest_location(ids[i])));
    pruned.backups.push_back(ids[i]);
  }
  TARN_RETURN_IF_ERROR(store_->sync());
  for (const io::ObjectInfo& object : objects) {
    const std::string name = object.location.substr(object.location.rfind('/') + 1);
    if (needed.contains(name) || object.modified_us >= put_before_us) continue;
    TARN_RETURN_IF_ERROR(store_->remove(object.location));
    ++pruned.objects;
    pruned.bytes += object.size_bytes;
  }
  return pruned;
}

}  // namespace tarn::backup
