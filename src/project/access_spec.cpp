#include "project/access_spec.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "project/glob.h"

namespace tarn::project {
namespace {

/// Parts of a name are to a pattern what folders are to a path.
std::string as_path(std::string_view name) {
  std::string path(name);
  std::ranges::replace(path, '.', '/');
  return path;
}

ContractColumn contract_column(const ColumnSpec& column) {
  ContractColumn described{*column.name, *column.type, {}};
  const auto add = [&](Identifying kind) {
    if (kind != Identifying::kNone) described.identifying.push_back(kind);
  };
  add(column.identifying);
  for (const ColumnSpec& member : column.columns) add(member.identifying);
  return described;
}

}  // namespace

const RoleSpec* AccessSpec::find_role(std::string_view name) const {
  const auto found = std::ranges::find_if(roles, [&](const RoleSpec& role) { return *role.name == name; });
  return found == roles.end() ? nullptr : &*found;
}

const UserSpec* AccessSpec::find_user(std::string_view name) const {
  const auto found = std::ranges::find_if(users, [&](const UserSpec& user) { return *user.name == name; });
  return found == users.end() ? nullptr : &*found;
}

void add_rules(AccessSpec& to, AccessSpec rules) {
  const auto append = [](auto& all, auto&& more) { std::ranges::move(more, std::back_inserter(all)); };
  for (RoleSpec& role : rules.roles) {
    const auto same = std::ranges::find(to.roles, role.name, &RoleSpec::name);
    if (same == to.roles.end()) {
      to.roles.push_back(std::move(role));
      continue;
    }
    append(same->inherits, role.inherits);
    append(same->grants, role.grants);
    append(same->write, role.write);
    append(same->deny, role.deny);
  }
  for (UserSpec& user : rules.users) {
    const auto same = std::ranges::find(to.users, user.name, &UserSpec::name);
    if (same == to.users.end()) {
      to.users.push_back(std::move(user));
      continue;
    }
    append(same->roles, user.roles);
    // What a file says holds, and so does its saying nothing of a password.
    same->attributes.merge(user.attributes);
  }
}

std::vector<const RoleSpec*> roles_of(const AccessSpec& access, const UserSpec& user) {
  std::vector<const RoleSpec*> roles;
  const auto add = [&](const std::vector<Located<std::string>>& names) {
    for (const Located<std::string>& name : names) {
      const RoleSpec* role = access.find_role(*name);
      if (role != nullptr && std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
    }
  };
  add(user.roles);
  for (std::size_t i = 0; i < roles.size(); ++i) add(roles[i]->inherits);
  return roles;
}

ContractTables contract_tables(const std::vector<FeedSpec>& feeds) {
  ContractTables tables;
  for (const FeedSpec& feed : feeds) {
    std::vector<ContractColumn> columns;
    std::vector<ContractColumn> key;
    for (const ColumnSpec& column : feed.columns) {
      columns.push_back(contract_column(column));
      if (std::ranges::any_of(feed.key, [&](const auto& name) { return *name == *column.name; }))
        key.push_back(columns.back());
    }
    for (const ChildSpec& child : feed.children) {
      std::vector<ContractColumn> of_child = key;  // a child repeats its record's key
      for (const ColumnSpec& column : child.columns) of_child.push_back(contract_column(column));
      tables.insert_or_assign(*child.table, std::move(of_child));
    }
    if (const auto companion = companion_table(feed)) tables.insert_or_assign(*companion, columns);
    tables.insert_or_assign(*feed.table, std::move(columns));
  }
  return tables;
}

bool names_table(std::string_view pattern, const TableName& table, PatternUse use) {
  if (table.schema == "ops" && use == PatternUse::kGrant) return pattern == table.to_string();
  std::string wanted = as_path(pattern);
  std::string name = as_path(table.to_string());
  if (use == PatternUse::kDeny) {
    wanted = to_lower_ascii(wanted);
    name = to_lower_ascii(name);
  }
  const Result<Pattern> compiled = Pattern::compile(wanted);
  // What is no pattern was told by the check of the project; until it is mended it denies everything.
  if (!compiled.ok()) return use == PatternUse::kDeny;
  return compiled->matches(name);
}

}  // namespace tarn::project
