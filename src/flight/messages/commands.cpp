#include "flight/messages/commands.h"

#include <fmt/format.h>

#include <array>
#include <functional>
#include <utility>

#include "engine/utf8.h"
#include "flight/errors.h"
#include "flight/messages/wire.h"

namespace tarn::flight {
namespace {

constexpr std::string_view kTypePrefix = "type.googleapis.com/arrow.flight.protocol.sql.";
constexpr std::string_view kPackage = "arrow.flight.protocol.sql.";
constexpr std::size_t kMostBytes = std::size_t{16} << 20;

/// Calls `take` for each field; those that it does not know it passes over, as newer clients need.
template <typename Take>
  requires std::is_invocable_r_v<Status, Take, const WireField&>
Status each_field(std::string_view message, Take take) {
  WireReader reader(message);
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::optional<WireField> field, reader.next());
    if (!field) return ok_status();
    TARN_RETURN_IF_ERROR(take(*field));
  }
}

Result<std::string> text_of(const WireField& field) {
  if (!field.is_bytes) return Error(kBadMessage, "a number stands where text should be");
  std::string text(field.bytes);
  if (engine::to_valid_utf8(text) != text) return Error(kBadMessage, "a text of the message is not UTF-8");
  return text;
}

Status take_text(const WireField& field, std::string& out) {
  TARN_ASSIGN_OR_RETURN(out, text_of(field));
  return ok_status();
}

Status take_text(const WireField& field, std::optional<std::string>& out) {
  TARN_ASSIGN_OR_RETURN(out, text_of(field));
  return ok_status();
}

Status take_bytes(const WireField& field, std::string& out) {
  if (!field.is_bytes) return Error(kBadMessage, "a number stands where bytes should be");
  out = field.bytes;
  return ok_status();
}

/// A field that names a transaction. Without a name the statement commits by itself.
Status refuse_transaction(const WireField& field) {
  if (!field.is_bytes || field.bytes.empty()) return ok_status();
  return Error(kUnsupported, "there are no transactions in Flight SQL here")
      .with_hint("let the client commit each statement by itself, or use the PostgreSQL protocol");
}

template <typename Query>
Result<Command> read_query(std::string_view message) {
  Query command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) -> Status {
    if (field.id == 1) return take_text(field, command.query);
    return field.id == 2 ? refuse_transaction(field) : ok_status();
  }));
  return Command(std::move(command));
}

/// Messages whose first field is all that they say.
template <typename Handle>
Result<Command> read_handle(std::string_view message) {
  Handle command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) {
    auto& [only] = command;
    return field.id == 1 ? take_bytes(field, only) : ok_status();
  }));
  return Command(std::move(command));
}

/// Messages of which nothing is of interest but that they are well formed.
template <typename Empty>
Result<Command> read_empty(std::string_view message) {
  TARN_RETURN_IF_ERROR(each_field(message, [](const WireField&) { return ok_status(); }));
  return Command(Empty{});
}

Status read_table_options(std::string_view message, StatementIngest& command) {
  return each_field(message, [&](const WireField& field) -> Status {
    if (field.id > 2) return ok_status();
    if (field.is_bytes || field.number > (field.id == 1 ? 2U : 3U))
      return Error(kBadMessage,
                   "what to do with a table that is there, or is not, is none of the known ways");
    if (field.id == 1) command.if_missing = static_cast<IfMissing>(field.number);
    if (field.id == 2) command.if_exists = static_cast<IfExists>(field.number);
    return ok_status();
  });
}

Result<Command> read_ingest(std::string_view message) {
  StatementIngest command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) -> Status {
    switch (field.id) {
      case 1:
        return field.is_bytes ? read_table_options(field.bytes, command)
                              : Error(kBadMessage, "a number stands where a message should be");
      case 2:
        return take_text(field, command.table);
      case 3:
        return take_text(field, command.schema);
      case 4:
        return take_text(field, command.catalog);
      case 5:
        command.temporary = field.number != 0;
        return ok_status();
      case 6:
        return refuse_transaction(field);
      default:
        return ok_status();
    }
  }));
  return Command(std::move(command));
}

Result<Command> read_db_schemas(std::string_view message) {
  GetDbSchemas command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) {
    if (field.id == 1) return take_text(field, command.catalog);
    return field.id == 2 ? take_text(field, command.schema_pattern) : ok_status();
  }));
  return Command(std::move(command));
}

Result<Command> read_tables(std::string_view message) {
  GetTables command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) {
    switch (field.id) {
      case 1:
        return take_text(field, command.catalog);
      case 2:
        return take_text(field, command.schema_pattern);
      case 3:
        return take_text(field, command.table_pattern);
      case 4:
        return take_text(field, command.table_types.emplace_back());
      case 5:
        command.include_schema = field.number != 0;
        return ok_status();
      default:
        return ok_status();
    }
  }));
  return Command(std::move(command));
}

