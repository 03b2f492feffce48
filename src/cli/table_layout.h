#pragma once

#include <cstddef>
#include <string>

#include "cli/render.h"

namespace tarn::cli {

/// The grid as a box of lines, at most `options.terminal.width` columns wide (0: any).
std::string layout_table(const Grid& grid, const RenderOptions& options);

/// The grid as one block of `column | value` lines for each row.
std::string layout_expanded(const Grid& grid, const RenderOptions& options);

}  // namespace tarn::cli
