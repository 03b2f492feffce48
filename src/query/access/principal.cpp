#include "query/access/principal.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "engine/source_place.h"
#include "query/access/mask_sql.h"
#include "query/access/plain_condition.h"
#include "query/errors.h"
#include "query/lexer.h"
#include "query/rewrite.h"

namespace tarn::query {
namespace {

using project::MaskKind;
using project::MaskSpec;
using project::PatternUse;

std::set<std::string, std::less<>> lowered(const std::vector<project::Located<std::string>>& names) {
  std::set<std::string, std::less<>> all;
  for (const auto& name : names) all.insert(to_lower_ascii(*name));
  return all;
}

/// Values of an attribute as the engine reads them: `('F001')`, `('F001', 'F002')` serve `=` and IN.
std::string values_sql(const std::vector<std::string>& values) {
  std::string sql;
  for (const std::string& value : values) sql += (sql.empty() ? "" : ", ") + engine::quote_literal(value);
  return "(" + sql + ")";
}

/// A row filter with the user's attributes in place of `$name`.
Result<std::string> with_attributes(const project::Located<std::string>& filter,
                                    const project::UserSpec& user) {
  Rewrite rewrite(*filter);
  for (const Token& token : tokenize(*filter)) {
    if (token.kind != TokenKind::kParameter) continue;
    const std::string name(token.in(*filter).substr(1));
    const auto found = user.attributes.find(name);
    if (found == user.attributes.end() && name != "user") {
      return Error(kMissingAttribute, fmt::format("the user `{}` has no attribute `{}`", *user.name, name))
          .with_span(filter.span)
          .with_hint(fmt::format("add `attributes: {{{}: …}}` to the user", name));
    }
    rewrite.replace(token.begin, token.end,
                    values_sql(name == "user" ? std::vector{*user.name} : found->second));
  }
  return rewrite.finish();
}

bool is_pattern(std::string_view name) {
  return name.find_first_of("*?[{") != std::string_view::npos;
}

/// Columns that Tarn adds to the tables of contracts.
bool is_added(std::string_view column) {
  const auto has = [&](const std::vector<std::string_view>& names) {
    return std::ranges::find(names, column) != names.end();
  };
  return column == "ordinal" || has(project::audit_column_names()) || has(project::history_column_names());
}

/// `ward` of a `previous_ward` beside it, which tells as much of a person (mode scd3); else nothing.
std::string later_of(const iceberg::Schema& schema, std::string_view column) {
  constexpr std::string_view kPrevious = "previous_";
  if (!column.starts_with(kPrevious)) return "";
  const std::string later(column.substr(kPrevious.size()));
  const bool is_there = std::ranges::any_of(
      schema.fields(), [&](const auto& field) { return to_lower_ascii(field.name) == later; });
  return is_there ? later : "";
}

}  // namespace

bool has_same_rights(std::string_view user, const AccessPolicy& before, const AccessPolicy& after) {
  const project::UserSpec* const was = before.access.find_user(user);
  const project::UserSpec* const is = after.access.find_user(user);
  if (was == nullptr || is == nullptr || !(*was == *is)) return false;
  if (!(before.access.identifying == after.access.identifying) || before.mask_key != after.mask_key ||
      !(before.contracts == after.contracts))
    return false;
  return std::ranges::equal(roles_of(before.access, *was), roles_of(after.access, *is),
                            [](const auto* a, const auto* b) { return *a == *b; });
}

/// What one grant shows of a column.
struct Principal::Shown {
  std::string_view filter;
  MaskSpec mask;
};

const VisibleColumn* TablePolicy::find(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &VisibleColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

Result<std::shared_ptr<const Principal>> Principal::make(std::shared_ptr<const AccessPolicy> policy,
                                                         std::string_view user) {
  const project::UserSpec* spec = policy->access.find_user(user);
  if (spec == nullptr) return Error(kUnknownUser, fmt::format("there is no user `{}`", user));
  std::shared_ptr<Principal> principal(new Principal(std::move(policy)));
  principal->user_ = *spec->name;
  for (const project::RoleSpec* role : roles_of(principal->policy_->access, *spec))
    TARN_RETURN_IF_ERROR(principal->add_role(*role, *spec));
  const auto is_hash = [](const auto& mask) { return mask.second->kind == MaskKind::kHash; };
  bool needs_key = std::ranges::any_of(principal->policy_->access.identifying, is_hash);
  for (const Grant& grant : principal->grants_)
    needs_key = needs_key || std::ranges::any_of(grant.spec->masks, is_hash);
  if (needs_key && principal->policy_->mask_key.empty())
    return Error(kNoMaskKey, "the key of `hash` masks is not set");
  return std::shared_ptr<const Principal>(std::move(principal));
}

Status Principal::add_role(const project::RoleSpec& role, const project::UserSpec& user) {
  roles_.push_back(*role.name);
  administers_ = administers_ || role.administers;
  limits_.statement_timeout_ms = limits_.timeout_with(role.limits.statement_timeout_ms);
  if (role.limits.running > 0)
    limits_.shares.push_back({*role.name, static_cast<std::size_t>(role.limits.running)});
  for (const project::GrantSpec& spec : role.grants) {
    Grant grant{&spec, "", lowered(spec.columns), lowered(spec.except)};
    TARN_ASSIGN_OR_RETURN(grant.filter, with_attributes(spec.where, user));
    // An error would quote a value of a row that nobody may see: a row on which the filter fails is not seen.
    if (!grant.filter.empty() && !is_plain_condition(grant.filter))
      grant.filter = "TRY((" + grant.filter + "\n))";
    grants_.push_back(std::move(grant));
  }
  for (const project::DenySpec& denial : role.deny) denials_.push_back(&denial);
  for (const auto& pattern : role.write) written_.push_back(&pattern);
  return ok_status();
}

bool Principal::may_write(const TableName& table) const {
  if (table.schema == "ops" || is_denied(table, "")) return false;
  return std::ranges::any_of(
      written_, [&](const auto* pattern) { return names_table(**pattern, table, PatternUse::kGrant); });
}

bool Principal::sees_whole(const TableName& table, const iceberg::TableMetadata& metadata) const {
  return sees_whole(table, policy(table, metadata), metadata.current_schema());
}

bool Principal::sees_whole(const TableName& view, const iceberg::Schema& schema) const {
  return sees_whole(view, policy(view, schema), schema);
}

bool Principal::sees_whole(const TableName& table, const TablePolicy& shown,
                           const iceberg::Schema& schema) const {
  return sees(table) && shown.filter.empty() && shown.columns.size() == schema.fields().size() &&
         std::ranges::all_of(shown.columns, &VisibleColumn::is_plain);
}

bool Principal::is_denied(const TableName& table, std::string_view column) const {
  return std::ranges::any_of(denials_, [&](const project::DenySpec* denial) {
    const bool meant = std::ranges::any_of(
        denial->tables, [&](const auto& pattern) { return names_table(*pattern, table, PatternUse::kDeny); });
    if (!meant || denial->columns.empty()) return meant;
    return std::ranges::any_of(denial->columns,
                               [&](const auto& name) { return to_lower_ascii(*name) == column; });
  });
}

/// A table that no contract describes may hold anything: where classes of columns are masked, it must be
/// named.
bool Principal::reaches(const Grant& grant, const TableName& table) const {
  const bool must_be_named =
      !policy_->access.identifying.empty() && table.schema != "ops" && !policy_->contracts.contains(table);
  return std::ranges::any_of(grant.spec->tables, [&](const auto& pattern) {
    return names_table(*pattern, table, PatternUse::kGrant) && !(must_be_named && is_pattern(*pattern));
  });
}

bool Principal::sees(const TableName& table) const {
  if (is_denied(table, "")) return false;
  if (table.schema == "ops" && (table.name == "tables" || table.name == "columns")) return true;
  return std::ranges::any_of(grants_, [&](const Grant& grant) { return reaches(grant, table); });
}

/// Likewise for a column that the table's contract does not describe.
bool Principal::shows(const Grant& grant, const TableName& table, std::string_view column) const {
  if (grant.except.contains(column)) return false;
  if (!grant.columns.empty()) return grant.columns.contains(column);
  const auto contract = policy_->contracts.find(table);
  if (policy_->access.identifying.empty() || contract == policy_->contracts.end() || is_added(column))
    return true;
  return std::ranges::any_of(contract->second,
                             [&](const auto& described) { return to_lower_ascii(described.name) == column; });
}

MaskSpec Principal::mask_of(const Grant& grant, const TableName& table, std::string_view column,
                            const std::string& later) const {
  for (const auto& [name, mask] : grant.spec->masks) {
    if (to_lower_ascii(name) == column) return *mask;
  }
  if (!later.empty()) return mask_of(grant, table, later, "");
  MaskSpec strictest;
  const auto contract = policy_->contracts.find(table);
  if (contract == policy_->contracts.end()) return strictest;
  for (const project::ContractColumn& described : contract->second) {
    if (to_lower_ascii(described.name) != column) continue;
    for (const project::Identifying kind : described.identifying) {
      const auto mask = policy_->access.identifying.find(std::string(project::to_string(kind)));
      if (mask == policy_->access.identifying.end()) continue;
      // Members of a list are not masked one by one.
      const MaskSpec wanted = described.type.is_list() ? MaskSpec{MaskKind::kNull} : *mask->second;
      if (strictness(wanted.kind) > strictness(strictest.kind)) strictest = wanted;
    }
  }
  return strictest;
}

/// For each row the mask of the grant that shows most of those that let the row through.
VisibleColumn Principal::column_of(const std::vector<Shown>& shown, const iceberg::NestedField& field,
                                   std::string_view row_filter) const {
  const std::string raw = engine::quote_identifier(field.name);
  VisibleColumn column{field.name, ""};
  std::string cases;
  std::string otherwise;
  std::set<std::string> masks;
  for (const Shown& one : shown) {
    masks.insert(project::to_string(one.mask));
    MaskSql masked = mask_sql(raw, field.type, one.mask, policy_->mask_key);
    column.is_text = column.is_text || masked.is_text;
    // What lets all rows of the view through needs no question.
    if (one.filter.empty() || one.filter == row_filter) {
      otherwise = std::move(masked.sql);
      break;
    }
    cases += fmt::format(" WHEN ({}\n) THEN {}", one.filter, masked.sql);
  }
  if (otherwise.empty()) otherwise = "NULL";
  column.sql = cases.empty() ? otherwise : fmt::format("CASE{} ELSE {} END", cases, otherwise);
  column.is_plain = column.sql == raw;
  if (masks != std::set<std::string>{project::to_string(MaskSpec{})})
    for (const std::string& mask : masks) column.mask += (column.mask.empty() ? "" : " or ") + mask;
  return column;
}

Principal::FormerNames Principal::former_names(const iceberg::TableMetadata& metadata) {
  FormerNames names;
  if (metadata.schemas.size() < 2) return names;
  std::map<std::int32_t, std::string> present;
  for (const iceberg::NestedField& field : metadata.current_schema().fields())
    present.emplace(field.id, to_lower_ascii(field.name));
  for (const iceberg::Schema& schema : metadata.schemas) {
    for (const iceberg::NestedField& field : schema.fields()) {
      const auto now = present.find(field.id);
      std::string then = to_lower_ascii(field.name);
      if (now != present.end() && now->second != then) names[field.id].insert(std::move(then));
    }
  }
  return names;
}

TablePolicy Principal::policy(const TableName& table, const iceberg::TableMetadata& metadata) const {
  return policy(table, metadata.current_schema(), former_names(metadata));
}

TablePolicy Principal::policy(const TableName& table, const iceberg::Schema& schema,
                              const FormerNames& former) const {
  std::vector<const Grant*> reaching;
  for (const Grant& grant : grants_) {
    if (reaches(grant, table)) reaching.push_back(&grant);
  }
  TablePolicy policy;
  if (is_denied(table, "")) return policy;
  std::vector<std::vector<Shown>> shown(schema.fields().size());
  std::set<std::string_view> filters;
  std::set<std::string> written;
  for (std::size_t i = 0; i < schema.fields().size(); ++i) {
    const std::string name = to_lower_ascii(schema.fields()[i].name);
    const std::string later = later_of(schema, name);
    static const std::set<std::string> kNone;
    const auto found = former.find(schema.fields()[i].id);
    const std::set<std::string>& once = found == former.end() ? kNone : found->second;
    const bool was_denied =
        std::ranges::any_of(once, [&](const auto& then) { return is_denied(table, then); });
    if (was_denied || is_denied(table, name) || (!later.empty() && is_denied(table, later))) continue;
    for (const Grant* grant : reaching) {
      const bool was_kept =
          std::ranges::any_of(once, [&](const auto& then) { return grant->except.contains(then); });
      if (was_kept || !shows(*grant, table, name) || (!later.empty() && grant->except.contains(later)))
        continue;
      MaskSpec mask = mask_of(*grant, table, name, later);
      for (const std::string& then : once) {
        const MaskSpec before = mask_of(*grant, table, then, "");
        if (strictness(before.kind) > strictness(mask.kind)) mask = before;
      }
      shown[i].push_back({grant->filter, mask});
      filters.insert(grant->filter);
      written.insert(*grant->spec->where);
    }
    std::ranges::stable_sort(shown[i], {}, [](const Shown& one) { return strictness(one.mask.kind); });
  }
  if (!filters.contains("")) {
    policy.written_filters.assign(written.begin(), written.end());
    for (const std::string_view filter : filters)
      policy.filter += fmt::format("{}({}\n)", policy.filter.empty() ? "" : " OR ", filter);
  }
  const std::string_view only = filters.size() == 1 ? *filters.begin() : std::string_view();
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (!shown[i].empty()) policy.columns.push_back(column_of(shown[i], schema.fields()[i], only));
  }
  return policy;
}

std::vector<std::string> Principal::filters() const {
  std::set<std::string> all;
  for (const Grant& grant : grants_) {
    if (!grant.filter.empty()) all.insert(grant.filter);
  }
  return {all.begin(), all.end()};
}

}  // namespace tarn::query
