#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/scram.h"
#include "project/checks/checks.h"
#include "project/errors.h"
#include "project/keys/values.h"

// access/*.yaml: names that exist, masks that fit, and passwords that are none.
namespace tarn::project {
namespace {

class AccessCheck {
 public:
  AccessCheck(const Project& project, bool clean, Diagnostics& out)
      : access_(*project.access), tables_(contract_tables(project.feeds)), clean_(clean), out_(out) {}

  void run() {
    check_names(access_.roles, "role");
    check_names(access_.users, "user");
    check_identifying();
    for (const RoleSpec& role : access_.roles) check_role(role);
    for (const UserSpec& user : access_.users) check_user(user);
  }

 private:
  void fail(const ErrorCode& code, const SourceSpan& span, std::string message, std::string hint) {
    out_.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }
  void warn(const ErrorCode& code, const SourceSpan& span, std::string message, std::string hint) {
    out_.warning(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }

  template <typename Named>
  void check_names(const std::vector<Named>& all, std::string_view what) {
    std::map<std::string_view, const Named*> first;
    for (const Named& item : all) {
      const auto [other, is_new] = first.emplace(*item.name, &item);
      if (is_new) continue;
      const SourceSpan& place = other->second->name.span;
      fail(kDuplicateName, item.name.span, fmt::format("a {} called `{}` exists already", what, *item.name),
           fmt::format("it stands at {}:{}: rename one", place.file, place.line));
    }
  }

  /// `quotable`: the lines of the names may be shown.
  void check_role_names(const std::vector<Located<std::string>>& names, bool quotable) {
    for (const Located<std::string>& name : names) {
      if (access_.find_role(*name) != nullptr) continue;
      SourceSpan place = name.span;
      if (!quotable) place.line_text.clear();
      std::vector<std::string_view> known;
      for (const RoleSpec& role : access_.roles) known.push_back(*role.name);
      const std::string_view near = nearest_name(*name, known);
      fail(kUnknownRole, place, fmt::format("there is no role `{}`", *name),
           near.empty() ? "define it under `roles:`" : fmt::format("did you mean `{}`?", near));
    }
  }

  /// Every mask of a hash needs the project's key.
  void check_key(const Located<MaskSpec>& mask) {
    if (mask->kind != MaskKind::kHash || !access_.mask_key_env->empty() || !access_.mask_key_file->empty())
      return;
    fail(kBadMask, mask.span, "a `hash` mask needs a key, or whoever can guess a value can find its hash",
         "add `mask_key_file: FILE` or `mask_key_env: NAME` to the top of the file");
  }

  void check_identifying() {
    if (!access_.mask_key_env->empty() && !access_.mask_key_file->empty()) {
      fail(kDuplicateName, access_.mask_key_file.span, "the key of hashes is given twice",
           "keep `mask_key_env` or `mask_key_file`");
    }
    std::vector<std::string_view> known;
    for (const Choice& choice : choices_of(Identifying{})) {
      if (choice.value != static_cast<int>(Identifying::kNone)) known.push_back(choice.name);
    }
    for (const auto& [name, mask] : access_.identifying) {
      check_key(mask);
      if (std::ranges::find(known, name) != known.end()) continue;
      const std::string_view near = nearest_name(name, known);
      fail(kUnknownGranted, mask.span, fmt::format("`{}` is not a class of identifying columns", name),
           near.empty() ? "contracts name the classes: `identifying: birth_date`"
                        : fmt::format("did you mean `{}`?", near));
    }
    for (const auto& [table, columns] : tables_) {
      for (const ContractColumn& column : columns) check_class(table, column);
    }
  }

  /// A class may be of columns that its mask does not fit: they are NULL then, which is safe, and is said.
  void check_class(const TableName& table, const ContractColumn& column) {
    for (const Identifying kind : column.identifying) {
      const auto mask = access_.identifying.find(std::string(to_string(kind)));
      if (mask == access_.identifying.end() || fits(*mask->second, column.type)) continue;
      warn(kBadMask, mask->second.span,
           fmt::format("this mask does not fit `{}.{}`, a {}: it is shown as null", table.to_string(),
                       column.name, to_string(column.type)),
           "mask the column in the grants, or accept it");
    }
  }

  void check_user(const UserSpec& user) {
    const bool no_secret = user.password->empty() || parse_scram_verifier(*user.password);
    check_role_names(user.roles, no_secret);
    if (no_secret) return;
    SourceSpan place = user.password.span;
    place.line_text.clear();
    fail(kBadPassword, place,
         fmt::format("the `password` of `{}` is not a SCRAM-SHA-256 verifier", *user.name),
         "`tarn access password` makes one; a password itself never stands in a file");
  }

  void check_role(const RoleSpec& role) {
    check_role_names(role.inherits, true);
    check_cycle(role);
    for (const GrantSpec& grant : role.grants) check_grant(grant);
    for (const Located<std::string>& pattern : role.write) check_written(pattern);
    for (const DenySpec& denial : role.deny) {
      for (const Located<std::string>& pattern : denial.tables) check_pattern(pattern, PatternUse::kDeny);
      check_columns(denial.tables, denial.columns, PatternUse::kDeny);
    }
  }

  void check_cycle(const RoleSpec& role) {
    UserSpec as_user;
    as_user.roles = role.inherits;
    const auto inherited = roles_of(access_, as_user);
    if (std::ranges::find(inherited, &role) == inherited.end()) return;
    fail(kUnknownRole, role.inherits.front().span, fmt::format("the role `{}` inherits itself", *role.name),
         "remove one of the names under `inherits:`");
  }

  void check_grant(const GrantSpec& grant) {
    for (const Located<std::string>& pattern : grant.tables) {
      check_pattern(pattern, PatternUse::kGrant);
      const bool narrowed =
          !grant.columns.empty() || !grant.except.empty() || !grant.where->empty() || !grant.masks.empty();
      if (narrowed && pattern->starts_with("ops."))
        fail(kUnknownGranted, pattern.span, "tables of `ops` are granted whole",
             "give them a grant of their own, without `columns`, `except`, `where` and `masks`");
    }
    check_columns(grant.tables, grant.columns, PatternUse::kGrant);
    check_columns(grant.tables, grant.except, PatternUse::kGrant);
    for (const auto& [column, mask] : grant.masks) {
      check_key(mask);
      check_columns(grant.tables, {Located<std::string>(column, mask.span)}, PatternUse::kGrant);
      check_fit(grant.tables, column, mask);
    }
  }

  /// What feeds write is theirs.
  void check_written(const Located<std::string>& pattern) {
    static const RE2 kForm("\\*\\*|[A-Za-z0-9_*?\\[\\]{},-]+(\\.[A-Za-z0-9_*?\\[\\]{},-]+)+");
    if (!RE2::FullMatch(*pattern, kForm)) {
      fail(kUnknownGranted, pattern.span, fmt::format("`{}` does not name tables", *pattern),
           "write `schema.table`, with `*` for any characters of a part");
      return;
    }
    const bool is_exact = pattern->find_first_of("*?[{") == std::string::npos;
    if (pattern->starts_with("ops.")) {
      fail(kUnknownGranted, pattern.span, "tables of `ops` are written by Tarn only", "remove the entry");
    } else if (is_exact && std::ranges::any_of(
                               tables_, [&](const auto& one) { return one.first.to_string() == *pattern; })) {
      fail(kUnknownGranted, pattern.span,
           fmt::format("`{}` is written by its feed, and not by SQL", *pattern),
           "remove the entry, or keep results in a table of their own");
    }
  }

  void check_pattern(const Located<std::string>& pattern, PatternUse use) {
    static const RE2 kForm("\\*\\*|[A-Za-z0-9_*?\\[\\]{},-]+(\\.[A-Za-z0-9_*?\\[\\]{},-]+)+");
    if (!RE2::FullMatch(*pattern, kForm)) {
      fail(kUnknownGranted, pattern.span, fmt::format("`{}` does not name tables", *pattern),
           "write `schema.table`, `schema.*` or `**`");
      return;
    }
    if (use == PatternUse::kGrant && pattern->starts_with("ops.") &&
        pattern->find_first_of("*?[{") != std::string::npos) {
      fail(kUnknownGranted, pattern.span, "tables of `ops` are granted by their full name only",
           "write each one: `ops.audit`");
      return;
    }
    if (pattern->starts_with("ops.") || !clean_) return;
    const auto meant = [&](const auto& table) { return names_table(*pattern, table.first, use); };
    if (std::ranges::any_of(tables_, meant)) return;
    // SQL and other engines make tables in schemas of their own.
    const std::string schema = pattern->substr(0, pattern->rfind('.') + 1);
    if (*pattern == "**" ||
        std::ranges::none_of(tables_, [&](const auto& table) { return schema == table.first.schema + "."; }))
      return;
    std::vector<std::string> names;
    for (const auto& [table, columns] : tables_) names.push_back(table.to_string());
    const std::vector<std::string_view> views(names.begin(), names.end());
    const std::string_view near = nearest_name(*pattern, views);
    warn(kUnknownGranted, pattern.span, fmt::format("no contract writes a table `{}`", *pattern),
         near.empty() ? "correct it, unless another program makes the table"
                      : fmt::format("did you mean `{}`?", near));
  }

  static bool is_added_column(std::string_view name) {
    const auto has = [&](const std::vector<std::string_view>& names) {
      return std::ranges::find(names, name) != names.end();
    };
    return has(audit_column_names()) || has(history_column_names());
  }

  /// Each column must be one of a table that is meant, as far as contracts describe them all.
  void check_columns(const std::vector<Located<std::string>>& patterns,
                     const std::vector<Located<std::string>>& columns, PatternUse use) {
    if (!clean_) return;
    std::set<std::string_view> known;
    for (const Located<std::string>& pattern : patterns) {
      bool described = false;
      for (const auto& [table, of_table] : tables_) {
        if (!names_table(*pattern, table, use)) continue;
        described = true;
        for (const ContractColumn& column : of_table) known.insert(column.name);
      }
      if (!described) return;  // another program's table may have any columns
    }
    for (const Located<std::string>& column : columns) {
      if (known.contains(*column) || is_added_column(*column)) continue;
      const std::vector<std::string_view> names(known.begin(), known.end());
      const std::string_view near = nearest_name(*column, names);
      fail(kUnknownMasked, column.span, fmt::format("no table of this entry has a column `{}`", *column),
           near.empty() ? "correct the name" : fmt::format("did you mean `{}`?", near));
    }
  }

  static bool fits(const MaskSpec& mask, const ColumnType& type) {
    const bool text = type.kind == TypeKind::kString;
    switch (mask.kind) {
      case MaskKind::kNone:
      case MaskKind::kNull:
        return true;
      case MaskKind::kHash:
        return type.is_scalar();
      case MaskKind::kYear:
      case MaskKind::kMonth:
        return type.is_temporal() && type.kind != TypeKind::kTime;
      case MaskKind::kPartial:
        return text;
      case MaskKind::kGeneralise:
        return text || type.is_number();
    }
    return false;
  }

  void check_fit(const std::vector<Located<std::string>>& patterns, std::string_view name,
                 const Located<MaskSpec>& mask) {
    for (const Located<std::string>& pattern : patterns) {
      for (const auto& [table, columns] : tables_) {
        if (!names_table(*pattern, table, PatternUse::kGrant)) continue;
        for (const ContractColumn& column : columns) {
          if (column.name != name || fits(*mask, column.type)) continue;
          fail(kBadMask, mask.span,
               fmt::format("this mask does not fit `{}.{}`, a {}", table.to_string(), name,
                           to_string(column.type)),
               "year and month are for dates and times, partial for texts, generalise for texts and numbers; "
               "`null` fits all");
          return;
        }
      }
    }
  }

  const AccessSpec& access_;
  const ContractTables tables_;
  const bool clean_;
  Diagnostics& out_;
};

}  // namespace

void check_access(const Project& project, bool clean, Diagnostics& out) {
  AccessCheck(project, clean, out).run();
}

}  // namespace tarn::project
