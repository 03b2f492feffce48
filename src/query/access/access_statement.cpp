#include "query/access/access_statement.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "engine/errors.h"
#include "engine/utf8.h"
#include "query/writes/statement_reader.h"

namespace tarn::query {
namespace {

using Verb = AccessStatement::Verb;
using Json = nlohmann::json;

class AccessReader {
 public:
  explicit AccessReader(StatementReader& reader) : reader_(reader) {}

  Result<AccessStatement> create(bool logs_in) {
    read_.verb = Verb::kCreate;
    read_.logs_in = logs_in;
    read_.if_there = reader_.take({"IF", "NOT", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_names(read_.names, "a name", false));
    reader_.take({"WITH"});
    while (!reader_.at_end()) TARN_RETURN_IF_ERROR(option());
    if (!read_.logs_in && read_.password)
      return reader_.unsupported("a password of a role", "CREATE USER makes who logs in");
    return std::move(read_);
  }

  Result<AccessStatement> alter() {
    read_.verb = Verb::kAlter;
    TARN_RETURN_IF_ERROR(take_names(read_.names, "a name", false));
    const bool sets = reader_.take({"SET"});
    if (sets || reader_.take({"RESET"})) {
      TARN_RETURN_IF_ERROR(attribute(sets));
    } else {
      reader_.take({"WITH"});
      do {
        TARN_RETURN_IF_ERROR(option());
      } while (!reader_.at_end());
      if (refuses_login_)
        return reader_.unsupported("NOLOGIN of who is there", "REVOKE the user's roles, or DROP USER");
      if (!read_.roles.empty() || !read_.members.empty())
        return reader_.unsupported("roles in ALTER", "GRANT role TO user");
    }
    return finish();
  }

  Result<AccessStatement> drop() {
    read_.verb = Verb::kDrop;
    read_.if_there = reader_.take({"IF", "EXISTS"});
    TARN_RETURN_IF_ERROR(take_names(read_.names, "a name", true));
    return finish();
  }

  Result<AccessStatement> grant(bool gives) {
    if (!gives && reader_.is("GRANT"))
      return reader_.unsupported("GRANT OPTION", "a role with `administers: true` gives rights");
    // Behind privileges stands ON, behind roles TO or FROM.
    const std::size_t on = reader_.find({"ON", "TO", "FROM"});
    const std::size_t begin = reader_.at();
    reader_.go_to(on);
    const bool of_tables = reader_.is("ON");
    reader_.go_to(begin);
    if (!of_tables) {
      read_.verb = gives ? Verb::kGrantRoles : Verb::kRevokeRoles;
      TARN_RETURN_IF_ERROR(take_names(read_.roles, "a role", true));
    } else {
      read_.verb = gives ? Verb::kGrantTables : Verb::kRevokeTables;
      TARN_RETURN_IF_ERROR(privileges());
      TARN_RETURN_IF_ERROR(reader_.expect({"ON"}));
      TARN_RETURN_IF_ERROR(objects());
    }
    TARN_RETURN_IF_ERROR(reader_.expect({gives ? "TO" : "FROM"}));
    do {
      reader_.take({"ROLE"});
      reader_.take({"GROUP"});
      reader_.take({"USER"});
      TARN_ASSIGN_OR_RETURN(std::string name, reader_.name("a role"));
      read_.names.push_back(std::move(name));
    } while (reader_.take_symbol(","));
    if (read_.verb == Verb::kGrantTables) TARN_RETURN_IF_ERROR(narrowing());
    if (reader_.is("WITH"))
      return reader_.unsupported("GRANT OPTION", "a role with `administers: true` gives rights");
    if (!gives && !reader_.take({"CASCADE"})) reader_.take({"RESTRICT"});
    return finish();
  }

 private:
  Result<AccessStatement> finish() {
    TARN_RETURN_IF_ERROR(reader_.expect_end());
    return std::move(read_);
  }

  Status take_names(std::vector<std::string>& names, std::string_view what, bool many) {
    do {
      TARN_ASSIGN_OR_RETURN(std::string name, reader_.name(what));
      names.push_back(std::move(name));
    } while (many && reader_.take_symbol(","));
    return ok_status();
  }

  Status option() {
    if (reader_.take({"LOGIN"})) {
      read_.logs_in = true;
    } else if (reader_.take({"NOLOGIN"})) {
      read_.logs_in = false;
      refuses_login_ = true;
    } else if (reader_.take({"IN", "ROLE"}) || reader_.take({"IN", "GROUP"})) {
      return take_names(read_.roles, "a role", true);
    } else if (reader_.take({"ROLE"}) || reader_.take({"USER"})) {
      return take_names(read_.members, "a role or a user", true);
    } else if (reader_.take({"PASSWORD"}) || reader_.take({"ENCRYPTED", "PASSWORD"})) {
      if (reader_.take({"NULL"})) {
        read_.password = "";
        return ok_status();
      }
      TARN_ASSIGN_OR_RETURN(read_.password, reader_.text("a password in quotes, or NULL"));
      if (read_.password->empty()) return reader_.wrong("a password that is not empty");
    } else if (!is_so_anyway()) {
      return reader_.is_name_next() ? reader_.unsupported("this option", "LOGIN, PASSWORD, IN ROLE, ROLE")
                                    : reader_.wrong("an option");
    }
    return ok_status();
  }

  /// Nobody here is more than the roles say.
  bool is_so_anyway() {
    for (const std::string_view word :
         {"INHERIT", "NOSUPERUSER", "NOCREATEDB", "NOCREATEROLE", "NOREPLICATION", "NOBYPASSRLS"}) {
      if (reader_.take({word})) return true;
    }
    return false;
  }

  Status attribute(bool sets) {
    TARN_ASSIGN_OR_RETURN(read_.attribute, reader_.name("an attribute"));
    if (!sets) return ok_status();
    if (!reader_.take({"TO"})) TARN_RETURN_IF_ERROR(reader_.expect_symbol("="));
    do {
      TARN_ASSIGN_OR_RETURN(std::string value, reader_.text("a text in quotes"));
      read_.attribute_values.push_back(std::move(value));
    } while (reader_.take_symbol(","));
    return ok_status();
  }

  Status privileges() {
    int changes = 0;
    bool has_usage = false;
    do {
      if (reader_.take({"ALL"})) {
        reader_.take({"PRIVILEGES"});
        read_.reads = read_.writes = true;
      } else if (reader_.take({"SELECT"})) {
        read_.reads = true;
        if (reader_.is_symbol_next("(")) {
          TARN_ASSIGN_OR_RETURN(read_.columns, reader_.names_in_parentheses());
        }
      } else if (reader_.take({"INSERT"})) {
        changes |= 1;
      } else if (reader_.take({"UPDATE"})) {
        changes |= 2;
      } else if (reader_.take({"DELETE"})) {
        changes |= 4;
      } else if (reader_.take({"USAGE"}) || reader_.take({"CONNECT"})) {
        has_usage = true;
      } else if (!reader_.take({"TRUNCATE"}) || changes == 0) {
        return reader_.unsupported("this privilege", "there are SELECT, and INSERT, UPDATE, DELETE");
      }
    } while (reader_.take_symbol(","));
    constexpr int kAll = 7;
    if (changes != 0 && changes != kAll)
      return reader_.unsupported("a part of the right to write", "write `INSERT, UPDATE, DELETE`, or ALL");
    read_.writes = read_.writes || changes == kAll;
    if (has_usage && (read_.reads || read_.writes)) return reader_.wrong("privileges of one kind");
    return ok_status();
  }

  Status objects() {
    if (!read_.reads && !read_.writes) {
      if (read_.verb == Verb::kRevokeTables)
        return reader_.unsupported("REVOKE of it", "revoke SELECT on the tables");
      read_.verb = Verb::kNothing;
      if (!reader_.take({"SCHEMA"})) TARN_RETURN_IF_ERROR(reader_.expect({"DATABASE"}));
    } else if (reader_.take({"ALL", "TABLES", "IN", "SCHEMA"})) {
      read_.whole_schemas = true;
    } else {
      reader_.take({"TABLE"});
    }
    do {
      TARN_ASSIGN_OR_RETURN(WrittenName name, reader_.qualified_name("a table"));
      if (read_.verb != Verb::kNothing) read_.tables.push_back(std::move(name));
    } while (reader_.take_symbol(","));
    return ok_status();
  }

  /// `EXCEPT (a, b) WHERE (facility = $facility) MASK (name WITH hash, zip WITH partial(3))`, our own.
  Status narrowing() {
    if (reader_.take({"EXCEPT"})) {
      TARN_ASSIGN_OR_RETURN(read_.except, reader_.names_in_parentheses());
    }
    if (reader_.take({"WHERE"})) {
      // An empty one would be all rows.
      if (!reader_.is_symbol_next("(") || reader_.is_symbol_next(")", 1))
        return reader_.wrong("a condition in parentheses");
      const Piece condition = reader_.take_until(reader_.behind_parentheses());
      if (reader_.sql()[condition.end - 1] != ')') return reader_.wrong("a closing parenthesis");
      read_.where = reader_.sql().substr(condition.begin + 1, condition.end - condition.begin - 2);
    }
    if (!reader_.take({"MASK"})) return ok_status();
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("("));
    do {
      TARN_ASSIGN_OR_RETURN(const std::string column, reader_.name("a column"));
      TARN_RETURN_IF_ERROR(reader_.expect({"WITH"}));
      TARN_ASSIGN_OR_RETURN(const std::string mask, reader_.name("a mask"));
      TARN_ASSIGN_OR_RETURN(read_.masks[column], with_amount(mask));
    } while (reader_.take_symbol(","));
    return reader_.expect_symbol(")");
  }

