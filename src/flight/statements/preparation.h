#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "flight/statements/parameters.h"
#include "flight/statements/statements.h"
#include "query/session.h"

namespace tarn::flight {

/// Learns what a statement takes and gives. A parameter has the type of its surroundings, else text, else the
/// first of a few that lets the statement be understood, as `? + 1` does. Errors: of the session.
Result<Prepared> prepare(query::Session& session, const std::string& sql);

/// Gives it values. What its surroundings did not tell, the values' types do. Errors: of the session,
/// flight.bad_parameter.
Status bind_values(query::Session& session, Prepared& prepared, const std::vector<BoundValue>& values);

}  // namespace tarn::flight
