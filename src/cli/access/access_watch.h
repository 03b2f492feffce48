#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/result.h"
#include "cli/command_context.h"
#include "query/access/principal.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// The policy of access/*.yaml and of what SQL said as it is now: what is changed while a process serves
/// holds some two seconds later, what this process's SQL changes at once, and what is wrong there is logged,
/// and the former policy stays. Where there were no users at the start nothing is watched: a listener that is
/// open to everybody is closed by a restart.
class AccessWatch {
 public:
  /// `context` and `log` must outlive it. Errors: those of load_access_policy().
  static Result<std::unique_ptr<AccessWatch>> start(CommandContext& context, telemetry::Log& log);

  /// Null: there are no users. Another pointer when something has changed. Any thread.
  std::shared_ptr<const query::AccessPolicy> policy() const;
  /// Takes what SQL has just said. Any thread.
  void take_rules(telemetry::Log& log);

 private:
  AccessWatch() = default;
  void look(telemetry::Log& log);
  Status load(const std::string& rules);
  bool take(const std::string& rules, telemetry::Log& log);

  std::filesystem::path folder_;
  state::Database* database_ = nullptr;
  std::string mask_key_;
  std::mutex loading_;   ///< Of those below.
  std::string failure_;  ///< That was told last.
  std::string rules_;    ///< What SQL had said when the policy was made.
  std::string read_;     ///< The files as the policy was made of them.
  std::string changed_;  ///< As they were found then; taken once they have stayed so.
  mutable std::mutex mutex_;
  std::shared_ptr<const query::AccessPolicy> policy_;
  std::jthread watcher_;  ///< Last: it ends first.
};

}  // namespace tarn::cli
