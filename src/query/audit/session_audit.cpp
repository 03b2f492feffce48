#include "query/audit/session_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "query/audit/named_columns.h"
#include "query/audit/redacted.h"
#include "query/session_impl.h"

namespace tarn::query {
namespace {

using Json = nlohmann::json;

/// Names need not be UTF-8.
std::string text_of(const Json& json) {
  return json.empty() ? "" : json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_lookup(std::string_view ops) {
  return ops == "tables" || ops == "columns";
}

/// Whether the audit is told of a statement: what reads nothing but what there is need not be there, and no
/// doubt is left out.
bool is_told(std::string_view sql, const StatementReads& reads) {
  if (!reads.written.empty() || reads.changes_access) return true;
  if (!reads.tables.empty() || !std::ranges::all_of(reads.ops, is_lookup)) return true;
  if (reads.looks_up || !reads.ops.empty()) return false;
  return std::ranges::any_of(tokenize(sql), [&](const Token& token) {
    return is_word(token, sql, "FROM") || is_word(token, sql, "TABLE") || is_word(token, sql, "EXECUTE") ||
           is_word(token, sql, "CALL");
  });
}

/// Each table once: two uses of one read the columns of both.
struct Told {
  std::string tables;
  Json columns = Json::object();
  Json policy = Json::object();

  void add_table(const std::string& name) {
    if ((", " + tables + ", ").find(", " + name + ", ") != std::string::npos) return;
    tables += (tables.empty() ? "" : ", ") + name;
  }
  void add(const ViewFacts& facts, const NamedColumns& named) {
    const std::string name = facts.table.to_string();
    add_table(facts.snapshot ? fmt::format("{}@{}", name, *facts.snapshot) : name);
    std::vector<std::string> all;
    for (const VisibleColumn& column : facts.columns) all.push_back(column.name);
    Json& read = columns_of(name);
    for (const std::string& column : named.of(all)) {
      if (std::ranges::find(read, Json(column)) == read.end()) read.push_back(column);
      const std::string& mask = std::ranges::find(facts.columns, column, &VisibleColumn::name)->mask;
      if (!mask.empty()) policy[name]["masks"][column] = mask;
    }
    if (!facts.filters.empty()) policy[name]["rows"] = facts.filters;
  }

 private:
  Json& columns_of(const std::string& name) {
    if (!columns.contains(name)) columns[name] = Json::array();
    return columns[name];
  }
};

Told told(std::string_view sql, const StatementReads& reads, bool takes_all) {
  Told told;
  // EXECUTE says nothing of columns: those of what it runs are taken whole.
  const NamedColumns named(takes_all ? "EXECUTE" : sql, takes_all ? std::vector<PlacedUse>() : reads.tables);
  for (const auto& view : reads.views) told.add(*view, named);
  for (const QueryReads& query : reads.through) {
    const NamedColumns within(query.sql, query.tables);
    for (const auto& view : query.views) told.add(*view, within);
  }
  for (const std::string& ops : reads.ops) told.add_table("ops." + ops);
  for (const std::string& table : reads.written) told.add_table(table);
  return told;
}

}  // namespace

AuditedStatement::AuditedStatement(state::AuditTrail& trail, state::AuditRecord begun)
    : trail_(trail), begun_(std::move(begun)), started_us_(trail.clock().monotonic_us()) {}

AuditedStatement::~AuditedStatement() {
  end(state::kAuditUnfinished);
}

void AuditedStatement::end(std::string_view outcome) {
  if (std::exchange(has_ended_, true)) return;
  trail_.append_soon({.event = std::string(state::kAuditEnded),
                      .begun = begun_.sequence,
                      .actor = begun_.actor,
                      .tables = written_,
                      .outcome = std::string(outcome),
                      .rows = rows_,
                      .duration_ms = (trail_.clock().monotonic_us() - started_us_) / 1000});
}

void AuditedStatement::follow(std::shared_ptr<AuditedStatement> statement, engine::ResultSet& rows) {
  rows.watch(
      [statement = std::move(statement)](const engine::ResultSet::Step& step) { statement->count(step); });
}

void AuditedStatement::count(const engine::ResultSet::Step& step) {
  rows_ += step.rows;
  if (step.error != nullptr)
    end(step.error->name());
  else if (step.is_end)
    end(state::kAuditDone);
}

Result<std::shared_ptr<AuditedStatement>> SessionAudit::begin(std::string_view sql,
                                                              const ReadyStatement& ready) {
  const bool executes = ready.executed.has_value();
  const StatementReads& reads = executes ? *ready.executed : ready.reads;
  if (!is_told(ready.sql, reads)) return std::shared_ptr<AuditedStatement>();
  const Told facts = told(ready.sql, reads, executes);
  state::AuditRecord record{.event = std::string(state::kAuditBegun),
                            .actor = actor_,
                            .statement = redacted(sql, QuotedNames::kKept),
                            .tables = facts.tables,
                            .columns = text_of(facts.columns),
                            .policy = text_of(facts.policy)};
  TARN_ASSIGN_OR_RETURN(record.sequence, trail_.append(record));
  return std::make_shared<AuditedStatement>(trail_, std::move(record));
}

void SessionAudit::refuse(std::string_view sql, const Error& error) {
  trail_.append_soon({.event = std::string(state::kAuditRefused),
                      .actor = actor_,
                      .statement = redacted(sql, QuotedNames::kHidden),
                      .outcome = std::string(error.name())});
}

}  // namespace tarn::query
