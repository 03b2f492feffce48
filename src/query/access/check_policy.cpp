#include "query/access/check_policy.h"

#include <utility>

#include "query/access/row_filter.h"
#include "query/errors.h"
#include "query/lexer.h"
#include "query/rewrite.h"

namespace tarn::query {
namespace {

/// Any text in place of each attribute.
std::string with_any_text(const std::string& filter) {
  Rewrite rewrite(filter);
  for (const Token& token : tokenize(filter)) {
    if (token.kind == TokenKind::kParameter) rewrite.replace(token.begin, token.end, "('x')");
  }
  return rewrite.finish();
}

}  // namespace

std::vector<Error> check_policy(std::shared_ptr<const AccessPolicy> policy, engine::Connection& connection) {
  std::vector<Error> errors;
  for (const project::RoleSpec& role : policy->access.roles) {
    for (const project::GrantSpec& grant : role.grants) {
      if (grant.where->empty()) continue;
      const Status checked = check_filter(connection, with_any_text(*grant.where));
      if (!checked.ok()) errors.push_back(Error(checked.error()).with_span(grant.where.span));
    }
  }
  for (const project::UserSpec& user : policy->access.users) {
    const auto principal = Principal::make(policy, *user.name);
    // Whether the key of masks is at hand is no question of the project's files.
    if (!principal.ok() && &principal.error().code() != &kNoMaskKey) errors.push_back(principal.error());
  }
  return errors;
}

}  // namespace tarn::query
