#include "cli/access/access_watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

#include "cli/access/access_setup.h"
#include "cli/errors.h"
#include "state/access/access_rules.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

constexpr auto kInterval = std::chrono::seconds(1);

/// The bytes of the files with their names; of one that cannot be read its name alone, so that it differs.
std::string bytes_of(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code failed;
  for (auto it = fs::recursive_directory_iterator(folder, failed); !failed && it != fs::end(it);
       it.increment(failed))
    if (it->path().extension() == ".yaml" || it->path().extension() == ".yml") paths.push_back(it->path());
  std::ranges::sort(paths);
  std::string bytes;
  for (const fs::path& path : paths) {
    std::ifstream file(path, std::ios::binary);
    bytes += path.string() + '\0';
    bytes.append(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    bytes += '\0';
  }
  return bytes;
}

}  // namespace

Result<std::unique_ptr<AccessWatch>> AccessWatch::start(CommandContext& context, telemetry::Log& log) {
  std::unique_ptr<AccessWatch> watch(new AccessWatch());
  // First what tells whether something has changed: what changes while the policy is made is seen later.
  TARN_ASSIGN_OR_RETURN(watch->folder_, context.project_folder());
  watch->read_ = bytes_of(watch->folder_ / "access");
  TARN_ASSIGN_OR_RETURN(watch->database_, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const state::AccessRules rules, state::access_rules(*watch->database_));
  watch->rules_ = rules.document;
  TARN_ASSIGN_OR_RETURN(watch->policy_, load_access_policy(context));
  if (watch->policy_ == nullptr) return watch;
  watch->mask_key_ = watch->policy_->mask_key;
  watch->watcher_ = std::jthread([self = watch.get(), &log](const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    while (!stopped.wait_for(lock, stop, kInterval, [&] { return stop.stop_requested(); })) self->look(log);
  });
  return watch;
}

std::shared_ptr<const query::AccessPolicy> AccessWatch::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void AccessWatch::take_rules(telemetry::Log& log) {
  const std::lock_guard lock(loading_);
  const auto rules = state::access_rules(*database_);
  // A state that cannot be asked now is asked again in a moment.
  if (rules.ok() && rules->document != rules_ && take(rules->document, log)) rules_ = rules->document;
}

void AccessWatch::look(telemetry::Log& log) {
  take_rules(log);
  const std::lock_guard lock(loading_);
  std::string now = bytes_of(folder_ / "access");
  if (now == read_) return changed_.clear();
  // Somebody may be in the middle of writing it.
  if (now != changed_) {
    changed_ = std::move(now);
    return;
  }
  if (take(rules_, log)) read_ = std::exchange(changed_, {});
}

/// What cannot be taken now is tried again until it can, and told once.
bool AccessWatch::take(const std::string& rules, telemetry::Log& log) {
  if (const Status loaded = load(rules); !loaded.ok()) {
    std::string failure = loaded.error().to_string();
    if (failure != failure_) log.error("access.not_reloaded", loaded.error(), {});
    failure_ = std::move(failure);
    return false;
  }
  failure_.clear();
  const auto current = policy();
  log.info("access.reloaded", {{"users", static_cast<std::int64_t>(current->access.users.size())},
                               {"roles", static_cast<std::int64_t>(current->access.roles.size())}});
  return true;
}

Status AccessWatch::load(const std::string& rules) {
  TARN_ASSIGN_OR_RETURN(const project::Project project, read_project_with(folder_, rules));
  if (!project.access || project.access->users.empty())
    return Error(kBadProject, "access/*.yaml names no users any more, and everybody could read everything")
        .with_hint("restart `tarn serve` if that is meant");
  auto next = std::make_shared<query::AccessPolicy>(
      query::AccessPolicy{*project.access, project::contract_tables(project.feeds), mask_key_});
  const std::lock_guard lock(mutex_);
  if (next->access.mask_key_env != policy_->access.mask_key_env ||
      next->access.mask_key_file != policy_->access.mask_key_file)
    return Error(kBadProject, "the key of masks is another one").with_hint("restart `tarn serve` to use it");
  policy_ = std::move(next);
  return ok_status();
}

}  // namespace tarn::cli
