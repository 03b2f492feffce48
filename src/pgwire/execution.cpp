#include <fmt/format.h>

#include <algorithm>

#include "engine/errors.h"
#include "pgwire/backend.h"
#include "pgwire/errors.h"
#include "query/lexer.h"

/// Running statements and sending their rows.
namespace tarn::pgwire {
namespace {

/// The first words of a statement in capitals: "CREATE TEMP TABLE".
std::vector<std::string> first_words(std::string_view sql, std::size_t count) {
  std::vector<std::string> words;
  for (const query::Token& token : query::tokenize(sql)) {
    if (words.size() == count) break;
    if (token.kind != query::TokenKind::kWord) continue;
    std::string word(token.in(sql));
    std::ranges::transform(word, word.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    words.push_back(std::move(word));
  }
  return words;
}

/// Of a statement behind common table expressions its own first word.
std::string change_of(std::string_view sql, std::string first) {
  if (first != "WITH") return first;
  std::size_t depth = 0;
  for (const query::Token& token : query::tokenize(sql)) {
    if (query::is_symbol(token, sql, "(")) ++depth;
    if (query::is_symbol(token, sql, ")") && depth > 0) --depth;
    if (depth != 0) continue;
    for (const std::string_view word : {"INSERT", "UPDATE", "DELETE", "MERGE"}) {
      if (query::is_word(token, sql, word)) return std::string(word);
    }
  }
  return first;
}

/// CREATE TABLE … AS.
bool is_created_as(std::string_view sql) {
  std::size_t depth = 0;
  bool is_table = false;
  for (const query::Token& token : query::tokenize(sql)) {
    if (query::is_symbol(token, sql, "(")) ++depth;
    if (query::is_symbol(token, sql, ")") && depth > 0) --depth;
    if (depth == 0 && query::is_word(token, sql, "TABLE")) is_table = true;
    if (depth == 0 && is_table && query::is_word(token, sql, "AS")) return true;
  }
  return false;
}

/// GRANT and REVOKE of privileges, not of roles.
bool names_privilege(std::string_view sql) {
  return std::ranges::any_of(query::tokenize(sql),
                             [&](const query::Token& token) { return query::is_word(token, sql, "ON"); });
}

/// What CommandComplete says.
std::string tag_of(std::string_view sql, bool has_rows, std::int64_t count) {
  const std::vector<std::string> words = first_words(sql, 5);
  const std::string first = change_of(sql, words.empty() ? "" : words[0]);
  if (first == "EXPLAIN" || first == "SHOW" || first == "DESCRIBE") return first;
  // With rows, too: those of RETURNING.
  if (first == "INSERT") return fmt::format("INSERT 0 {}", count);
  if (first == "UPDATE" || first == "DELETE" || first == "MERGE") return fmt::format("{} {}", first, count);
  if (has_rows) return fmt::format("SELECT {}", count);
  if (first == "TRUNCATE") return "TRUNCATE TABLE";
  if (first == "REFRESH") return "REFRESH MATERIALIZED VIEW";
  if (words.size() > 1 && words[1] == "MATERIALIZED")
    return first == "CREATE" ? fmt::format("SELECT {}", count) : first + " MATERIALIZED VIEW";
  if ((first == "GRANT" || first == "REVOKE") && !names_privilege(sql)) return first + " ROLE";
  if (first == "CREATE" && is_created_as(sql)) return fmt::format("SELECT {}", count);
  if (first != "CREATE" && first != "DROP" && first != "ALTER") return first.empty() ? "SELECT 0" : first;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "ROLE" || words[i] == "USER") return first + " ROLE";
    if (words[i] == "TABLE" || words[i] == "VIEW" || words[i] == "SCHEMA" || words[i] == "SEQUENCE" ||
        words[i] == "FUNCTION" || words[i] == "TYPE")
      return first + " " + words[i];
  }
  return first;
}

}  // namespace

