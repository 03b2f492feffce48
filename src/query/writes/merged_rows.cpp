#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "engine/errors.h"
#include "engine/source_place.h"
#include "query/errors.h"
#include "query/views/type_sql.h"
#include "query/views/view_sql.h"
#include "query/writes/statement_reader.h"
#include "query/writes/statement_writer.h"

/// MERGE, and INSERT … ON CONFLICT, which is one: both are a join of the source with the target's rows and
/// their places, of which each row goes one way.
namespace tarn::query {

using engine::quote_identifier;
using iceberg::NestedField;

/// A way that rows of the join go: the first one that fits.
struct StatementWriter::Branch {
  bool matched = false;
  int action = 0;  ///< 0: nothing.
  std::string condition;
  Values values;
};

Result<std::vector<StatementWriter::Branch>> StatementWriter::branches_of_merge(
    const catalog::Table& table) const {
  const iceberg::Schema& schema = table.metadata->current_schema();
  std::vector<Branch> branches;
  for (const MergeClause& clause : write_.clauses) {
    Branch& branch = branches.emplace_back();
    branch.matched = clause.matched;
    if (!clause.condition.empty()) branch.condition = expression(clause.condition, table);
    switch (clause.action) {
      case MergeClause::Action::kNothing:
        break;
      case MergeClause::Action::kDelete:
        branch.action = kDeleteAction;
        break;
      case MergeClause::Action::kUpdate: {
        branch.action = kUpdateAction;
        TARN_ASSIGN_OR_RETURN(branch.values, assigned(clause.assignments, table));
        break;
      }
      case MergeClause::Action::kInsert: {
        branch.action = kInsertAction;
        std::vector<Assignment> assignments;
        const std::size_t columns = clause.columns.empty() ? schema.fields().size() : clause.columns.size();
        if (clause.values.size() > columns || (!clause.columns.empty() && clause.values.size() < columns))
          return Error(engine::kSyntax, clause.values.size() > columns
                                            ? "INSERT has more expressions than target columns"
                                            : "INSERT has more target columns than expressions");
        for (std::size_t i = 0; i < clause.values.size(); ++i)
          assignments.push_back({clause.columns.empty() ? schema.fields()[i].name : clause.columns[i],
                                 clause.values[i], clause.values[i]});
        TARN_ASSIGN_OR_RETURN(branch.values, assigned(assignments, table));
        break;
      }
    }
  }
  return branches;
}

namespace {

std::string excluded(const NestedField& field) {
  return "excluded." + quote_identifier(field.name);
}

/// `VALUES (…), …` with each value in its column's type, which tells the types of parameters; another query
/// as it is.
Result<std::string> typed_values(std::string_view source, const std::vector<const NestedField*>& fields) {
  StatementReader reader(source);
  if (!reader.take({"VALUES"})) return std::string(source);
  std::string text = "VALUES ";
  do {
    TARN_RETURN_IF_ERROR(reader.expect_symbol("("));
    text += text.ends_with(')') ? ", (" : "(";
    for (std::size_t i = 0; i == 0 || reader.take_symbol(","); ++i) {
      const Piece value = reader.take_until(reader.find({}, true));
      if (value.empty()) return reader.wrong("a value");
      if (i == fields.size())
        return Error(engine::kBinder, "INSERT has more expressions than target columns");
      text += fmt::format("{}CAST(({}\n) AS {})", i == 0 ? "" : ", ", value.in(source),
                          type_sql(fields[i]->type));
    }
    text += ")";
    TARN_RETURN_IF_ERROR(reader.expect_symbol(")"));
  } while (reader.take_symbol(","));
  // What follows may be ORDER BY, UNION …: then it is a query as it is.
  return reader.at_end() ? text : std::string(source);
}

}  // namespace

Result<std::vector<StatementWriter::Branch>> StatementWriter::branches_of_conflict(
    const catalog::Table& table) const {
  std::vector<Branch> branches;
  if (!write_.conflict->assignments.empty()) {
    Branch& update = branches.emplace_back();
    update.matched = true;
    update.action = kUpdateAction;
    if (!write_.conflict->where.empty()) update.condition = expression(write_.conflict->where, table);
    TARN_ASSIGN_OR_RETURN(update.values, assigned(write_.conflict->assignments, table));
  }
  Branch& insert = branches.emplace_back();
  insert.action = kInsertAction;
  for (const NestedField& field : table.metadata->current_schema().fields()) {
    const bool is_named =
        write_.columns.empty() || std::ranges::any_of(write_.columns, [&](const std::string& name) {
          return find_column(table.metadata->current_schema(), name) == &field;
        });
    if (is_named) insert.values.emplace(&field, excluded(field));
  }
  return branches;
}

/// The rows of INSERT, in the types of the table, as `excluded`.
Result<std::string> StatementWriter::conflicting_source(const catalog::Table& table) const {
  std::vector<const NestedField*> fields;
  for (const std::string& name : write_.columns) {
    TARN_ASSIGN_OR_RETURN(const auto* const field, column_of(name, write_.targets.front().place, table));
    if (std::ranges::find(fields, field) != fields.end())
      return Error(kDuplicateColumn, fmt::format("column \"{}\" is named twice", name));
    fields.push_back(field);
  }
  if (fields.empty())
    for (const NestedField& field : table.metadata->current_schema().fields()) fields.push_back(&field);
  std::string values;
  std::string names;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const char* const comma = i == 0 ? "" : ", ";
    values += fmt::format("{}CAST(_tarn_{} AS {}) AS {}", comma, i, type_sql(fields[i]->type),
                          quote_identifier(fields[i]->name));
    names += fmt::format("{}_tarn_{}", comma, i);
  }
  TARN_ASSIGN_OR_RETURN(const std::string source, typed_values(write_.source.in(sql_), fields));
  return fmt::format("(SELECT {} FROM ({}{}{}\n) AS source({})) AS excluded", values, write_.with.in(sql_),
                     write_.with.empty() ? "" : " ", source, names);
}

