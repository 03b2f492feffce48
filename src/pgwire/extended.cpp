#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/errors.h"
#include "pgwire/backend.h"
#include "pgwire/errors.h"
#include "pgwire/values/values.h"
#include "query/rewrite.h"

/// The extended query protocol (PostgreSQL 15, "Extended Query").
namespace tarn::pgwire {
namespace {

using query::postgres::wire_type;

/// Of a numeric whose surroundings ask for no precision.
constexpr const char* kWideDecimal = "DECIMAL(38, 10)";

/// Bind counts them in 16 bits.
constexpr std::size_t kMostParameters = 65'535;

/// What a parameter may be where nothing tells its type.
constexpr std::array kGuesses = {"VARCHAR", "BIGINT", "DOUBLE", "TIMESTAMP", "VARCHAR[]", "BIGINT[]"};

/// 1 of "1"; 0 for names that are no numbers.
std::size_t number_of(std::string_view name) {
  std::size_t number = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
  return failed == std::errc() && end == name.data() + name.size() ? number : 0;
}

/// `$1` with the type that it was declared to have.
std::string with_types(std::string_view sql, const std::vector<std::string>& types) {
  query::Rewrite rewrite(sql);
  for (const query::Token& token : query::tokenize(sql)) {
    if (token.kind != query::TokenKind::kParameter) continue;
    const std::string_view text = token.in(sql);
    const std::size_t number = number_of(text.substr(1));
    if (number < 1 || number > types.size() || types[number - 1].empty()) continue;
    rewrite.replace(token.begin, token.end, fmt::format("({}::{})", text, types[number - 1]));
  }
  return rewrite.finish();
}

std::size_t count_parameters(std::string_view sql) {
  std::size_t most = 0;
  for (const std::string& name : query::parameter_names(sql)) most = std::max(most, number_of(name));
  return most;
}

bool has_unknown(const query::PreparedStatement& statement) {
  return std::ranges::any_of(statement.columns(), [](const engine::Column& column) {
    return column.precise.id == engine::TypeId::kUnknown;
  });
}

}  // namespace

Status Backend::parse(const Parse& message) {
  last_sql_ = std::string(message.sql);
  if (!message.name.empty() && prepared_.contains(message.name))
    return Error(kDuplicateName, fmt::format("prepared statement \"{}\" already exists", message.name));
  TARN_ASSIGN_OR_RETURN(prepared_[std::string(message.name)], prepare(last_sql_, message.types));
  out_.begin('1').end();
  return ok_status();
}

Result<std::shared_ptr<Prepared>> Backend::prepare(std::string_view sql, std::vector<std::uint32_t> types) {
  auto prepared = std::make_shared<Prepared>(Prepared{.sql = std::string(sql), .types = std::move(types)});
  const std::vector<query::StatementText> statements = query::split_statements(prepared->sql);
  if (statements.empty()) return prepared;
  if (statements.size() > 1) {
    return Error(engine::kSyntax, "cannot insert multiple commands into a prepared statement");
  }
  const query::StatementText& statement = statements.front();
  TARN_ASSIGN_OR_RETURN(prepared->own, read_own_statement(statement.text()));
  TARN_RETURN_IF_ERROR(check_transaction(prepared->own));
  if (prepared->own) {
    prepared->columns = own_columns(*prepared->own);
    return prepared;
  }
  TARN_ASSIGN_OR_RETURN(prepared->copy, read_copy(statement.text()));
  if (prepared->copy) return prepared;
  TARN_RETURN_IF_ERROR(prepare_with_types(*prepared, statement));
  return prepared;
}

/// A parameter has the type that the client declares, else the one of its surroundings, else text, else
/// whatever lets the statement be understood, as `$1 + 1` does.
Status Backend::prepare_with_types(Prepared& prepared, const query::StatementText& statement) {
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  const std::string original(statement.text());
  const std::size_t parameters = count_parameters(original);
  if (parameters > kMostParameters)
    return Error(kBadMessage, fmt::format("a statement has at most {} parameters", kMostParameters));
  prepared.types.resize(std::max(prepared.types.size(), parameters));
  std::vector<std::string> declared;
  for (const std::uint32_t oid : prepared.types) declared.push_back(declared_sql_type(oid));
  const auto attempt = [&](const std::vector<std::string>& types, query::Refusal refusal) {
    prepared.sql = with_types(original, types);
    return lake->prepare({prepared.sql, 0, prepared.sql.size()}, "sql", refusal);
  };
  Result<query::PreparedStatement> made = attempt(declared, query::Refusal::kRecorded);
  if (!made.ok()) return std::move(made).error();
  std::vector<engine::ColumnType> known(declared.size());
  const auto take_known = [&] {
    for (std::size_t i = 0; i < made->parameters().size(); ++i) {
      const std::size_t number = number_of(made->parameters()[i]);
      if (number >= 1 && number <= known.size()) known[number - 1] = made->parameter_type(i);
    }
  };
  take_known();
  if (has_unknown(*made)) {
    std::vector<std::string> types;
    for (const char* const guess : kGuesses) {
      types = declared;
      for (std::size_t i = 0; i < types.size(); ++i) {
        if (!types[i].empty() || known[i].id != engine::TypeId::kUnknown) continue;
        types[i] = prepared.types[i] == query::postgres::kNumericOid ? kWideDecimal : guess;
      }
      Result<query::PreparedStatement> guessed = attempt(types, query::Refusal::kIgnored);
      if (!guessed.ok()) continue;
      made = std::move(guessed);
      take_known();
      break;
    }
  }
  for (std::size_t i = 0; i < prepared.types.size(); ++i) {
    if (prepared.types[i] == 0 || prepared.types[i] == query::postgres::kUnknownOid)
      prepared.types[i] = wire_type(known[i]).oid;
  }
  const engine::StatementKind kind = made->kind();
  const bool has_rows = kind == engine::StatementKind::kSelect || kind == engine::StatementKind::kExplain ||
                        kind == engine::StatementKind::kExecute || kind == engine::StatementKind::kCall ||
                        kind == engine::StatementKind::kPragma || made->returns_rows();
  if (has_rows) {
    prepared.columns = wire_columns(made->columns());
    // Some functions say what they give only when they have values: NULLs will do.
    if (has_unknown(*made)) {
      TARN_ASSIGN_OR_RETURN(prepared.columns, columns_with_nulls(prepared));
    }
  }
  prepared.statement = std::move(*made);
  return ok_status();
}

Result<std::vector<WireColumn>> Backend::columns_with_nulls(const Prepared& prepared) {
  query::Rewrite rewrite(prepared.sql);
  for (const query::Token& token : query::tokenize(prepared.sql)) {
    if (token.kind == query::TokenKind::kParameter) rewrite.replace(token.begin, token.end, "NULL");
  }
  const std::string sql = rewrite.finish();
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  TARN_ASSIGN_OR_RETURN(const query::PreparedStatement statement, lake->prepare({sql, 0, sql.size()}));
  return wire_columns(statement.columns());
}

Result<Prepared*> Backend::find_prepared(std::string_view name) {
  const auto found = prepared_.find(name);
  if (found == prepared_.end())
    return Error(kNoSuchStatement, fmt::format("prepared statement \"{}\" does not exist", name));
  return found->second.get();
}

Result<Portal*> Backend::find_portal(std::string_view name) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return Error(kNoSuchCursor, fmt::format("portal \"{}\" does not exist", name));
  return &found->second;
}

