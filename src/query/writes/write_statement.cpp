#include "query/writes/write_statement.h"

#include <algorithm>
#include <utility>

#include "query/writes/statement_reader.h"

/// INSERT, UPDATE, DELETE and TRUNCATE; see read_definition() for the others.
namespace tarn::query {
namespace {

using Read = Result<std::optional<WriteStatement>>;

class ChangeReader {
 public:
  ChangeReader(StatementReader& reader, Piece with) : reader_(reader) { write_.with = with; }

  Read insert() {
    write_.kind = WriteKind::kInsert;
    if (reader_.is("OR")) return reader_.unsupported("INSERT OR …", "UPDATE the rows that are there first");
    TARN_RETURN_IF_ERROR(reader_.expect({"INTO"}));
    TARN_RETURN_IF_ERROR(take_target());
    if (reader_.take({"AS"})) {
      TARN_ASSIGN_OR_RETURN(write_.alias, reader_.name("an alias"));
    }
    if (reader_.is("BY")) return reader_.unsupported("INSERT BY NAME", "name the columns in parentheses");
    if (reader_.is_symbol_next("(") && !begins_query(1)) {
      TARN_ASSIGN_OR_RETURN(write_.columns, reader_.names_in_parentheses());
    }
    if (reader_.is("OVERRIDING")) return reader_.unsupported("generated columns", "leave OVERRIDING out");
    if (reader_.is("DEFAULT"))
      return reader_.unsupported("defaults of columns", "write VALUES (NULL, …) in place of DEFAULT VALUES");
    if (!begins_query(0)) return reader_.wrong("VALUES or a query");
    const std::size_t begin = reader_.at();
    const std::size_t end = find_tail();
    write_.source = reader_.piece(begin, end);
    reader_.go_to(end);
    return finish();
  }

  Read update() {
    write_.kind = WriteKind::kUpdate;
    TARN_RETURN_IF_ERROR(take_target());
    TARN_RETURN_IF_ERROR(take_alias("SET"));
    TARN_RETURN_IF_ERROR(reader_.expect({"SET"}));
    TARN_ASSIGN_OR_RETURN(write_.assignments, read_assignments(reader_, {"FROM", "WHERE", "RETURNING"}));
    if (reader_.take({"FROM"})) write_.from = reader_.take_until(reader_.find({"WHERE", "RETURNING"}));
    return finish_with_condition();
  }

  Read remove() {
    write_.kind = WriteKind::kDelete;
    TARN_RETURN_IF_ERROR(reader_.expect({"FROM"}));
    TARN_RETURN_IF_ERROR(take_target());
    TARN_RETURN_IF_ERROR(take_alias("USING"));
    if (reader_.take({"USING"})) write_.from = reader_.take_until(reader_.find({"WHERE", "RETURNING"}));
    return finish_with_condition();
  }

  Read truncate() {
    write_.kind = WriteKind::kTruncate;
    reader_.take({"TABLE"});
    do {
      TARN_RETURN_IF_ERROR(take_target());
    } while (reader_.take_symbol(","));
    if (!reader_.take({"RESTART", "IDENTITY"})) reader_.take({"CONTINUE", "IDENTITY"});
    if (!reader_.take({"CASCADE"})) reader_.take({"RESTRICT"});
    return finish();
  }

 private:
  bool begins_query(std::size_t ahead) const {
    for (const std::string_view word : {"SELECT", "VALUES", "WITH", "FROM", "TABLE"}) {
      if (reader_.is(word, ahead)) return true;
    }
    return reader_.is_symbol_next("(", ahead);
  }

  Status take_target() {
    reader_.take({"ONLY"});
    TARN_ASSIGN_OR_RETURN(WrittenName target, reader_.qualified_name("a table"));
    write_.targets.push_back(std::move(target));
    reader_.take_symbol("*");
    return ok_status();
  }

  Status take_alias(std::string_view next) {
    const bool has_as = reader_.take({"AS"});
    const bool is_clause = reader_.is(next) || reader_.is_any({"WHERE", "RETURNING"});
    if (!has_as && (is_clause || !reader_.is_name_next())) return ok_status();
    TARN_ASSIGN_OR_RETURN(write_.alias, reader_.name("an alias"));
    return ok_status();
  }

