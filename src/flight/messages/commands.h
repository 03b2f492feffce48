#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

/// What clients send (Arrow 26, format/FlightSql.proto): each message lies in a google.protobuf.Any.
namespace tarn::flight {

struct StatementQuery {
  std::string query = {};
};
/// What was made of a StatementQuery, see Statements.
struct StatementTicket {
  std::string handle = {};
};
struct PreparedStatementQuery {
  std::string handle = {};
};
struct StatementUpdate {
  std::string query = {};
};
struct PreparedStatementUpdate {
  std::string handle = {};
};
/// What becomes of a table that is not there, or is; nothing: the client does not say.
enum class IfMissing : std::uint8_t { kUnsaid = 0, kCreate = 1, kFail = 2 };
enum class IfExists : std::uint8_t { kUnsaid = 0, kFail = 1, kAppend = 2, kReplace = 3 };
struct StatementIngest {
  IfMissing if_missing = IfMissing::kUnsaid;
  IfExists if_exists = IfExists::kUnsaid;
  std::string table = {};
  std::string schema = {};   ///< Empty: the default one.
  std::string catalog = {};  ///< Empty: the only one.
  bool temporary = false;
};

struct GetCatalogs {};
struct GetDbSchemas {
  std::optional<std::string> catalog = {};
  std::optional<std::string> schema_pattern = {};
};
struct GetTables {
  std::optional<std::string> catalog = {};
  std::optional<std::string> schema_pattern = {};
  std::optional<std::string> table_pattern = {};
  std::vector<std::string> table_types = {};  ///< Empty: all.
  bool include_schema = false;
};
struct GetTableTypes {};
struct GetPrimaryKeys {
  std::optional<std::string> catalog = {};
  std::optional<std::string> schema = {};
  std::string table = {};
};
/// CommandGetExportedKeys, CommandGetImportedKeys and CommandGetCrossReference: there are none.
struct GetForeignKeys {};
struct GetSqlInfo {
  std::vector<std::uint32_t> ids = {};  ///< Empty: all.
};
struct GetXdbcTypeInfo {
  std::optional<std::int32_t> data_type = {};
};

struct CreatePreparedStatement {
  std::string query = {};
};
struct ClosePreparedStatement {
  std::string handle = {};
};
struct CancelQuery {
  std::string flight_info = {};  ///< A FlightInfo of this server's, serialized.
};

using Command = std::variant<StatementQuery, StatementTicket, PreparedStatementQuery, StatementUpdate,
                             PreparedStatementUpdate, StatementIngest, GetCatalogs, GetDbSchemas, GetTables,
                             GetTableTypes, GetPrimaryKeys, GetForeignKeys, GetSqlInfo, GetXdbcTypeInfo,
                             CreatePreparedStatement, ClosePreparedStatement, CancelQuery>;

/// Reads the command of a descriptor, a ticket or an action's body. Errors: flight.bad_message,
/// flight.unsupported (a message of Flight SQL that is not here, or none of it).
Result<Command> read_command(std::string_view any);

/// `message` in an Any, by its name in arrow.flight.protocol.sql.
std::string wrap(std::string_view name, std::string_view message);
std::string write(const StatementTicket& ticket);

/// Schemas as IPC messages; empty: unknown.
struct PreparedStatementResult {
  std::string handle = {};
  std::string dataset_schema = {};
  std::string parameter_schema = {};
};
std::string write(const PreparedStatementResult& result);

/// What a DoPut did, for its reply's metadata: DoPutUpdateResult, without an Any around it.
std::string write_update_result(std::int64_t rows);

/// The answer of CancelQuery.
enum class CancelResult : std::uint8_t { kCancelled = 1, kNotCancellable = 3 };
std::string write(CancelResult result);

}  // namespace tarn::flight
