#include "query/writes/write_statement.h"

#include <algorithm>
#include <utility>

#include "query/writes/statement_reader.h"

/// INSERT, UPDATE, DELETE and TRUNCATE; see read_definition() for the others.
namespace tarn::query {
namespace {

using Read = Result<std::optional<WriteStatement>>;

constexpr std::string_view kNoReturning = "leave RETURNING out, and SELECT the rows afterwards";

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
    do {
      TARN_RETURN_IF_ERROR(take_assignment());
    } while (reader_.take_symbol(","));
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

  Status take_assignment() {
    if (reader_.is_symbol_next("(")) return take_row();
    TARN_ASSIGN_OR_RETURN(Assignment one, take_column());
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("="));
    one.value = reader_.take_until(reader_.find({"FROM", "WHERE", "RETURNING"}, true));
    if (one.value.empty()) return reader_.wrong("a value");
    write_.assignments.push_back(std::move(one));
    return ok_status();
  }

  Result<Assignment> take_column() {
    Assignment one{.place = reader_.next_piece()};
    TARN_ASSIGN_OR_RETURN(one.column, reader_.name("a column"));
    return one;
  }

  /// `(a, b) = (1, 2)`.
  Status take_row() {
    std::vector<Assignment> row;
    reader_.take_symbol("(");
    do {
      TARN_ASSIGN_OR_RETURN(Assignment one, take_column());
      row.push_back(std::move(one));
    } while (reader_.take_symbol(","));
    TARN_RETURN_IF_ERROR(reader_.expect_symbol(")"));
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("="));
    reader_.take({"ROW"});
    if (reader_.is("SELECT", 1)) return reader_.unsupported("SET (…) = (SELECT …)", "set each column");
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("("));
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) TARN_RETURN_IF_ERROR(reader_.expect_symbol(","));
      row[i].value = reader_.take_until(reader_.find({}, true));
      if (row[i].value.empty()) return reader_.wrong("a value");
    }
    TARN_RETURN_IF_ERROR(reader_.expect_symbol(")"));
    std::ranges::move(row, std::back_inserter(write_.assignments));
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

  Read finish() {
    if (reader_.is("RETURNING")) return reader_.unsupported("RETURNING", kNoReturning);
    if (reader_.is("ON"))
      return reader_.unsupported("ON CONFLICT",
                                 "tables of a lake have no unique keys: UPDATE first, then "
                                 "INSERT … WHERE NOT EXISTS (…)");
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
  if (reader.is("MERGE"))
    return reader.unsupported("MERGE", "write UPDATE … FROM, then INSERT … WHERE NOT EXISTS (…)");
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
  if (reader.is_any({"CREATE", "DROP", "ALTER"})) return read_definition(reader);
  return read_change(reader, {});
}

}  // namespace tarn::query