Status Backend::run_in_turn(const std::function<void()>& interrupt, const std::function<Status()>& action) {
  TARN_ASSIGN_OR_RETURN(const std::string text, settings_.get("statement_timeout"));
  TARN_ASSIGN_OR_RETURN(const query::Session* const lake, session());
  const std::int64_t limit_ms = lake->limits().timeout_with(parse_milliseconds(text).value_or(0));
  running_.share(lake->limits().shares);
  auto deadline = query::RunningStatements::TimePoint::max();
  if (limit_ms != 0) deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  running_.start(interrupt);
  bool has_turn = shared_.running.begin(running_, deadline);
  const bool was_late = !has_turn && !running_.is_to_end();
  if (limit_ms != 0) shared_.running.set_deadline(process_, deadline);
  // While the client does not read, another statement may run; an end that comes then reaches the engine.
  messages_.set_waiting([&](bool waits) {
    if (has_turn && waits) shared_.running.done(running_);
    has_turn = !waits && shared_.running.begin(running_, deadline);
  });
  Status done = has_turn ? action() : Status(Error(engine::kInterrupted, "it waited for its turn"));
  messages_.set_waiting({});
  if (limit_ms != 0) shared_.running.forget_deadline(process_);
  if (has_turn) shared_.running.done(running_);
  query::EndReason reason = running_.finish();
  if (was_late) reason = query::EndReason::kTimedOut;
  if (done.ok() || &done.error().code() != &engine::kInterrupted) return done;
  if (reason == query::EndReason::kTimedOut)
    return Error(kTimedOut, "canceling statement due to statement timeout");
  if (reason == query::EndReason::kShuttingDown)
    return Error(kShuttingDown, "terminating connection: the server is being stopped");
  return Error(engine::kInterrupted, "canceling statement due to user request");
}

Status Backend::open_rows(Portal& portal, bool in_parts) {
  if (portal.open) {
    if (portal.open->cursor) running_.redirect([cursor = &*portal.open->cursor] { cursor->interrupt(); });
    return ok_status();
  }
  query::PreparedStatement& statement = *portal.prepared->statement;
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  // The session cannot run another statement while rows of one are left: what is read in parts gets a
  // connection of its own.
  if (in_parts && statement.kind() == engine::StatementKind::kSelect) {
    TARN_ASSIGN_OR_RETURN(query::Cursor opened, lake->open_cursor(statement, portal.values));
    auto open = std::make_unique<OpenRows>(std::move(opened));
    running_.redirect([cursor = &*open->cursor] { cursor->interrupt(); });
    TARN_RETURN_IF_ERROR(open->cursor->start());
    portal.open = std::move(open);
    return ok_status();
  }
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, lake->execute(statement, portal.values));
  portal.open = std::make_unique<OpenRows>(std::move(rows));
  return ok_status();
}

Status Backend::check_promise(Portal& portal) const {
  if (!portal.open->rows().has_rows()) return ok_status();
  const std::vector<WireColumn> now = wire_columns(portal.open->rows().columns());
  // What was told to be text may turn out to be anything: it is sent as text.
  const auto holds = [](const WireColumn& told, const WireColumn& is) {
    return told.type.oid == is.type.oid || told.type.oid == query::postgres::kTextOid;
  };
  if (std::ranges::equal(portal.prepared->columns, now, holds)) return ok_status();
  return Error(kChangedResult, "cached plan must not change result type")
      .with_hint("a table has changed since the statement was prepared: prepare it again");
}

Status Backend::next_chunk(OpenRows& open) {
  open.chunk.reset();
  open.next_row = 0;
  TARN_ASSIGN_OR_RETURN(open.chunk, open.rows().next());
  open.ended = !open.chunk;
  return ok_status();
}

Result<bool> Backend::send_rows(Portal& portal, std::int64_t max_rows, std::int64_t& sent) {
  OpenRows& open = *portal.open;
  const bool has_rows = open.rows().has_rows();
  const std::vector<WireColumn> none;
  const RowEncoder encoder(open.rows().columns(), portal.prepared ? portal.prepared->columns : none,
                           portal.formats);
  while (!open.ended) {
    if (!open.chunk || open.next_row == open.chunk->rows()) {
      TARN_RETURN_IF_ERROR(next_chunk(open));
      continue;
    }
    if (!has_rows) {  // The count of what changed.
      sent = open.chunk->columns() == 0 ? 0 : open.chunk->cell(0, 0).as_int64().value_or(0);
      open.next_row = open.chunk->rows();
      continue;
    }
    if (max_rows > 0 && sent == max_rows) return true;
    encoder.write_row(*open.chunk, open.next_row++, out_);
    ++sent;
    TARN_RETURN_IF_ERROR(messages_.flush_if_full());
  }
  return false;
}

Status Backend::send_copy(const CopyStatement& copy, engine::ResultSet rows) {
  CopyWriter writer(copy, rows.columns());
  writer.begin(out_);
  std::int64_t count = 0;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::optional<engine::Chunk> chunk, rows.next());
    if (!chunk) break;
    for (std::size_t row = 0; row < chunk->rows(); ++row) {
      writer.write_row(*chunk, row, out_);
      TARN_RETURN_IF_ERROR(messages_.flush_if_full());
    }
    count += static_cast<std::int64_t>(chunk->rows());
  }
  writer.end(out_);
  write_complete(out_, fmt::format("COPY {}", count));
  return ok_status();
}

void Backend::complete(std::string_view sql, bool has_rows, std::int64_t count) {
  write_complete(out_, tag_of(sql, has_rows, count));
}

}  // namespace tarn::pgwire
