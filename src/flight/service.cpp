#include "flight/service.h"

#include <arrow/table.h>

#include <utility>
#include <vector>

#include "flight/arrow_status.h"
#include "flight/call_gate.h"
#include "flight/errors.h"
#include "flight/statements/parameters.h"
#include "flight/statements/preparation.h"
#include "flight/statements/row_stream.h"

namespace tarn::flight {
namespace {

namespace af = arrow::flight;

/// The columns of a metadata command's answer; null for other commands.
std::shared_ptr<arrow::Schema> metadata_schema(const Command& command) {
  if (std::holds_alternative<GetCatalogs>(command)) return catalogs_schema();
  if (std::holds_alternative<GetDbSchemas>(command)) return schemas_schema();
  if (const auto* tables = std::get_if<GetTables>(&command)) return tables_schema(tables->include_schema);
  if (std::holds_alternative<GetTableTypes>(command)) return table_types_schema();
  if (std::holds_alternative<GetPrimaryKeys>(command)) return primary_keys_schema();
  if (std::holds_alternative<GetForeignKeys>(command)) return foreign_keys_schema();
  if (std::holds_alternative<GetXdbcTypeInfo>(command)) return type_info_schema();
  if (std::holds_alternative<GetSqlInfo>(command)) return sql_info_schema();
  return nullptr;
}

Error misplaced() {
  return Error(kBadMessage, "the command makes no sense here");
}

}  // namespace

Result<Service::Plan> Service::plan_statement(const af::ServerCallContext& context, const Caller& caller,
                                              const StatementQuery& command, bool is_to_run) {
  Plan plan;
  bool has_rows = true;
  {
    TARN_ASSIGN_OR_RETURN(const auto opened, session(caller));
    TARN_ASSIGN_OR_RETURN(const query::PreparedStatement statement, prepare_one(*opened, command.query));
    has_rows = !is_update(statement);
    if (has_rows) {
      TARN_ASSIGN_OR_RETURN(plan.columns, columns_of(statement));
    } else {
      plan.columns = arrow::schema({});
    }
  }
  if (!is_to_run) return plan;
  if (has_rows) {
    plan.ticket = write(StatementTicket{
        shared_.statements.add(caller.user, {.sql = command.query, .promised = plan.columns})});
  } else {
    TARN_ASSIGN_OR_RETURN(plan.changed, update(context, caller, {.sql = command.query}));
  }
  return plan;
}

Result<Service::Plan> Service::plan_prepared(const af::ServerCallContext& context, const Caller& caller,
                                             const PreparedStatementQuery& command, bool is_to_run) {
  TARN_ASSIGN_OR_RETURN(const Prepared prepared,
                        shared_.statements.find_prepared(caller.user, command.handle));
  Plan plan{.columns = prepared.is_update ? arrow::schema({}) : prepared.columns};
  if (!is_to_run) return plan;
  if (prepared.values.size() != prepared.declared.size())
    return Error(kBadParameter, "the statement has parameters that were not bound");
  // A ticket of its own: what is bound later is for later readings.
  Ask ask{.sql = declare(prepared.sql, prepared.declared),
          .values = prepared.values,
          .promised = prepared.columns};
  if (prepared.is_update) {
    TARN_ASSIGN_OR_RETURN(plan.changed, update(context, caller, ask));
  } else {
    plan.ticket = write(StatementTicket{shared_.statements.add(caller.user, std::move(ask))});
  }
  return plan;
}

Result<Service::Plan> Service::plan(const af::ServerCallContext& context, const af::FlightDescriptor& request,
                                    bool is_to_run) {
  TARN_ASSIGN_OR_RETURN(const Caller from, caller(context));
  if (request.type != af::FlightDescriptor::CMD) return Error(kUnsupported, "there are no flights by path");
  TARN_ASSIGN_OR_RETURN(const Command command, read_command(request.cmd));
  if (const auto* statement = std::get_if<StatementQuery>(&command))
    return plan_statement(context, from, *statement, is_to_run);
  if (const auto* prepared = std::get_if<PreparedStatementQuery>(&command))
    return plan_prepared(context, from, *prepared, is_to_run);
  // The command is its own ticket: what it answers is looked up when it is read, with the reader's rights.
  Plan plan{.columns = metadata_schema(command), .ticket = request.cmd};
  if (plan.columns == nullptr) return misplaced();
  return plan;
}

arrow::Status Service::GetFlightInfo(const af::ServerCallContext& context,
                                     const af::FlightDescriptor& request,
                                     std::unique_ptr<af::FlightInfo>* info) {
  Result<Plan> made = plan(context, request, true);
  if (!made.ok()) return to_arrow(made.error());
  af::FlightInfo::Data data;
  data.descriptor = request;
  if (made->changed) {
    data.total_records = *made->changed;
  } else {
    data.endpoints.emplace_back(af::Ticket{std::move(made->ticket)}, std::vector<af::Location>(),
                                std::nullopt, "");
  }
  if (made->columns != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const auto described, af::SchemaResult::Make(*made->columns));
    data.schema = described->serialized_schema();
  }
  *info = std::make_unique<af::FlightInfo>(std::move(data));
  return arrow::Status::OK();
}

