#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "query/access/access_editor.h"
#include "query/errors.h"

namespace tarn::query {
namespace {

using Json = nlohmann::json;
using Verb = AccessStatement::Verb;
using project::AccessSpec;

constexpr const char* kRoles = "roles";
constexpr const char* kUsers = "users";
/// By kind, the names of what CREATE made; the others add to what files have.
constexpr const char* kMade = "made";

void add_once(Json& list, const Json& value) {
  if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}
void take_away(Json& list, const Json& value) {
  list.erase(std::remove(list.begin(), list.end(), value), list.end());
}

std::string place_of(const SourceSpan& span) {
  return fmt::format("{}:{}", span.file, span.line);
}

/// What access/*.yaml have is changed there.
Error stands_in_file(std::string_view what, const SourceSpan& span) {
  return Error(kStandsInFile, fmt::format("{} stands in {}", what, place_of(span)))
      .with_hint("change it there: SQL adds to the files, and takes back what it added");
}

class Editing {
 public:
  Editing(const AccessStatement& statement, const std::string& document, const AccessSpec& files)
      : statement_(statement), document_(document), files_(files) {
    if (!document.empty()) rules_ = Json::parse(document);
    for (const char* const kind : {kRoles, kUsers}) {
      if (!rules_.contains(kind)) rules_[kind] = Json::object();
    }
  }

  Result<std::string> run() {
    for (const std::string& name : statement_.names) TARN_RETURN_IF_ERROR(run(name));
    if (statement_.verb == Verb::kNothing) return document_;
    // What says nothing of a role or a user of the files is not kept.
    for (const char* const kind : {kRoles, kUsers}) {
      Json& all = rules_[kind];
      for (auto at = all.begin(); at != all.end();)
        at = is_in_file(kind, at.key()) && says_nothing(at.value()) ? all.erase(at) : std::next(at);
    }
    return rules_.dump();
  }

 private:
  Status run(const std::string& name) {
    switch (statement_.verb) {
      case Verb::kCreate:
        return create(name);
      case Verb::kAlter:
        return alter(name);
      case Verb::kDrop:
        return drop(name);
      case Verb::kGrantTables:
        return grant_tables(name);
      case Verb::kRevokeTables:
        return revoke_tables(name);
      case Verb::kGrantRoles:
      case Verb::kRevokeRoles:
        return change_roles(name);
      case Verb::kNothing:
        return is_there(kRoles, name) || is_there(kUsers, name) ? ok_status() : unknown(name);
    }
    return ok_status();
  }

  bool is_in_file(std::string_view kind, const std::string& name) const {
    return kind == kRoles ? files_.find_role(name) != nullptr : files_.find_user(name) != nullptr;
  }
  static bool says_nothing(const Json& rule) {
    return std::ranges::all_of(rule, [](const Json& part) { return part.empty(); });
  }
  bool is_made(const char* kind, const std::string& name) const {
    const Json made = rules_.value(kMade, Json::object()).value(kind, Json::array());
    return std::ranges::find(made, Json(name)) != made.end();
  }
  bool is_there(const char* kind, const std::string& name) const {
    return is_made(kind, name) || is_in_file(kind, name);
  }

  Status create(const std::string& name) {
    for (const char* const kind : {kRoles, kUsers}) {
      if (!is_there(kind, name)) continue;
      if (statement_.if_there && (kind == kUsers) == statement_.logs_in) return ok_status();
      return Error(kRoleExists, fmt::format("role \"{}\" already exists", name));
    }
    Json made = Json::object();
    if (statement_.logs_in) {
      made["roles"] = Json::array();
      if (statement_.password && !statement_.password->empty()) made["password"] = *statement_.password;
    }
    const char* const kind = statement_.logs_in ? kUsers : kRoles;
    rules_[kind][name] = made;
    Json& all = rules_[kMade][kind];
    if (!all.is_array()) all = Json::array();
    add_once(all, name);
    for (const std::string& role : statement_.roles) TARN_RETURN_IF_ERROR(join(name, role));
    for (const std::string& member : statement_.members) TARN_RETURN_IF_ERROR(join(member, name));
    return ok_status();
  }

  Status alter(const std::string& name) {
    if (!is_there(kUsers, name)) {
      if (!is_there(kRoles, name)) return unknown(name);
      return Error(kUnknownUser, fmt::format("\"{}\" is a role, and has no password and no attributes", name))
          .with_hint("name a user");
    }
    const project::UserSpec* const in_file = files_.find_user(name);
    if (statement_.password) {
      if (in_file != nullptr) return stands_in_file(fmt::format("the user `{}`", name), in_file->name.span);
      Json& user = rules_[kUsers][name];
      if (statement_.password->empty())
        user.erase("password");
      else
        user["password"] = *statement_.password;
    }
    if (statement_.attribute.empty()) return ok_status();
    if (in_file != nullptr && in_file->attributes.contains(statement_.attribute))
      return stands_in_file(fmt::format("the attribute `{}` of `{}`", statement_.attribute, name),
                            in_file->name.span);
    Json& attributes = rules_[kUsers][name]["attributes"];
    if (!attributes.is_object()) attributes = Json::object();
    if (statement_.attribute_values.empty())
      attributes.erase(statement_.attribute);
    else
      attributes[statement_.attribute] = statement_.attribute_values;
    return ok_status();
  }

