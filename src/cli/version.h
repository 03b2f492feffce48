#pragma once

#include <string>

#include "cli/grid.h"

namespace tarn::cli {

/// "tarn 0.1.0 (853ca29)": version and commit.
std::string version_line();

/// Version, commit, compiler and every library with its version, as they are in this process.
Grid version_grid();

}  // namespace tarn::cli
