#pragma once

#include <memory>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "flight/messages/commands.h"
#include "query/session.h"

/// The answers to metadata commands, with the columns that the specification gives them (Arrow 26,
/// format/FlightSql.proto). A session sees what its user may see, and so do these.
namespace tarn::flight {

using Table = std::shared_ptr<arrow::Table>;

Result<Table> list_catalogs(const std::string& catalog);
Result<Table> list_schemas(const GetDbSchemas& command, const std::string& catalog, query::Session& session);
Result<Table> list_tables(const GetTables& command, const std::string& catalog, query::Session& session);
Result<Table> list_table_types();
Result<Table> list_primary_keys(const GetPrimaryKeys& command, const std::string& catalog,
                                query::Session& session);
/// None: tables of a lake refer to one another by their contracts' meaning only.
Result<Table> list_foreign_keys();
Result<Table> list_type_info(const GetXdbcTypeInfo& command);
/// `version` is Tarn's.
Result<Table> list_sql_info(const GetSqlInfo& command, const std::string& version);

/// The columns of an answer.
std::shared_ptr<arrow::Schema> catalogs_schema();
std::shared_ptr<arrow::Schema> schemas_schema();
std::shared_ptr<arrow::Schema> tables_schema(bool with_schema);
std::shared_ptr<arrow::Schema> table_types_schema();
std::shared_ptr<arrow::Schema> primary_keys_schema();
std::shared_ptr<arrow::Schema> foreign_keys_schema();
std::shared_ptr<arrow::Schema> type_info_schema();
std::shared_ptr<arrow::Schema> sql_info_schema();

}  // namespace tarn::flight