  Status drop(const std::string& name) {
    if (const auto* const role = files_.find_role(name))
      return stands_in_file(fmt::format("the role `{}`", name), role->name.span);
    if (const auto* const user = files_.find_user(name))
      return stands_in_file(fmt::format("the user `{}`", name), user->name.span);
    const bool is_role = is_made(kRoles, name);
    const char* const kind = is_role ? kRoles : kUsers;
    if (!is_made(kind, name)) return statement_.if_there ? ok_status() : unknown(name);
    rules_[kind].erase(name);
    take_away(rules_[kMade][kind], name);
    if (rules_[kMade][kind].empty()) rules_[kMade].erase(kind);
    if (rules_[kMade].empty()) rules_.erase(kMade);
    // Nobody is in it any more.
    if (!is_role) return ok_status();
    for (Json& role : rules_[kRoles]) {
      if (role.contains("inherits")) take_away(role["inherits"], name);
    }
    for (Json& user : rules_[kUsers]) {
      if (user.contains("roles")) take_away(user["roles"], name);
    }
    return ok_status();
  }

  static Status unknown(const std::string& name) {
    return Error(kUnknownRole, fmt::format("role \"{}\" does not exist", name))
        .with_hint("CREATE ROLE makes it, or access/*.yaml");
  }

  /// Rights are a role's.
  Status check_role(const std::string& name) const {
    if (is_there(kRoles, name)) return ok_status();
    if (!is_there(kUsers, name)) return unknown(name);
    return Error(kUnknownRole, fmt::format("\"{}\" is a user, and rights are given to roles", name))
        .with_hint(fmt::format("CREATE ROLE one, GRANT it the rights, and GRANT it TO {}", name));
  }

  Json& list_of(const char* kind, const std::string& name, const char* key) {
    Json& list = rules_[kind][name][key];
    if (!list.is_array()) list = Json::array();
    return list;
  }

  Status join(const std::string& member, const std::string& role) {
    if (!is_there(kRoles, role)) return unknown(role);
    if (is_there(kUsers, member)) {
      add_once(list_of(kUsers, member, "roles"), role);
    } else if (is_there(kRoles, member)) {
      add_once(list_of(kRoles, member, "inherits"), role);
    } else {
      return unknown(member);
    }
    return ok_status();
  }

  Status change_roles(const std::string& member) {
    for (const std::string& role : statement_.roles) {
      if (statement_.verb == Verb::kGrantRoles) {
        TARN_RETURN_IF_ERROR(join(member, role));
        continue;
      }
      const bool is_user = is_there(kUsers, member);
      if (!is_user) TARN_RETURN_IF_ERROR(check_role(member));
      Json& list = list_of(is_user ? kUsers : kRoles, member, is_user ? "roles" : "inherits");
      if (std::ranges::find(list, Json(role)) == list.end() && !is_there(kRoles, role)) return unknown(role);
      take_away(list, role);
      const auto names = [&](const auto& all) {
        return std::ranges::find(all, role, [](const auto& one) { return *one; });
      };
      if (const auto* const user = files_.find_user(member)) {
        const auto found = names(user->roles);
        if (found != user->roles.end())
          return stands_in_file(fmt::format("`{}` of the user `{}`", role, member), found->span);
      }
      if (const auto* const of = files_.find_role(member)) {
        const auto found = names(of->inherits);
        if (found != of->inherits.end())
          return stands_in_file(fmt::format("`{}` of the role `{}`", role, member), found->span);
      }
    }
    return ok_status();
  }

  std::vector<std::string> patterns() const {
    std::vector<std::string> patterns;
    for (const WrittenName& name : statement_.tables)
      patterns.push_back(
          fmt::format("{}{}", fmt::join(name.parts, "."), statement_.whole_schemas ? ".*" : ""));
    return patterns;
  }

  Status grant_tables(const std::string& role) {
    TARN_RETURN_IF_ERROR(check_role(role));
    const bool is_whole = statement_.columns.empty() && statement_.except.empty() &&
                          statement_.where.empty() && statement_.masks.empty();
    for (const std::string& pattern : patterns()) {
      if (statement_.reads) {
        Json& grants = list_of(kRoles, role, "grants");
        Json grant = {{"tables", Json::array({pattern})}};
        if (!statement_.columns.empty()) grant["columns"] = statement_.columns;
        if (!statement_.except.empty()) grant["except"] = statement_.except;
        if (!statement_.where.empty()) grant["where"] = statement_.where;
        for (const auto& [column, mask] : statement_.masks) grant["masks"][column] = Json::parse(mask);
        add_once(grants, grant);
      }
      if (statement_.writes && is_whole) add_once(list_of(kRoles, role, "write"), pattern);
      if (statement_.writes && !is_whole)
        return Error(kBadRule, "a table is written by who sees all of it")
            .with_hint("grant INSERT, UPDATE, DELETE without columns, WHERE and MASK");
    }
    return ok_status();
  }