Result<std::string> StatementWriter::conflict_condition(const catalog::Table& table) const {
  std::string condition;
  for (const std::string& name : write_.conflict->columns) {
    TARN_ASSIGN_OR_RETURN(const auto* const field, column_of(name, write_.targets.front().place, table));
    condition += fmt::format("{}{}.{} = {}", condition.empty() ? "" : " AND ", alias_of(table),
                             quote_identifier(field->name), excluded(*field));
  }
  return condition;
}

Result<StatementWriter::Query> StatementWriter::merge_query(const catalog::Table& table) {
  const bool is_conflict = write_.conflict.has_value();
  TARN_ASSIGN_OR_RETURN(const std::vector<Branch> branches,
                        is_conflict ? branches_of_conflict(table) : branches_of_merge(table));
  const std::string alias = alias_of(table);
  std::string ways[2];
  std::string acting;
  std::string actions;
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const Branch& branch = branches[i];
    ways[branch.matched ? 1 : 0] +=
        fmt::format(" WHEN ({}\n) THEN {}", branch.condition.empty() ? "true" : branch.condition, i + 1);
    if (branch.action == 0) continue;
    acting += fmt::format("{}{}", acting.empty() ? "" : ", ", i + 1);
    actions += fmt::format(" WHEN {} THEN {}", i + 1, branch.action);
  }
  const auto choice = [](const std::string& way) { return way.empty() ? "NULL" : "CASE" + way + " END"; };
  std::string values;
  std::string columns;
  std::size_t number = 0;
  for (const NestedField& field : table.metadata->current_schema().fields()) {
    std::string cases;
    const std::string present = alias + "." + quote_identifier(field.name);
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const auto value = branches[i].values.find(&field);
      const bool keeps = branches[i].action == kUpdateAction || branches[i].action == kDeleteAction;
      if (value != branches[i].values.end() || keeps)
        cases += fmt::format(" WHEN {} THEN {}", i + 1,
                             value != branches[i].values.end() ? value->second : present);
    }
    values +=
        fmt::format(", CAST({} AS {}) AS _tarn_{}",
                    cases.empty() ? "NULL" : "CASE _tarn_way" + cases + " END", type_sql(field.type), number);
    columns += fmt::format(", _tarn_{}", number++);
  }
  if (acting.empty()) return Error(engine::kSyntax, "MERGE has nothing to do");
  std::string source;
  std::string condition;
  if (is_conflict) {
    TARN_ASSIGN_OR_RETURN(source, conflicting_source(table));
    TARN_ASSIGN_OR_RETURN(condition, conflict_condition(table));
  } else {
    source = write_.from.in(sql_);
    condition = expression(write_.on, table);
  }
  std::string text;
  if (!is_conflict && !write_.with.empty()) text = std::string(write_.with.in(sql_)) + " ";
  text += fmt::format(
      "SELECT {0}, {1}, CASE _tarn_way{2} END{3} FROM (SELECT {4}.{0}, {4}.{1}, CASE WHEN {4}.{0} IS NULL "
      "THEN {5} "
      "ELSE {6} END AS _tarn_way{7} FROM {8} {9} JOIN {10}.{11} AS {4} ON ({12}\n)) AS merged WHERE "
      "_tarn_way IN ({13})",
      kPlaceFile, kPlaceRow, actions, columns, alias, choice(ways[0]), choice(ways[1]), values, source,
      ways[0].empty() ? "INNER" : "LEFT", kWriteSchema, quote_identifier(table.name.name), condition, acting);
  session_.write_target = table.name.name;
  Result<Query> query = query_of(text, fmt::format("INSERT INTO {} ", fresh()), "");
  session_.write_target.clear();
  return query;
}

