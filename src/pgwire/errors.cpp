#include "pgwire/errors.h"

#include <array>
#include <utility>

namespace tarn::pgwire {
namespace {

/// By the names of codes: those of other libraries need not be linked for it.
constexpr std::array<std::pair<std::string_view, std::string_view>, 77> kStates = {{
    {"pgwire.bad_message", "08P01"},
    {"pgwire.bad_version", "0A000"},
    {"pgwire.message_too_large", "54000"},
    {"pgwire.too_many_connections", "53300"},
    {"pgwire.needs_tls", "28000"},
    {"pgwire.not_authenticated", "28P01"},
    {"pgwire.no_such_statement", "26000"},
    {"pgwire.no_such_cursor", "34000"},
    {"pgwire.duplicate_name", "42P03"},
    {"pgwire.bad_parameter", "22P02"},
    {"pgwire.in_failed_transaction", "25P02"},
    {"pgwire.no_transaction", "25P01"},
    {"pgwire.unknown_setting", "42704"},
    {"pgwire.bad_setting", "22023"},
    {"pgwire.unsupported", "0A000"},
    {"pgwire.statement_timeout", "57014"},
    {"pgwire.shutting_down", "57P01"},
    {"pgwire.changed_result", "0A000"},
    {"access.changed", "57P01"},
    {"sql.syntax", "42601"},
    {"sql.binder", "42703"},
    {"sql.catalog", "42704"},
    {"sql.unknown_table", "42P01"},
    {"sql.conversion", "22P02"},
    {"sql.out_of_range", "22003"},
    {"sql.invalid_input", "22023"},
    {"sql.constraint", "23000"},
    {"sql.transaction", "25000"},
    {"sql.not_implemented", "0A000"},
    {"sql.permission", "42501"},
    {"sql.not_allowed", "42501"},
    {"sql.read_only", "25006"},
    {"sql.parameter", "08P01"},
    {"sql.unsupported_type", "0A000"},
    {"sql.out_of_memory", "53200"},
    {"sql.interrupted", "57014"},
    {"sql.io", "58030"},
    {"sql.bad_time_travel", "22023"},
    {"sql.unreadable_table", "58000"},
    {"catalog.commit_conflict", "40001"},
    {"table.snapshot_not_found", "42704"},
    {"net.closed", "08006"},
    {"net.timed_out", "08006"},
    {"audit.unavailable", "58030"},
    {"sql.unsupported_write", "0A000"},
    {"sql.write_denied", "42501"},
    {"access.not_administrator", "42501"},
    {"access.unknown_role", "42704"},
    {"access.role_exists", "42710"},
    {"access.stands_in_file", "55000"},
    {"access.bad_rule", "22023"},
    {"access.missing_attribute", "22023"},
    {"access.bad_filter", "22023"},
    {"sql.written_by_feed", "42501"},
    {"sql.materialized_view", "42809"},
    {"sql.too_complex", "54001"},
    {"sql.not_null", "23502"},
    {"sql.no_schema_selected", "3F000"},
    {"sql.duplicate_column", "42701"},
    {"sql.bad_copy_data", "22P04"},
    {"sql.cardinality", "21000"},
    {"catalog.table_exists", "42P07"},
    {"catalog.view_exists", "42P07"},
    {"catalog.table_not_found", "42P01"},
    {"catalog.view_not_found", "42P01"},
    {"catalog.namespace_exists", "42P06"},
    {"catalog.namespace_not_found", "3F000"},
    {"catalog.namespace_not_empty", "2BP01"},
    {"catalog.bad_name", "42602"},
    {"table.null_in_required", "23502"},
    {"table.wrong_length", "22001"},
    {"table.unsupported_type", "0A000"},
    {"iceberg.column_exists", "42701"},
    {"iceberg.illegal_widening", "42804"},
    {"iceberg.illegal_change", "0A000"},
    {"sql.internal", "XX000"},
    {"sql.failed", "XX000"},
}};

}  // namespace

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {
      &kBadMessage,     &kBadVersion,       &kMessageTooLarge,     &kTooManyConnections,
      &kNeedsTls,       &kNotAuthenticated, &kNoSuchStatement,     &kNoSuchCursor,
      &kDuplicateName,  &kBadParameter,     &kInFailedTransaction, &kNoTransaction,
      &kUnknownSetting, &kBadSetting,       &kUnsupported,         &kTimedOut,
      &kChangedResult,  &kShuttingDown};
  return kCodes;
}

std::string_view sqlstate_of(const Error& error) {
  for (const auto& [name, state] : kStates) {
    if (error.name() == name) return state;
  }
  switch (error.error_class()) {
    case ErrorClass::kUser:
      return "42000";
    case ErrorClass::kTransient:
      return "55000";
    case ErrorClass::kUnknownOutcome:
      return "40003";
    case ErrorClass::kPermanent:
      return "58000";
    case ErrorClass::kBug:
      return "XX000";
  }
  return "XX000";
}

}  // namespace tarn::pgwire
