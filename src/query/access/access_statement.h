#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "query/writes/write_statement.h"

namespace tarn::query {

/// A statement that changes who may see what: CREATE, ALTER and DROP of roles and users, GRANT and REVOKE.
struct AccessStatement {
  enum class Verb : std::uint8_t {
    kCreate,
    kAlter,
    kDrop,
    kGrantTables,
    kRevokeTables,
    kGrantRoles,
    kRevokeRoles,
    kNothing,  ///< What holds anyway, as USAGE of a schema does for whoever may read a table of it.
  };

  Verb verb = Verb::kNothing;
  /// Made, changed or dropped, or whom rights are given to or taken from.
  std::vector<std::string> names = {};
  bool if_there = false;                     ///< IF EXISTS, IF NOT EXISTS.
  bool logs_in = false;                      ///< Of kCreate: a user, and no role.
  std::optional<std::string> password = {};  ///< As written, or a SCRAM verifier; empty: none any more.
  std::vector<std::string> roles = {};       ///< Granted or revoked; of kCreate: those that it is in.
  std::vector<std::string> members = {};     ///< Of kCreate: who is in the role from the start.
  /// Of kAlter: an attribute of a user that row filters name; without values it goes.
  std::string attribute = {};
  std::vector<std::string> attribute_values = {};

  // Of tables:
  std::vector<WrittenName> tables = {};  ///< Or schemas, where `whole_schemas`.
  bool whole_schemas = false;
  bool reads = false;
  bool writes = false;
  std::vector<std::string> columns = {};  ///< Empty: all.
  std::vector<std::string> except = {};
  std::string where = {};                         ///< A row filter; empty: all rows.
  std::map<std::string, std::string> masks = {};  ///< By column: as JSON of access/*.yaml.
};

/// Nothing: it is another statement. Errors: sql.syntax, sql.unsupported_write.
Result<std::optional<AccessStatement>> read_access_statement(std::string_view sql);

}  // namespace tarn::query
