#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/source_place.h"
#include "pgwire/backend.h"
#include "pgwire/errors.h"

/// Statements that the engine never sees: transactions, settings, cursors.
namespace tarn::pgwire {
namespace {

void write_text_row(WireWriter& out, std::initializer_list<std::string_view> values) {
  out.begin('D').int16(static_cast<std::int16_t>(values.size()));
  for (const std::string_view value : values) out.int32(static_cast<std::int32_t>(value.size())).bytes(value);
  out.end();
}

/// The schemas of a search path that a lake can have.
std::vector<std::string> schemas_of(std::string_view path) {
  std::vector<std::string> schemas;
  while (!path.empty()) {
    const std::size_t comma = std::min(path.find(','), path.size());
    std::string_view one = path.substr(0, comma);
    path.remove_prefix(std::min(comma + 1, path.size()));
    while (one.starts_with(' ') || one.starts_with('"')) one.remove_prefix(1);
    while (one.ends_with(' ') || one.ends_with('"')) one.remove_suffix(1);
    if (!one.empty() && one != "$user" && one != "public" && one != "pg_catalog") schemas.emplace_back(one);
  }
  return schemas;
}

}  // namespace

Status Backend::run_own(const OwnStatement& statement, const query::StatementText& text,
                        const std::vector<Format>& formats, bool describes) {
  if (const auto* one = std::get_if<FetchStatement>(&statement)) return fetch(*one, formats, describes);
  if (const auto* one = std::get_if<ShowStatement>(&statement)) return show(*one, describes);
  // COMMIT of a failed transaction takes it back, and says so.
  const bool takes_back =
      std::holds_alternative<CommitStatement>(statement) && transaction_ == Transaction::kFailed;
  Status done = std::visit(
      [&](const auto& one) -> Status {
        using One = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<One, DeclareStatement>) {
          return declare(one, text);
        } else if constexpr (std::is_same_v<One, SetNothingStatement> ||
                             std::is_same_v<One, UnlistenStatement> || std::is_same_v<One, FetchStatement> ||
                             std::is_same_v<One, ShowStatement>) {
          return ok_status();
        } else {
          return run(one);
        }
      },
      statement);
  TARN_RETURN_IF_ERROR(done);
  write_complete(out_, takes_back ? "ROLLBACK" : command_tag(statement));
  return ok_status();
}

Status Backend::run(const BeginStatement&) {
  if (transaction_ == Transaction::kOpen)
    write_notice(out_, "25001", "there is already a transaction in progress");
  // What the same message began goes on in it.
  if (transaction_ == Transaction::kNone) TARN_RETURN_IF_ERROR(begin_implicit());
  is_implicit_ = false;
  transaction_ = Transaction::kOpen;
  return ok_status();
}

Status Backend::run(const CommitStatement&) {
  if (transaction_ == Transaction::kNone) write_notice(out_, "25P01", "there is no transaction in progress");
  const bool has_failed = transaction_ == Transaction::kFailed;
  is_implicit_ = false;
  end_transaction();
  if (!session_) return ok_status();
  if (!has_failed) return commit();
  session_->roll_back();
  return ok_status();
}

Status Backend::run(const RollbackStatement&) {
  if (transaction_ == Transaction::kNone) write_notice(out_, "25P01", "there is no transaction in progress");
  is_implicit_ = false;
  end_transaction();
  if (session_) session_->roll_back();
  return ok_status();
}

Status Backend::run(const SavepointStatement& statement) {
  if (transaction_ == Transaction::kNone)
    return Error(kNoTransaction, "SAVEPOINT can only be used in transaction blocks");
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  switch (statement.action) {
    case SavepointStatement::Action::kSave:
      return lake->save(statement.name);
    case SavepointStatement::Action::kRelease:
      return lake->release(statement.name);
    case SavepointStatement::Action::kRollBack:
      break;
  }
  TARN_RETURN_IF_ERROR(lake->restore(statement.name));
  transaction_ = Transaction::kOpen;
  return ok_status();
}

Status Backend::change_setting(std::string_view name, std::string value) {
  TARN_RETURN_IF_ERROR(settings_.set(name, std::move(value)));
  tells_settings_ = true;
  TARN_ASSIGN_OR_RETURN(const std::string now, settings_.get(name));
  for (const std::string_view reported : Settings::reported()) {
    const bool is_same =
        reported.size() == name.size() &&
        std::ranges::equal(reported, name, [](char a, char b) { return (a | 32) == (b | 32); });
    if (!is_same) continue;
    write_parameter_status(out_, reported, now);
    if (reported != "search_path") continue;
    TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
    TARN_RETURN_IF_ERROR(lake->use_first(schemas_of(now)));
  }
  return ok_status();
}

Status Backend::run(const SetStatement& statement) {
  if (statement.value) return change_setting(statement.name, *statement.value);
  return run(ResetStatement{statement.name});
}

Status Backend::run(const ResetStatement& statement) {
  if (!statement.name.empty()) {
    TARN_RETURN_IF_ERROR(settings_.reset(statement.name));
    TARN_ASSIGN_OR_RETURN(std::string value, settings_.get(statement.name));
    return change_setting(statement.name, std::move(value));
  }
  settings_.reset_all();
  for (const std::string_view name : Settings::reported()) {
    TARN_ASSIGN_OR_RETURN(std::string value, settings_.get(name));
    if (name == "session_authorization") continue;
    TARN_RETURN_IF_ERROR(change_setting(name, std::move(value)));
  }
  return ok_status();
}

