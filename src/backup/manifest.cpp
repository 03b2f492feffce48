#include "backup/manifest.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

#include "backup/errors.h"

namespace tarn::backup {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr const ErrorCode* kCodes[] = {&kNotRepository, &kOtherProject, &kNotFound,       &kDamaged,
                                       &kIncomplete,    &kStopped,      &kWouldOverwrite, &kProofFailed};

Json file_json(const BackedFile& file) {
  return {{"location", file.location}, {"size", file.size_bytes}, {"sha256", file.sha256.hex()}};
}

Json table_json(const BackedTable& table) {
  Json json = {{"namespace", table.name.schema},
               {"name", table.name.name},
               {"metadata", table.metadata_location},
               {"view", table.is_view}};
  if (table.snapshot_id) json["snapshot"] = *table.snapshot_id;
  return json;
}

Json head_json(const Manifest& manifest) {
  Json tables = Json::array();
  for (const BackedTable& table : manifest.tables) tables.push_back(table_json(table));
  Json project_files = Json::array();
  for (const BackedFile& file : manifest.project_files) project_files.push_back(file_json(file));
  return {{"format", kFormat},
          {"id", manifest.id},
          {"created_at_us", manifest.created_at_us},
          {"project", manifest.project},
          {"project_folder", manifest.project_folder},
          {"landing", manifest.landing},
          {"tarn_version", manifest.tarn_version},
          {"state", file_json(manifest.state)},
          {"last_arrival", manifest.last_arrival},
          {"tables", tables},
          {"project_files", project_files},
          {"missing", manifest.missing}};
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::optional<Sha256Digest> digest_of(std::string_view hex) {
  Sha256Digest digest;
  if (hex.size() != digest.bytes.size() * 2) return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const char* const at = hex.data() + i * 2;
    const auto read = std::from_chars(at, at + 2, digest.bytes[i], 16);
    if (read.ec != std::errc() || read.ptr != at + 2) return std::nullopt;
  }
  return digest;
}

// The manifest's own digest was checked before, so these fail only for another program's file.
BackedFile file_of(const Json& json) {
  BackedFile file;
  json.at("location").get_to(file.location);
  json.at("size").get_to(file.size_bytes);
  const auto digest = digest_of(json.at("sha256").get<std::string>());
  if (!digest) throw Json::other_error::create(501, "not a SHA-256", &json);
  file.sha256 = *digest;
  return file;
}

BackedTable table_of(const Json& json) {
  BackedTable table;
  json.at("namespace").get_to(table.name.schema);
  json.at("name").get_to(table.name.name);
  json.at("metadata").get_to(table.metadata_location);
  json.at("view").get_to(table.is_view);
  if (json.contains("snapshot")) table.snapshot_id = json.at("snapshot").get<std::int64_t>();
  return table;
}

Manifest head_of(const Json& json) {
  if (json.at("format").get<int>() != kFormat)
    throw Json::other_error::create(501, "a format of another version of tarn", &json);
  Manifest manifest;
  json.at("id").get_to(manifest.id);
  json.at("created_at_us").get_to(manifest.created_at_us);
  json.at("project").get_to(manifest.project);
  json.at("project_folder").get_to(manifest.project_folder);
  json.at("landing").get_to(manifest.landing);
  json.at("tarn_version").get_to(manifest.tarn_version);
  manifest.state = file_of(json.at("state"));
  json.at("last_arrival").get_to(manifest.last_arrival);
  for (const Json& table : json.at("tables")) manifest.tables.push_back(table_of(table));
  for (const Json& file : json.at("project_files")) manifest.project_files.push_back(file_of(file));
  json.at("missing").get_to(manifest.missing);
  return manifest;
}

Error damaged(const std::string& why) {
  return Error(kDamaged, "the backup's list of files cannot be read: " + why);
}

}  // namespace

std::span<const ErrorCode* const> error_codes() {
  return kCodes;
}

std::uint64_t Manifest::table_bytes() const {
  std::uint64_t bytes = 0;
  for (const BackedFile& file : files) bytes += file.size_bytes;
  return bytes;
}

std::string to_text(const Manifest& manifest) {
  std::string text = dump(head_json(manifest));
  for (const BackedFile& file : manifest.files) text += dump(file_json(file));
  text += dump({{"sha256", sha256(text).hex()}});
  return text;
}

Result<Manifest> parse_manifest(std::string_view text) {
  if (!text.ends_with('\n')) return damaged("it is cut");
  const std::size_t before_last = text.rfind('\n', text.size() - 2);
  if (before_last == std::string_view::npos) return damaged("it is cut");
  const std::string_view body = text.substr(0, before_last + 1);
  if (text.substr(before_last + 1) != dump({{"sha256", sha256(body).hex()}}))
    return damaged("its bytes are not those that were written");
  try {
    Manifest manifest;
    for (std::size_t at = 0; at < body.size();) {
      const std::size_t end = body.find('\n', at);
      const Json line = Json::parse(body.substr(at, end - at));
      if (at == 0) {
        manifest = head_of(line);
      } else {
        manifest.files.push_back(file_of(line));
      }
      at = end + 1;
    }
    return manifest;
  } catch (const Json::exception& failure) {
    return damaged(failure.what());
  }
}

}  // namespace tarn::backup
