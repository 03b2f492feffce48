#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace tarn::state {

/// The code for an error of the server, which goes on with the session.
const ErrorCode& code_of_sqlstate(std::string_view sqlstate);
/// Whether the server ends the session after an error.
bool ends_session(std::string_view sqlstate);
/// A message of libpq without line ends.
std::string one_line(std::string_view message);

}  // namespace tarn::state