Status Backend::run(const DiscardStatement& statement) {
  if (!statement.is_all) return ok_status();
  if (transaction_ != Transaction::kNone)
    return Error(kUnsupported, "DISCARD ALL cannot run inside a transaction block");
  portals_.clear();
  prepared_.clear();
  session_.reset();  // With its temporary tables; the next statement opens another one.
  return run(ResetStatement{});
}

Status Backend::run(const DeallocateStatement& statement) {
  if (statement.name.empty()) {
    std::erase_if(prepared_, [](const auto& one) { return !one.first.empty(); });
    return ok_status();
  }
  if (const auto found = prepared_.find(statement.name); found != prepared_.end()) {
    prepared_.erase(found);
    return ok_status();
  }
  // One of PREPARE in SQL is the engine's.
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  const std::string sql = "DEALLOCATE " + engine::quote_identifier(statement.name);
  TARN_ASSIGN_OR_RETURN(const engine::ResultSet rows, lake->run({sql, 0, sql.size()}, {}));
  return ok_status();
}

Status Backend::run(const CloseStatement& statement) {
  if (statement.name.empty()) {
    portals_.clear();
    return ok_status();
  }
  const auto found = portals_.find(statement.name);
  if (found == portals_.end())
    return Error(kNoSuchCursor, fmt::format("cursor \"{}\" does not exist", statement.name));
  portals_.erase(found);
  return ok_status();
}

std::vector<WireColumn> Backend::own_columns(const OwnStatement& statement) {
  if (const auto* one = std::get_if<ShowStatement>(&statement)) {
    if (one->name.empty()) return {{"name"}, {"setting"}, {"description"}};
    return {{one->name}};
  }
  if (const auto* one = std::get_if<FetchStatement>(&statement)) {
    const auto found = portals_.find(one->name);
    if (found != portals_.end() && !one->is_move) return found->second.prepared->columns;
  }
  return {};
}

Status Backend::show(const ShowStatement& statement, bool describes) {
  const std::vector<WireColumn> columns = own_columns(statement);
  if (!statement.name.empty()) {
    TARN_ASSIGN_OR_RETURN(std::string value, settings_.get(statement.name));
    if (statement.name == "session_authorization") value = login_.user;
    if (describes) write_row_description(out_, columns, {});
    write_text_row(out_, {value});
  } else {
    if (describes) write_row_description(out_, columns, {});
    for (const Settings::Entry& entry : settings_.all())
      write_text_row(out_, {entry.name, entry.value, entry.description});
  }
  write_complete(out_, "SHOW");
  return ok_status();
}

Status Backend::declare(const DeclareStatement& statement, const query::StatementText& text) {
  if (transaction_ == Transaction::kNone && !statement.holds) {
    return Error(kNoTransaction, "DECLARE CURSOR can only be used in transaction blocks")
        .with_hint("give BEGIN first, or declare the cursor WITH HOLD");
  }
  if (portals_.contains(statement.name))
    return Error(kDuplicateName, fmt::format("cursor \"{}\" already exists", statement.name));
  TARN_ASSIGN_OR_RETURN(std::shared_ptr<Prepared> prepared, prepare(text.text().substr(statement.query), {}));
  if (!prepared->statement || prepared->columns.empty())
    return Error(kUnsupported, "a cursor needs a query").with_hint("write SELECT behind FOR");
  portals_[statement.name] = {.prepared = std::move(prepared), .holds = statement.holds};
  return ok_status();
}

Status Backend::fetch(const FetchStatement& statement, const std::vector<Format>& formats, bool describes) {
  const auto found = portals_.find(statement.name);
  if (found == portals_.end())
    return Error(kNoSuchCursor, fmt::format("cursor \"{}\" does not exist", statement.name));
  Portal& portal = found->second;
  if (statement.count < 0) return Error(kUnsupported, "cursors only go forward");
  portal.formats = formats;
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  std::int64_t sent = 0;
  Status done = run_in_turn([lake] { lake->interrupt(); },
                            [&]() -> Status {
                              TARN_RETURN_IF_ERROR(open_rows(portal, true));
                              TARN_RETURN_IF_ERROR(check_promise(portal));
                              if (describes && !statement.is_move)
                                write_row_description(out_, portal.prepared->columns, formats);
                              if (statement.count == 0) return ok_status();
                              if (statement.is_move) return move(portal, statement.count, sent);
                              const std::int64_t most =
                                  statement.count == FetchStatement::kAll ? 0 : statement.count;
                              TARN_ASSIGN_OR_RETURN(const bool more, send_rows(portal, most, sent));
                              (void)more;  // The next FETCH finds out.
                              return ok_status();
                            });
  TARN_RETURN_IF_ERROR(done);
  write_complete(out_, fmt::format("{} {}", statement.is_move ? "MOVE" : "FETCH", sent));
  return ok_status();
}

Status Backend::move(Portal& portal, std::int64_t count, std::int64_t& passed) {
  OpenRows& open = *portal.open;
  while (!open.ended && passed < count) {
    if (!open.chunk || open.next_row == open.chunk->rows()) {
      TARN_RETURN_IF_ERROR(next_chunk(open));
      continue;
    }
    ++open.next_row;
    ++passed;
  }
  return ok_status();
}

}  // namespace tarn::pgwire