arrow::Status Service::GetSchema(const af::ServerCallContext& context, const af::FlightDescriptor& request,
                                 std::unique_ptr<af::SchemaResult>* schema) {
  const Result<Plan> made = plan(context, request, false);
  if (!made.ok()) return to_arrow(made.error());
  if (made->columns == nullptr)
    return to_arrow(Error(kBadParameter, "the columns depend on parameters").with_hint("bind those first"));
  ARROW_ASSIGN_OR_RAISE(*schema, af::SchemaResult::Make(*made->columns));
  return arrow::Status::OK();
}

Result<Table> Service::answer(const Caller& caller, const Command& command) {
  const std::string& catalog = shared_.parts.catalog;
  if (std::holds_alternative<GetCatalogs>(command)) return list_catalogs(catalog);
  if (std::holds_alternative<GetTableTypes>(command)) return list_table_types();
  if (std::holds_alternative<GetForeignKeys>(command)) return list_foreign_keys();
  if (const auto* one = std::get_if<GetXdbcTypeInfo>(&command)) return list_type_info(*one);
  if (const auto* one = std::get_if<GetSqlInfo>(&command)) return list_sql_info(*one, shared_.parts.version);
  TARN_ASSIGN_OR_RETURN(const auto opened, session(caller));
  if (const auto* one = std::get_if<GetDbSchemas>(&command)) return list_schemas(*one, catalog, *opened);
  if (const auto* one = std::get_if<GetTables>(&command)) return list_tables(*one, catalog, *opened);
  if (const auto* one = std::get_if<GetPrimaryKeys>(&command))
    return list_primary_keys(*one, catalog, *opened);
  return misplaced();
}

Result<std::unique_ptr<af::FlightDataStream>> Service::get(const af::ServerCallContext& context,
                                                           const af::Ticket& request) {
  TARN_ASSIGN_OR_RETURN(const Caller from, caller(context));
  TARN_ASSIGN_OR_RETURN(const Command command, read_command(request.ticket));
  std::shared_ptr<arrow::RecordBatchReader> rows;
  if (const auto* ticket = std::get_if<StatementTicket>(&command)) {
    TARN_ASSIGN_OR_RETURN(Ask ask, shared_.statements.take(from.user, ticket->handle));
    // The call outlives its stream.
    TARN_ASSIGN_OR_RETURN(rows, RowStream::open(shared_, from, ticket->handle, std::move(ask),
                                                [&context] { return context.is_cancelled(); }));
  } else {
    TARN_ASSIGN_OR_RETURN(const Table table, answer(from, command));
    rows = std::make_shared<arrow::TableBatchReader>(table);
  }
  return std::unique_ptr<af::FlightDataStream>(std::make_unique<af::RecordBatchStream>(std::move(rows)));
}

arrow::Status Service::DoGet(const af::ServerCallContext& context, const af::Ticket& request,
                             std::unique_ptr<af::FlightDataStream>* stream) {
  Result<std::unique_ptr<af::FlightDataStream>> opened = get(context, request);
  if (!opened.ok()) return to_arrow(opened.error());
  *stream = std::move(*opened);
  return arrow::Status::OK();
}

Result<std::optional<std::int64_t>> Service::put(const af::ServerCallContext& context,
                                                 af::FlightMessageReader& reader) {
  using Changed = std::optional<std::int64_t>;
  TARN_ASSIGN_OR_RETURN(const Caller from, caller(context));
  if (reader.descriptor().type != af::FlightDescriptor::CMD)
    return Error(kUnsupported, "there are no flights by path");
  TARN_ASSIGN_OR_RETURN(const Command command, read_command(reader.descriptor().cmd));
  if (const auto* const statement = std::get_if<StatementUpdate>(&command)) {
    TARN_ASSIGN_OR_RETURN(const Changed changed, update(context, from, {.sql = statement->query}));
    return changed;
  }
  if (const auto* const prepared = std::get_if<PreparedStatementUpdate>(&command)) {
    TARN_ASSIGN_OR_RETURN(const Changed changed, update_prepared(context, from, prepared->handle, reader));
    return changed;
  }
  if (const auto* const rows = std::get_if<StatementIngest>(&command)) {
    TARN_ASSIGN_OR_RETURN(const Changed changed, ingest(context, from, *rows, reader));
    return changed;
  }
  const auto* const query = std::get_if<PreparedStatementQuery>(&command);
  if (query == nullptr) return misplaced();
  TARN_RETURN_IF_ERROR(bind(from, *query, reader));
  return Changed();
}

arrow::Status Service::DoPut(const af::ServerCallContext& context,
                             std::unique_ptr<af::FlightMessageReader> reader,
                             std::unique_ptr<af::FlightMetadataWriter> writer) {
  const auto changed = put(context, *reader);
  if (!changed.ok()) return to_arrow(changed.error());
  if (!*changed) return arrow::Status::OK();
  return writer->WriteMetadata(*arrow::Buffer::FromString(write_update_result(**changed)));
}

}  // namespace tarn::flight
