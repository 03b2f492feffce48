#include "cli/access/sql_rules.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/command_context.h"
#include "query/errors.h"
#include "state/access/access_rules.h"
#include "state/errors.h"

namespace tarn::cli {
namespace {

// Each time somebody else was faster.
constexpr int kAttempts = 20;

bool has_users(const std::string& document) {
  return !document.empty() &&
         !nlohmann::json::parse(document).value("users", nlohmann::json::object()).empty();
}

}  // namespace

Status SqlRules::change(const std::string& who, const Edit& edit, const Check& check, Keep keep) {
  for (int attempt = 1;; ++attempt) {
    const Status done = change_once(who, edit, check, keep);
    if (done.ok() || done.error().name() != state::kConflict.name || attempt == kAttempts) return done;
  }
}

Status SqlRules::change_once(const std::string& who, const Edit& edit, const Check& check, Keep keep) {
  TARN_ASSIGN_OR_RETURN(const state::AccessRules present, state::access_rules(database_));
  TARN_ASSIGN_OR_RETURN(const project::Project files, read_project_with(folder_, ""));
  TARN_ASSIGN_OR_RETURN(std::string document,
                        edit(present.document, files.access.value_or(project::AccessSpec())));
  if (document == present.document) return ok_status();
  const auto next = read_project_with(folder_, document);
  if (!next.ok()) return Error(query::kBadRule, next.error().message()).with_hint(next.error().hint());
  if (next->access->users.empty() && has_users(present.document))
    return Error(query::kBadRule,
                 "this is the last user, and without users everybody on this machine sees everything")
        .with_hint("make another user first");
  // Whether the key of masks is at hand is no question of the rules.
  TARN_RETURN_IF_ERROR(check(std::make_shared<query::AccessPolicy>(
      query::AccessPolicy{*next->access, project::contract_tables(next->feeds)})));
  if (keep == Keep::kNo) return ok_status();
  const state::AccessRules kept{.revision = present.revision + 1,
                                .document = std::move(document),
                                .changed_at_us = clock_.now_us(),
                                .changed_by = who};
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database_.begin());
  TARN_RETURN_IF_ERROR(state::write_access_rules(transaction, kept));
  Status committed = transaction.commit();
  if (!committed.ok() && committed.error().name() == state::kCommitUnknown.name) {
    TARN_RETURN_IF_ERROR(database_.fence());
    TARN_ASSIGN_OR_RETURN(const state::AccessRules newest, state::access_rules(database_));
    if (newest.revision >= kept.revision && newest.document == kept.document) committed = ok_status();
  }
  if (committed.ok() && on_change_) on_change_();
  return committed;
}

std::string SqlRules::salt() {
  const std::array<std::uint8_t, 16> bytes = random_.bytes16();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace tarn::cli