/// That no row is changed twice; of rows that are new, and in conflict with each other, one stays.
Status StatementWriter::check_once(const catalog::Table& table) {
  if (write_.kind == WriteKind::kUpdate || write_.kind == WriteKind::kDelete) return ok_status();
  const auto count = [&](const std::string& sql) -> Result<std::int64_t> {
    TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session_.connection->query(sql));
    return count_of(rows);
  };
  TARN_ASSIGN_OR_RETURN(
      std::int64_t twice,
      count(fmt::format(
          "SELECT count(*) FROM (SELECT 1 FROM {0} WHERE {1} IS NOT NULL GROUP BY {1}, {2} HAVING "
          "count(*) > 1)",
          fresh(), kPlaceFile, kPlaceRow)));
  if (write_.conflict) {
    std::string keys;
    std::string known;
    for (const std::string& name : write_.conflict->columns) {
      TARN_ASSIGN_OR_RETURN(const auto* const field, column_of(name, write_.targets.front().place, table));
      keys += (keys.empty() ? "" : ", ") + quote_identifier(field->name);
      known += fmt::format(" AND {} IS NOT NULL", quote_identifier(field->name));
    }
    const std::string others = fmt::format(
        "{0} WHERE {1} IS NULL{2} AND rowid NOT IN (SELECT min(rowid) FROM {0} WHERE {1} IS NULL{2} GROUP BY "
        "{3})",
        fresh(), kPlaceFile, known, keys);
    if (write_.conflict->assignments.empty()) return session_.connection->run("DELETE FROM " + others);
    TARN_ASSIGN_OR_RETURN(const std::int64_t repeated, count("SELECT count(*) FROM " + others));
    twice += repeated;
  }
  if (twice == 0) return ok_status();
  return Error(kCardinality, write_.conflict ? "ON CONFLICT DO UPDATE command cannot affect row a second time"
                                             : "MERGE command cannot affect row a second time")
      .with_hint("ensure that no more than one row of the source fits a row of the table");
}

Result<std::int64_t> StatementWriter::merge(const Impl::Bind& bind) {
  TARN_ASSIGN_OR_RETURN(const TableName name, existing(write_.targets.front()));
  TARN_RETURN_IF_ERROR(session_.flush(name));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, target());
  TARN_ASSIGN_OR_RETURN(const table::Scan scan, session_.views.place_rows(table));
  TARN_ASSIGN_OR_RETURN(const Query query, merge_query(table));
  return change_fresh(query, table, scan, bind);
}

}  // namespace tarn::query
