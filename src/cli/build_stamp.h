#pragma once

#include <string_view>

namespace tarn::cli {

/// Defined in a file that the build writes anew only when the commit has changed.
std::string_view build_version();
/// Twelve digits, with "+changes" when the tree had uncommitted ones; "unknown" outside of a repository.
std::string_view build_commit();

}  // namespace tarn::cli