  Result<std::string> with_amount(const std::string& mask) {
    if (!reader_.take_symbol("(")) return Json(mask).dump();
    TARN_ASSIGN_OR_RETURN(const std::int64_t amount, reader_.number("a number"));
    TARN_RETURN_IF_ERROR(reader_.expect_symbol(")"));
    return Json{{mask, amount}}.dump();
  }

  StatementReader& reader_;
  AccessStatement read_;
  bool refuses_login_ = false;
};

Result<std::optional<AccessStatement>> some(Result<AccessStatement> read) {
  if (!read.ok()) return std::move(read).error();
  return std::optional(std::move(*read));
}

}  // namespace

Result<std::optional<AccessStatement>> read_access_statement(std::string_view sql) {
  StatementReader reader(sql);
  const bool is_of_rights = reader.is_any({"GRANT", "REVOKE"});
  const bool is_definition = reader.is_any({"CREATE", "ALTER", "DROP"});
  const bool logs_in = reader.is("USER", 1);
  if (!is_of_rights && !(is_definition && (logs_in || reader.is("ROLE", 1))))
    return std::optional<AccessStatement>();
  // What it says is kept as JSON.
  if (engine::to_valid_utf8(sql) != sql || sql.find('\0') != std::string_view::npos)
    return Error(engine::kSyntax, "the statement is not UTF-8 text");
  AccessReader access(reader);
  if (reader.take({"GRANT"})) return some(access.grant(true));
  if (reader.take({"REVOKE"})) return some(access.grant(false));
  const std::string_view what = logs_in ? "USER" : "ROLE";
  if (reader.take({"CREATE", what})) return some(access.create(logs_in));
  if (reader.take({"ALTER", what})) return some(access.alter());
  reader.take({"DROP", what});
  return some(access.drop());
}

}  // namespace tarn::query