  Status revoke_tables(const std::string& role) {
    TARN_RETURN_IF_ERROR(check_role(role));
    if (!statement_.columns.empty())
      return Error(kBadRule, "columns are not revoked by themselves")
          .with_hint("REVOKE SELECT on the table, and GRANT what is left");
    for (const std::string& pattern : patterns()) {
      if (statement_.reads) TARN_RETURN_IF_ERROR(revoke_reading(role, pattern));
      if (statement_.writes) TARN_RETURN_IF_ERROR(revoke_writing(role, pattern));
    }
    return ok_status();
  }

  Status revoke_reading(const std::string& role, const std::string& pattern) {
    Json& grants = list_of(kRoles, role, "grants");
    grants.erase(
        std::remove_if(grants.begin(), grants.end(),
                       [&](const Json& grant) { return is_meant(pattern, grant["tables"].front()); }),
        grants.end());
    for (const Json& grant : grants) {
      const std::string other = grant["tables"].front();
      if (is_within(pattern, other)) return still_granted(role, pattern, other);
    }
    const project::RoleSpec* const in_file = files_.find_role(role);
    if (in_file == nullptr) return ok_status();
    for (const project::GrantSpec& grant : in_file->grants) {
      for (const auto& other : grant.tables) {
        if (is_meant(pattern, *other) || is_within(pattern, *other))
          return stands_in_file(fmt::format("a grant of `{}` for the role `{}`", *other, role), other.span);
      }
    }
    return ok_status();
  }

  Status revoke_writing(const std::string& role, const std::string& pattern) {
    Json& written = list_of(kRoles, role, "write");
    written.erase(std::remove_if(written.begin(), written.end(),
                                 [&](const Json& other) { return is_meant(pattern, other); }),
                  written.end());
    for (const Json& other : written) {
      if (is_within(pattern, other.get<std::string>())) return still_granted(role, pattern, other);
    }
    const project::RoleSpec* const in_file = files_.find_role(role);
    if (in_file == nullptr) return ok_status();
    for (const auto& other : in_file->write) {
      if (is_meant(pattern, *other) || is_within(pattern, *other))
        return stands_in_file(fmt::format("`write: {}` of the role `{}`", *other, role), other.span);
    }
    return ok_status();
  }

  /// Whether REVOKE on `pattern` takes a grant of `other` away: of a whole schema, each table's, too.
  bool is_meant(const std::string& pattern, const std::string& other) const {
    if (!statement_.whole_schemas) return pattern == other;
    return other.rfind('.') == pattern.size() - 2 && other.starts_with(pattern.substr(0, pattern.size() - 1));
  }

  /// Whether what `pattern` names is also named by `other`.
  static bool is_within(const std::string& pattern, const std::string& other) {
    const std::size_t dot = pattern.rfind('.');
    const TableName table{pattern.substr(0, dot), pattern.substr(dot + 1)};
    return pattern == other || project::names_table(other, table, project::PatternUse::kGrant);
  }

  static Status still_granted(const std::string& role, const std::string& pattern, const std::string& other) {
    return Error(kBadRule, fmt::format("`{}` has `{}` through a grant of `{}`", role, pattern, other))
        .with_hint(fmt::format("revoke `{}`, and grant what is to stay", other));
  }

  const AccessStatement& statement_;
  const std::string& document_;
  const AccessSpec& files_;
  Json rules_ = Json::object();
};

}  // namespace

Result<std::string> edited_rules(const AccessStatement& statement, const std::string& document,
                                 const AccessSpec& files) {
  return Editing(statement, document, files).run();
}

std::string effective_rules(const std::string& document, const AccessSpec& files) {
  Json rules = Json::parse(document);
  const Json made = rules.value(kMade, Json::object());
  rules.erase(kMade);
  const auto is_there = [&](const char* kind, const std::string& name) {
    const Json names = made.value(kind, Json::array());
    return std::ranges::find(names, Json(name)) != names.end() ||
           (kind == kRoles ? files.find_role(name) != nullptr : files.find_user(name) != nullptr);
  };
  for (const char* const kind : {kRoles, kUsers}) {
    Json& all = rules[kind];
    for (auto at = all.begin(); at != all.end();)
      at = is_there(kind, at.key()) ? std::next(at) : all.erase(at);
    for (Json& rule : all) {
      if (kind == kUsers && !rule.contains("roles")) rule["roles"] = Json::array();
      const auto names = rule.find(kind == kRoles ? "inherits" : "roles");
      if (names == rule.end()) continue;
      names->erase(std::remove_if(names->begin(), names->end(),
                                  [&](const Json& role) { return !is_there(kRoles, role); }),
                   names->end());
    }
  }
  return rules.dump();
}

}  // namespace tarn::query