Result<Command> read_primary_keys(std::string_view message) {
  GetPrimaryKeys command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) {
    if (field.id == 1) return take_text(field, command.catalog);
    if (field.id == 2) return take_text(field, command.schema);
    return field.id == 3 ? take_text(field, command.table) : ok_status();
  }));
  return Command(std::move(command));
}

Result<Command> read_sql_info(std::string_view message) {
  GetSqlInfo command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) -> Status {
    if (field.id != 1) return ok_status();
    if (!field.is_bytes) command.ids.push_back(static_cast<std::uint32_t>(field.number));
    for (WireReader packed(field.bytes); !packed.done();) {
      TARN_ASSIGN_OR_RETURN(const std::uint64_t id, packed.varint());
      command.ids.push_back(static_cast<std::uint32_t>(id));
    }
    return ok_status();
  }));
  return Command(std::move(command));
}

Result<Command> read_type_info(std::string_view message) {
  GetXdbcTypeInfo command;
  TARN_RETURN_IF_ERROR(each_field(message, [&](const WireField& field) {
    if (field.id == 1) command.data_type = static_cast<std::int32_t>(field.number);
    return ok_status();
  }));
  return Command(command);
}

struct Known {
  std::string_view name;
  Result<Command> (*read)(std::string_view message);
};
constexpr std::array kKnown = {
    Known{"CommandStatementQuery", read_query<StatementQuery>},
    Known{"TicketStatementQuery", read_handle<StatementTicket>},
    Known{"CommandPreparedStatementQuery", read_handle<PreparedStatementQuery>},
    Known{"CommandStatementUpdate", read_query<StatementUpdate>},
    Known{"CommandPreparedStatementUpdate", read_handle<PreparedStatementUpdate>},
    Known{"CommandStatementIngest", read_ingest},
    Known{"CommandGetCatalogs", read_empty<GetCatalogs>},
    Known{"CommandGetDbSchemas", read_db_schemas},
    Known{"CommandGetTables", read_tables},
    Known{"CommandGetTableTypes", read_empty<GetTableTypes>},
    Known{"CommandGetPrimaryKeys", read_primary_keys},
    Known{"CommandGetExportedKeys", read_empty<GetForeignKeys>},
    Known{"CommandGetImportedKeys", read_empty<GetForeignKeys>},
    Known{"CommandGetCrossReference", read_empty<GetForeignKeys>},
    Known{"CommandGetSqlInfo", read_sql_info},
    Known{"CommandGetXdbcTypeInfo", read_type_info},
    Known{"ActionCreatePreparedStatementRequest", read_query<CreatePreparedStatement>},
    Known{"ActionClosePreparedStatementRequest", read_handle<ClosePreparedStatement>},
    Known{"ActionCancelQueryRequest", read_handle<CancelQuery>},
};

}  // namespace

Result<Command> read_command(std::string_view any) {
  if (any.size() > kMostBytes) return Error(kBadMessage, "the message is larger than 16 MiB");
  std::string url;
  std::string_view message;
  TARN_RETURN_IF_ERROR(each_field(any, [&](const WireField& field) -> Status {
    if (field.id == 1) return take_text(field, url);
    if (field.id == 2 && field.is_bytes) message = field.bytes;
    return ok_status();
  }));
  std::string_view name(url);
  name.remove_prefix(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
  if (!name.starts_with(kPackage))
    return Error(kUnsupported, "only Flight SQL is spoken here: the message is none of its commands");
  name.remove_prefix(kPackage.size());
  for (const Known& known : kKnown) {
    if (known.name == name) return known.read(message);
  }
  return Error(kUnsupported, fmt::format("`{}` is not supported", name.substr(0, 100)));
}

std::string wrap(std::string_view name, std::string_view message) {
  return WireWriter().bytes(1, std::string(kTypePrefix) + std::string(name)).bytes(2, message).take();
}

std::string write(const StatementTicket& ticket) {
  return wrap("TicketStatementQuery", WireWriter().bytes(1, ticket.handle).take());
}

std::string write(const PreparedStatementResult& result) {
  WireWriter out;
  out.bytes(1, result.handle);
  if (!result.dataset_schema.empty()) out.bytes(2, result.dataset_schema);
  if (!result.parameter_schema.empty()) out.bytes(3, result.parameter_schema);
  return wrap("ActionCreatePreparedStatementResult", out.take());
}

std::string write_update_result(std::int64_t rows) {
  return WireWriter().number(1, static_cast<std::uint64_t>(rows)).take();
}

std::string write(CancelResult result) {
  return wrap("ActionCancelQueryResult", WireWriter().number(1, static_cast<std::uint64_t>(result)).take());
}

}  // namespace tarn::flight