Status Backend::bind(const Bind& message) {
  TARN_ASSIGN_OR_RETURN(const Prepared* const prepared, find_prepared(message.statement));
  last_sql_ = prepared->sql;
  TARN_RETURN_IF_ERROR(check_transaction(prepared->own));
  if (!message.portal.empty() && portals_.contains(message.portal))
    return Error(kDuplicateName, fmt::format("cursor \"{}\" already exists", message.portal));
  if (message.values.size() != prepared->types.size()) {
    return Error(kBadMessage,
                 fmt::format("bind message supplies {} parameters, but the statement requires {}",
                             message.values.size(), prepared->types.size()));
  }
  if (message.result_formats.size() > 1 && message.result_formats.size() != prepared->columns.size())
    return Error(kBadMessage, "bind message has other result formats than the statement columns");
  Portal portal{.prepared = prepared_.find(message.statement)->second, .formats = message.result_formats};
  for (std::size_t i = 0; i < message.values.size(); ++i) {
    if (!message.values[i]) {
      portal.values.emplace_back();
      continue;
    }
    Result<engine::ParameterValue> value =
        read_parameter(*message.values[i], format_of(message.formats, i), prepared->types[i]);
    if (!value.ok())
      return std::move(value).error().with_context(fmt::format("reading the parameter ${}", i + 1));
    portal.values.push_back(std::move(*value));
  }
  portals_.insert_or_assign(std::string(message.portal), std::move(portal));
  out_.begin('2').end();
  return ok_status();
}

