#pragma once

#include <duckdb.h>

#include <string_view>

#include "base/error.h"
#include "engine/duckdb/handles.h"

namespace tarn::engine::internal {

/// What the engine said, as an Error. `message` is the engine's, as JSON (`errors_as_json`) or plain; `sql`
/// is the text it complains of, `source` its name. `type` may be DUCKDB_ERROR_INVALID when it is not known:
/// it is then read from the message.
Error make_failure(duckdb_error_type type, const char* message, std::string_view sql,
                   std::string_view source);

/// The same of a statement, and no more than its user may know.
Error make_failure(duckdb_error_type type, const char* message, const SourceText& source);

}  // namespace tarn::engine::internal
