#include <algorithm>
#include <iterator>
#include <utility>

#include "query/writes/statement_reader.h"

/// MERGE, and assignments, which it shares with UPDATE.
namespace tarn::query {
namespace {

using Read = Result<std::optional<WriteStatement>>;

Result<Assignment> read_column(StatementReader& reader) {
  Assignment one{.place = reader.next_piece()};
  TARN_ASSIGN_OR_RETURN(one.column, reader.name("a column"));
  return one;
}

/// `(a, b) = (1, 2)`.
Status read_row(StatementReader& reader, std::vector<Assignment>& assignments) {
  std::vector<Assignment> row;
  reader.take_symbol("(");
  do {
    TARN_ASSIGN_OR_RETURN(Assignment one, read_column(reader));
    row.push_back(std::move(one));
  } while (reader.take_symbol(","));
  TARN_RETURN_IF_ERROR(reader.expect_symbol(")"));
  TARN_RETURN_IF_ERROR(reader.expect_symbol("="));
  reader.take({"ROW"});
  if (reader.is("SELECT", 1)) return reader.unsupported("SET (…) = (SELECT …)", "set each column");
  TARN_RETURN_IF_ERROR(reader.expect_symbol("("));
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) TARN_RETURN_IF_ERROR(reader.expect_symbol(","));
    row[i].value = reader.take_until(reader.find({}, true));
    if (row[i].value.empty()) return reader.wrong("a value");
  }
  TARN_RETURN_IF_ERROR(reader.expect_symbol(")"));
  std::ranges::move(row, std::back_inserter(assignments));
  return ok_status();
}

class MergeReader {
 public:
  MergeReader(StatementReader& reader, Piece with) : reader_(reader) {
    write_.kind = WriteKind::kMerge;
    write_.with = with;
  }

  Read read() {
    TARN_RETURN_IF_ERROR(reader_.expect({"INTO"}));
    reader_.take({"ONLY"});
    TARN_ASSIGN_OR_RETURN(WrittenName target, reader_.qualified_name("a table"));
    write_.targets.push_back(std::move(target));
    reader_.take_symbol("*");
    if (reader_.take({"AS"}) || !reader_.is("USING")) {
      TARN_ASSIGN_OR_RETURN(write_.alias, reader_.name("an alias"));
    }
    TARN_RETURN_IF_ERROR(reader_.expect({"USING"}));
    write_.from = reader_.take_until(reader_.find({"ON"}));
    if (write_.from.empty()) return reader_.wrong("a table or a query");
    TARN_RETURN_IF_ERROR(reader_.expect({"ON"}));
    write_.on = reader_.take_until(reader_.find({"WHEN"}));
    if (write_.on.empty()) return reader_.wrong("a condition");
    do {
      TARN_RETURN_IF_ERROR(reader_.expect({"WHEN"}));
      TARN_RETURN_IF_ERROR(take_clause());
    } while (reader_.is("WHEN"));
    if (reader_.take({"RETURNING"})) {
      write_.returning = reader_.take_until(reader_.size());
      if (write_.returning.empty()) return reader_.wrong("columns");
    }
    TARN_RETURN_IF_ERROR(reader_.expect_end());
    return std::optional(std::move(write_));
  }

 private:
  Status take_clause() {
    MergeClause& clause = write_.clauses.emplace_back();
    clause.matched = !reader_.take({"NOT"});
    TARN_RETURN_IF_ERROR(reader_.expect({"MATCHED"}));
    if (reader_.is("BY") && !reader_.take({"BY", "TARGET"}))
      return reader_.unsupported("WHEN NOT MATCHED BY SOURCE",
                                 "write DELETE or UPDATE … WHERE NOT EXISTS (…) behind it");
    if (reader_.take({"AND"})) {
      clause.condition = reader_.take_until(reader_.find({"THEN"}));
      if (clause.condition.empty()) return reader_.wrong("a condition");
    }
    TARN_RETURN_IF_ERROR(reader_.expect({"THEN"}));
    if (reader_.take({"DO", "NOTHING"})) return ok_status();
    if (!clause.matched) return take_insert(clause);
    if (reader_.take({"DELETE"})) {
      clause.action = MergeClause::Action::kDelete;
      return ok_status();
    }
    clause.action = MergeClause::Action::kUpdate;
    TARN_RETURN_IF_ERROR(reader_.expect({"UPDATE", "SET"}));
    TARN_ASSIGN_OR_RETURN(clause.assignments, read_assignments(reader_, {"WHEN", "RETURNING"}));
    return ok_status();
  }

  Status take_insert(MergeClause& clause) {
    clause.action = MergeClause::Action::kInsert;
    TARN_RETURN_IF_ERROR(reader_.expect({"INSERT"}));
    if (reader_.is_symbol_next("(")) {
      TARN_ASSIGN_OR_RETURN(clause.columns, reader_.names_in_parentheses());
    }
    if (reader_.is("OVERRIDING")) return reader_.unsupported("generated columns", "leave OVERRIDING out");
    TARN_RETURN_IF_ERROR(reader_.expect({"VALUES"}));
    TARN_RETURN_IF_ERROR(reader_.expect_symbol("("));
    do {
      const Piece value = reader_.take_until(reader_.find({}, true));
      if (value.empty()) return reader_.wrong("a value");
      clause.values.push_back(value);
    } while (reader_.take_symbol(","));
    return reader_.expect_symbol(")");
  }

  StatementReader& reader_;
  WriteStatement write_;
};

}  // namespace

Result<std::vector<Assignment>> read_assignments(StatementReader& reader,
                                                 std::initializer_list<std::string_view> ends) {
  std::vector<Assignment> assignments;
  do {
    if (reader.is_symbol_next("(")) {
      TARN_RETURN_IF_ERROR(read_row(reader, assignments));
      continue;
    }
    TARN_ASSIGN_OR_RETURN(Assignment one, read_column(reader));
    TARN_RETURN_IF_ERROR(reader.expect_symbol("="));
    one.value = reader.take_until(reader.find(ends, true));
    if (one.value.empty()) return reader.wrong("a value");
    assignments.push_back(std::move(one));
  } while (reader.take_symbol(","));
  return assignments;
}

Read read_merge(StatementReader& reader, Piece with) {
  return MergeReader(reader, with).read();
}

}  // namespace tarn::query
