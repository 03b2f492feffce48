#include "cli/storage/s3_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

#include "s3/errors.h"

namespace tarn::cli {
namespace {

Status take_variable(const std::string& name, std::string& out) {
  if (name.empty()) return ok_status();
  const char* value = std::getenv(name.c_str());
  out = value == nullptr ? "" : value;
  if (!out.empty()) return ok_status();
  return Error(s3::kNoCredentials, fmt::format("the environment variable {} is not set", name))
      .with_hint(fmt::format("set {} for the process that runs tarn", name));
}

std::optional<s3::Addressing> addressing_of(project::S3Addressing written) {
  switch (written) {
    case project::S3Addressing::kPath:
      return s3::Addressing::kPath;
    case project::S3Addressing::kVirtual:
      return s3::Addressing::kVirtual;
    case project::S3Addressing::kAuto:
      break;
  }
  return std::nullopt;
}

engine::S3Access engine_access(const s3::Access& access) {
  engine::S3Access known{.authority = access.endpoint.authority(),
                         .tls = access.endpoint.tls,
                         .path_style = access.endpoint.addressing == s3::Addressing::kPath,
                         .region = access.endpoint.region};
  if (access.credentials) {
    known.access_key_id = access.credentials->access_key_id;
    known.secret_access_key = access.credentials->secret_access_key;
    known.session_token = access.credentials->session_token;
  }
  return known;
}

}  // namespace

Result<s3::Settings> s3_settings(const project::S3Spec& spec, const std::filesystem::path& project_folder) {
  const auto file = [&](const std::string& written) {
    return written.empty() ? "" : (project_folder / written).lexically_normal().string();
  };
  s3::Settings settings{.endpoint = *spec.endpoint,
                        .region = spec.region,
                        .addressing = addressing_of(spec.addressing),
                        .ca_file = file(spec.ca_file),
                        .anonymous = spec.anonymous,
                        .profile = spec.profile,
                        .credentials_file = file(spec.credentials_file)};
  if (spec.access_key_id_env->empty()) return settings;
  s3::Credentials credentials;
  TARN_RETURN_IF_ERROR(take_variable(*spec.access_key_id_env, credentials.access_key_id));
  TARN_RETURN_IF_ERROR(take_variable(*spec.secret_access_key_env, credentials.secret_access_key));
  TARN_RETURN_IF_ERROR(take_variable(spec.session_token_env, credentials.session_token));
  settings.credentials = std::move(credentials);
  return settings;
}

bool uses_s3(const project::ProjectSpec& spec) {
  return project::is_s3_location(*spec.warehouse) || project::is_s3_location(*spec.landing) ||
         std::ranges::any_of(spec.listeners.rest.locations, project::is_s3_location);
}

std::function<Status()> s3_renewal(engine::Database& engine, s3::S3ObjectStore& store) {
  return [&engine, &store, last = std::optional<engine::S3Access>()]() mutable -> Status {
    TARN_ASSIGN_OR_RETURN(const s3::Access access, store.access());
    engine::S3Access known = engine_access(access);
    if (last == known) return ok_status();
    TARN_RETURN_IF_ERROR(engine.set_s3_access(known));
    last = std::move(known);
    return ok_status();
  };
}

}  // namespace tarn::cli