void Backend::describe_columns(const Prepared& prepared, const std::vector<Format>& formats) {
  if (prepared.columns.empty()) {
    out_.begin('n').end();
  } else {
    write_row_description(out_, prepared.columns, formats);
  }
}

Status Backend::describe(const Describe& message) {
  if (message.is_portal) {
    TARN_ASSIGN_OR_RETURN(const Portal* const portal, find_portal(message.name));
    describe_columns(*portal->prepared, portal->formats);
    return ok_status();
  }
  TARN_ASSIGN_OR_RETURN(const Prepared* const prepared, find_prepared(message.name));
  out_.begin('t').int16(static_cast<std::int16_t>(prepared->types.size()));
  for (const std::uint32_t oid : prepared->types) out_.int32(static_cast<std::int32_t>(oid));
  out_.end();
  describe_columns(*prepared, {});
  return ok_status();
}

Status Backend::execute(const Execute& message) {
  TARN_ASSIGN_OR_RETURN(Portal* const portal, find_portal(message.portal));
  const Prepared& prepared = *portal->prepared;
  last_sql_ = prepared.sql;
  TARN_RETURN_IF_ERROR(check_transaction(prepared.own));
  if (prepared.own) {
    // It may close the portal that it runs in.
    const std::shared_ptr<Prepared> kept = portal->prepared;
    const std::vector<Format> formats = portal->formats;
    return run_own(*kept->own, {kept->sql, 0, kept->sql.size()}, formats, false);
  }
  TARN_ASSIGN_OR_RETURN(query::Session* const lake, session());
  // What writes and is not alone before the next Sync is committed there.
  const bool may_write = prepared.columns.empty() || (prepared.statement && prepared.statement->writes());
  if (may_write && transaction_ == Transaction::kNone && !is_implicit_) {
    TARN_ASSIGN_OR_RETURN(const char next, messages_.peek());
    if (next != 'S') TARN_RETURN_IF_ERROR(begin_implicit());
  }
  if (prepared.copy && prepared.copy->is_from) return receive_copy(prepared.sql, *prepared.copy);
  if (prepared.copy) {
    return run_in_turn([lake] { lake->interrupt(); },
                       [&]() -> Status {
                         const std::string& sql = prepared.copy->query;
                         TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, lake->run({sql, 0, sql.size()}, {}));
                         return send_copy(*prepared.copy, std::move(rows));
                       });
  }
  if (!prepared.statement) {
    out_.begin('I').end();
    return ok_status();
  }
  return run_in_turn([lake] { lake->interrupt(); },
                     [&]() -> Status {
                       TARN_RETURN_IF_ERROR(open_rows(*portal, message.max_rows > 0));
                       TARN_RETURN_IF_ERROR(check_promise(*portal));
                       const bool has_rows = portal->open->rows().has_rows();
                       std::int64_t sent = 0;
                       // The next statement of the session takes the place of what RETURNING left.
                       const std::int64_t most = prepared.statement->writes() ? 0 : message.max_rows;
                       TARN_ASSIGN_OR_RETURN(const bool more, send_rows(*portal, most, sent));
                       if (more) {
                         out_.begin('s').end();
                         return ok_status();
                       }
                       complete(prepared.sql, has_rows, sent);
                       return ok_status();
                     });
}

Status Backend::close(const Close& message) {
  if (message.is_portal) {
    if (const auto found = portals_.find(message.name); found != portals_.end()) portals_.erase(found);
  } else if (const auto found = prepared_.find(message.name); found != prepared_.end()) {
    prepared_.erase(found);
  }
  out_.begin('3').end();
  return ok_status();
}

}  // namespace tarn::pgwire
