#pragma once

#include <duckdb.h>

#include <string_view>

#include "base/result.h"
#include "engine/duckdb/handles.h"

namespace tarn::engine::internal {

/// What the engine said, as an Error. `message` is the engine's, as JSON (`errors_as_json`) or plain; `sql`
/// is the text it complains of, `source` its name. `type` may be DUCKDB_ERROR_INVALID when it is not known:
/// it is then read from the message.
Error make_failure(duckdb_error_type type, const char* message, std::string_view sql,
                   std::string_view source);

/// The same of a statement, and no more than its user may know.
Error make_failure(duckdb_error_type type, const char* message, const SourceText& source);

/// What a call of the engine answered, as a Status; `source` as for make_failure().
template <typename... Source>
Status check(const OwnedErrorData& outcome, const Source&... source) {
  if (outcome.get() == nullptr || !duckdb_error_data_has_error(outcome.get())) return ok_status();
  return make_failure(duckdb_error_data_error_type(outcome.get()), duckdb_error_data_message(outcome.get()),
                      source...);
}

/// What a call of an appender answered.
Status check_appender(duckdb_appender appender, duckdb_state state);

}  // namespace tarn::engine::internal