  /// Where `ON CONFLICT` or RETURNING begins.
  std::size_t find_tail() {
    const std::size_t begin = reader_.at();
    std::size_t end = reader_.find({"ON", "RETURNING"});
    while (end < reader_.size()) {
      reader_.go_to(end);
      // The others are of joins.
      if (!reader_.is("ON") || reader_.is("CONFLICT", 1)) break;
      reader_.go_to(end + 1);
      end = reader_.find({"ON", "RETURNING"});
    }
    reader_.go_to(begin);
    return end;
  }

  Read finish_with_condition() {
    if (reader_.take({"WHERE"})) {
      if (reader_.is("CURRENT") && reader_.is("OF", 1))
        return reader_.unsupported("WHERE CURRENT OF", "name the rows by their values");
      write_.where = reader_.take_until(reader_.find({"RETURNING"}));
      if (write_.where.empty()) return reader_.wrong("a condition");
    }
    return finish();
  }

  Status take_conflict() {
    reader_.take({"ON", "CONFLICT"});
    ConflictClause& conflict = write_.conflict.emplace();
    if (reader_.is("ON"))
      return reader_.unsupported("ON CONFLICT ON CONSTRAINT", "name the columns that tell rows apart");
    if (!reader_.is_symbol_next("("))
      return reader_.unsupported(
          "ON CONFLICT without columns",
          "tables of a lake hold no unique keys: name the columns that tell rows apart");
    TARN_ASSIGN_OR_RETURN(conflict.columns, reader_.names_in_parentheses());
    if (reader_.is("WHERE"))
      return reader_.unsupported("conflicts with parts of a table", "leave the first WHERE out");
    TARN_RETURN_IF_ERROR(reader_.expect({"DO"}));
    if (reader_.take({"NOTHING"})) return ok_status();
    TARN_RETURN_IF_ERROR(reader_.expect({"UPDATE", "SET"}));
    TARN_ASSIGN_OR_RETURN(conflict.assignments, read_assignments(reader_, {"WHERE", "RETURNING"}));
    if (!reader_.take({"WHERE"})) return ok_status();
    conflict.where = reader_.take_until(reader_.find({"RETURNING"}));
    return conflict.where.empty() ? Status(reader_.wrong("a condition")) : ok_status();
  }

  Read finish() {
    if (reader_.is("ON")) TARN_RETURN_IF_ERROR(take_conflict());
    if (reader_.take({"RETURNING"})) {
      write_.returning = reader_.take_until(reader_.size());
      if (write_.returning.empty()) return reader_.wrong("columns");
    }
    TARN_RETURN_IF_ERROR(reader_.expect_end());
    return std::optional(std::move(write_));
  }

  StatementReader& reader_;
  WriteStatement write_;
};

Read read_change(StatementReader& reader, Piece with) {
  ChangeReader change(reader, with);
  if (reader.take({"INSERT"})) return change.insert();
  if (reader.take({"UPDATE"})) return change.update();
  if (reader.take({"DELETE"})) return change.remove();
  if (reader.take({"MERGE"})) return read_merge(reader, with);
  return std::optional<WriteStatement>();
}

}  // namespace

Read read_write_statement(std::string_view sql) {
  StatementReader reader(sql);
  if (reader.is("WITH")) {
    const std::size_t change = reader.find({"SELECT", "VALUES", "INSERT", "UPDATE", "DELETE", "MERGE"});
    const Piece with = reader.piece(0, change);
    reader.go_to(change);
    return read_change(reader, with);
  }
  if (reader.take({"TRUNCATE"})) return ChangeReader(reader, {}).truncate();
  if (reader.is("REFRESH") && reader.is("MATERIALIZED", 1)) return read_definition(reader);
  if (reader.is_any({"CREATE", "DROP", "ALTER"})) return read_definition(reader);
  return read_change(reader, {});
}

}  // namespace tarn::query
