#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "iceberg/schema.h"
#include "iceberg/table_metadata.h"
#include "project/access_spec.h"
#include "query/serving/role_share.h"

namespace tarn::query {

/// What access policy is made of, for all users of a project. Immutable.
struct AccessPolicy {
  project::AccessSpec access;
  project::ContractTables contracts;
  std::string mask_key = {};  ///< Of `hash` masks. A secret: never print it.
};

/// A column as a user sees it.
struct VisibleColumn {
  std::string name;
  std::string sql;       ///< An expression over the table's columns.
  bool is_plain = true;  ///< `sql` is the column itself.
  bool is_text = false;  ///< `sql` is text, whatever the column's type is.
  /// The mask as access/*.yaml writes it, or the ones of several grants; empty: none.
  std::string mask = {};
};

/// What a user sees of a table.
struct TablePolicy {
  std::vector<VisibleColumn> columns;  ///< In the table's order; the others are not there.
  std::string filter = {};  ///< SQL over the table's columns, true for the rows that are; empty: all.
  /// The filter as access/*.yaml writes it, without values of attributes: that of each grant.
  std::vector<std::string> written_filters = {};

  const VisibleColumn* find(std::string_view column) const;
};

/// Whether a user's sessions may go on when the policy becomes another one: all that says what she sees is
/// the same, and so is her password.
bool has_same_rights(std::string_view user, const AccessPolicy& before, const AccessPolicy& after);

/// A user, with what all roles together allow. Immutable; any thread may call it.
class Principal {
 public:
  /// Errors: access.unknown_user, access.missing_attribute, access.no_mask_key.
  static Result<std::shared_ptr<const Principal>> make(std::shared_ptr<const AccessPolicy> policy,
                                                       std::string_view user);

  const std::string& user() const { return user_; }
  const std::vector<std::string>& roles() const { return roles_; }

  /// Whether the table is there at all. Of `ops` only `ops.tables` and `ops.columns` are without a grant.
  bool sees(const TableName& table) const;
  /// Of a table of the lake that sees() allows, by its present schema. What is withheld from a column by name
  /// stays so when the column gets another one.
  TablePolicy policy(const TableName& table, const iceberg::TableMetadata& metadata) const;
  /// Of a view.
  TablePolicy policy(const TableName& view, const iceberg::Schema& schema) const {
    return policy(view, schema, {});
  }
  /// The tightest of all roles.
  const SessionLimits& limits() const { return limits_; }
  /// Whether the user may change users, roles and rights.
  bool administers() const { return administers_; }
  /// Whether there is anything that the user may write.
  bool writes() const { return !written_.empty(); }
  /// Whether SQL may make, change and drop the table, as far as roles say. Never one of `ops`.
  bool may_write(const TableName& table) const;
  /// Whether every row, column and value of the table is seen as it is.
  bool sees_whole(const TableName& table, const iceberg::TableMetadata& metadata) const;
  bool sees_whole(const TableName& view, const iceberg::Schema& schema) const;
  /// The row filters as they are applied, for a check of their SQL, each once.
  std::vector<std::string> filters() const;

 private:
  struct Grant {
    const project::GrantSpec* spec = nullptr;
    std::string filter;  ///< Attributes are values here.
    std::set<std::string, std::less<>> columns;
    std::set<std::string, std::less<>> except;
  };
  struct Shown;
  /// Names that columns had once, in lower case, by their field ids.
  using FormerNames = std::map<std::int32_t, std::set<std::string>>;
  static FormerNames former_names(const iceberg::TableMetadata& metadata);

  explicit Principal(std::shared_ptr<const AccessPolicy> policy) : policy_(std::move(policy)) {}
  Status add_role(const project::RoleSpec& role, const project::UserSpec& user);
  bool is_denied(const TableName& table, std::string_view column) const;
  bool reaches(const Grant& grant, const TableName& table) const;
  bool shows(const Grant& grant, const TableName& table, std::string_view column) const;
  /// `later`: the column whose former value this one is; empty for others.
  project::MaskSpec mask_of(const Grant& grant, const TableName& table, std::string_view column,
                            const std::string& later) const;
  TablePolicy policy(const TableName& table, const iceberg::Schema& schema, const FormerNames& former) const;
  bool sees_whole(const TableName& table, const TablePolicy& shown, const iceberg::Schema& schema) const;
  VisibleColumn column_of(const std::vector<Shown>& shown, const iceberg::NestedField& field,
                          std::string_view row_filter) const;

  std::shared_ptr<const AccessPolicy> policy_;
  std::string user_;
  std::vector<std::string> roles_;
  std::vector<Grant> grants_;
  std::vector<const project::DenySpec*> denials_;
  std::vector<const project::Located<std::string>*> written_;
  bool administers_ = false;
  SessionLimits limits_;
};

}  // namespace tarn::query
