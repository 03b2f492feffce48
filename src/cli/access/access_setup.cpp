#include "cli/access/access_setup.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "base/ids.h"
#include "cli/commands/command_sql.h"
#include "ingest/backfill/beside.h"
#include "io/errors.h"
#include "io/object_store.h"
#include "query/errors.h"
#include "state/access/access_rules.h"

namespace tarn::cli {
namespace {

Result<std::string> mask_key(CommandContext& context, const project::AccessSpec& access) {
  if (!access.mask_key_env->empty()) {
    const char* const key = std::getenv(access.mask_key_env->c_str());
    return std::string(key == nullptr ? "" : key);
  }
  if (access.mask_key_file->empty()) return std::string();
  TARN_ASSIGN_OR_RETURN(const std::filesystem::path path, context.resolve(*access.mask_key_file));
  std::ifstream file(path, std::ios::binary);
  std::string key((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error(query::kNoMaskKey, fmt::format("cannot read {}", path.string()));
  while (key.ends_with('\n') || key.ends_with('\r')) key.pop_back();
  return key;
}

/// A location as the engine compares it with the files that it is asked for.
Result<std::string> engine_folder(const std::string& location) {
  if (location.starts_with("s3a://")) return "s3://" + location.substr(6);
  if (project::is_s3_location(location)) return location;
  return location.starts_with("file:") ? io::local_path(location) : Result<std::string>(location);
}

}  // namespace

Result<std::shared_ptr<const query::AccessPolicy>> load_access_policy(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const files, context.project());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const state::AccessRules rules, state::access_rules(*database));
  project::AccessSpec access = files->access.value_or(project::AccessSpec());
  if (!rules.document.empty()) {
    TARN_ASSIGN_OR_RETURN(const std::filesystem::path folder, context.project_folder());
    TARN_ASSIGN_OR_RETURN(const project::Project with_rules, read_project_with(folder, rules.document));
    access = *with_rules.access;
  }
  // Roles alone are nobody: without a user everybody on this machine is the owner.
  if (!files->access && access.users.empty()) return std::shared_ptr<const query::AccessPolicy>();
  query::AccessPolicy policy{std::move(access), project::contract_tables(files->feeds)};
  TARN_ASSIGN_OR_RETURN(policy.mask_key, mask_key(context, policy.access));
  return std::make_shared<const query::AccessPolicy>(std::move(policy));
}

Result<std::unique_ptr<state::AuditTrail>> open_audit(CommandContext& context,
                                                      std::function<void(const Error& error)> on_failure) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  return std::make_unique<state::AuditTrail>(*database, context.clock(),
                                             state::AuditTrail::Options{.on_failure = std::move(on_failure)});
}

std::shared_ptr<const query::LakeWriting> lake_writing(CommandContext& context,
                                                       const project::Project& project) {
  auto writing = std::make_shared<query::LakeWriting>(
      query::LakeWriting{.clock = context.clock(),
                         .random = context.random(),
                         .format_version = static_cast<std::int32_t>(project.spec.format_version)});
  for (const project::FeedSpec& feed : project.feeds) {
    const std::string by = fmt::format("the feed `{}`", *feed.name);
    for (const auto& [table, second] : ingest::tables_beside(feed)) {
      writing->written_by.emplace(table, by);
      writing->written_by.emplace(second, by);
    }
  }
  return writing;
}

std::string system_user() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> names{};
  if (::getpwuid_r(::getuid(), &entry, names.data(), names.size(), &found) == 0 && found != nullptr)
    return entry.pw_name;
  return fmt::format("uid {}", ::getuid());
}

std::string new_audit_session(io::Random& random) {
  return uuid_v4(random.bytes16()).substr(0, 18);
}

Result<std::unique_ptr<engine::Database>> open_served_engine(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(engine::DatabaseOptions options, engine_options(context));
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  TARN_ASSIGN_OR_RETURN(const std::string warehouse, context.warehouse());
  options.external_access = false;
  std::vector<std::string> locations = settings->listeners.rest.locations;
  locations.push_back(warehouse);
  for (const std::string& location : locations) {
    TARN_ASSIGN_OR_RETURN(std::string folder, engine_folder(location));
    options.allowed_directories.push_back(std::move(folder));
  }
  return engine::Database::open(options);
}

}  // namespace tarn::cli
