#pragma once

#include <string>

#include "base/error.h"

namespace tarn::io {

/// The Error for an errno value: which operation failed on which path.
Error posix_error(int error_number, std::string_view operation, std::string_view path);

}  // namespace tarn::io
