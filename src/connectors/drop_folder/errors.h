#pragma once

#include <span>

#include "base/error.h"

namespace tarn::drop_folder {

inline constexpr ErrorCode kMissing{"source.missing", ErrorClass::kUser,
                                    "The folder of a feed does not exist.",
                                    "Create the folder or correct `source.folder` in the feed."};
inline constexpr ErrorCode kChanged{"source.changed", ErrorClass::kTransient,
                                    "A file changed between being seen and being read.",
                                    "Nothing to do: it is read again when it is complete."};
inline constexpr ErrorCode kUnwatchable{
    "source.unwatchable", ErrorClass::kPermanent, "The system refused to watch a folder.",
    "Raise fs.inotify.max_user_watches; until then the rescan finds new files."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::drop_folder
