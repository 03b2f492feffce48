#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "project/feed_spec.h"
#include "project/located.h"

/// Who may see what: access/*.yaml as typed values.
namespace tarn::project {

/// What stands for a value that a role may not see as it is.
enum class MaskKind : std::uint8_t {
  kNone,        ///< The value itself.
  kHash,        ///< A keyed hash: equal values stay equal, and tell nothing else.
  kNull,        ///< Nothing.
  kYear,        ///< Of dates and times: the first day of the year.
  kMonth,       ///< Likewise of the month.
  kPartial,     ///< Of texts: stars, but for the last `amount` characters.
  kGeneralise,  ///< Numbers rounded down to a multiple of `amount`; of texts the first `amount` characters.
};

struct MaskSpec {
  MaskKind kind = MaskKind::kNone;
  std::int64_t amount = 0;  ///< At least 1 for kPartial and kGeneralise.

  bool operator==(const MaskSpec&) const = default;
};
/// As contracts write it: "hash", "partial: 4".
std::string to_string(const MaskSpec& mask);

using MaskMap = std::map<std::string, Located<MaskSpec>>;
/// Texts of a user that row filters name: `$facility`.
using AttributeMap = std::map<std::string, std::vector<std::string>>;

/// What a role may read of some tables.
struct GrantSpec {
  std::vector<Located<std::string>> tables;   ///< `curated.visit`, `curated.*`, `**`, `ops.audit`.
  std::vector<Located<std::string>> columns;  ///< Empty: all …
  std::vector<Located<std::string>> except;   ///< … but these.
  Located<std::string> where;  ///< SQL over the table's columns and `$attribute`s; empty: all rows.
  MaskMap masks;               ///< By column; also takes off masks of AccessSpec::identifying.

  bool operator==(const GrantSpec&) const = default;
};

/// What a role may not read, whatever else is granted.
struct DenySpec {
  std::vector<Located<std::string>> tables;
  std::vector<Located<std::string>> columns;  ///< Empty: the tables themselves.

  bool operator==(const DenySpec&) const = default;
};

/// What statements of a role's users may take.
struct RoleLimits {
  std::uint64_t running = 0;              ///< At once, of all its users; 0: as many as the listener runs.
  std::int64_t statement_timeout_ms = 0;  ///< 0: without end.

  bool operator==(const RoleLimits&) const = default;
};

struct RoleSpec {
  Located<std::string> name;
  std::string description;
  std::vector<Located<std::string>> inherits;
  std::vector<GrantSpec> grants;
  std::vector<Located<std::string>> write;  ///< Tables, as grants name them: SQL may change them.
  std::vector<DenySpec> deny;
  RoleLimits limits;
  bool administers = false;  ///< By CREATE USER, GRANT and the like.

  bool operator==(const RoleSpec&) const = default;
};

struct UserSpec {
  Located<std::string> name;
  Located<std::string>
      password;  ///< A SCRAM verifier as PostgreSQL writes it; empty: no door lets the user in.
  std::vector<Located<std::string>> roles;
  AttributeMap attributes;

  bool operator==(const UserSpec&) const = default;
};

/// All of access/*.yaml. Without such a file a project has no users at all.
struct AccessSpec {
  Located<std::string> mask_key_env;   ///< Environment variable of the key of MaskKind::kHash, or …
  Located<std::string> mask_key_file;  ///< … its file, relative to the project or absolute.
  MaskMap identifying;                 ///< Masks of all columns of an `identifying` class.
  std::vector<RoleSpec> roles;
  std::vector<UserSpec> users;

  const RoleSpec* find_role(std::string_view name) const;
  const UserSpec* find_user(std::string_view name) const;

  bool operator==(const AccessSpec&) const = default;
};

/// Adds what SQL said of users and roles: to those of the same name, or as new ones.
void add_rules(AccessSpec& to, AccessSpec rules);

/// The role, all that it inherits, and so on; each once. Unknown names are passed over.
std::vector<const RoleSpec*> roles_of(const AccessSpec& access, const UserSpec& user);

/// Whether a pattern of a grant or a denial means the table: `*` any characters within one part of the name,
/// `**` any parts. Tables of `ops` are meant by their full name only, and in a denial by `ops.*` or `**` too.
/// Denials do not look at case, as SQL does not.
enum class PatternUse : std::uint8_t { kGrant, kDeny };
bool names_table(std::string_view pattern, const TableName& table, PatternUse use);

/// A column of a table as the contracts describe it.
struct ContractColumn {
  std::string name;
  ColumnType type;
  /// Of the column or of its members; more than one only of a list<struct>.
  std::vector<Identifying> identifying;

  bool operator==(const ContractColumn&) const = default;
};
/// The columns of every table that the contracts write, companion_table()s included, without those that Tarn
/// adds. Feeds that share a table have the same columns.
using ContractTables = std::map<TableName, std::vector<ContractColumn>>;
ContractTables contract_tables(const std::vector<FeedSpec>& feeds);

}  // namespace tarn::project
