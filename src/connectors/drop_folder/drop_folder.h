#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "connect/source.h"

namespace tarn::drop_folder {

struct DropFolderOptions {
  std::string folder;                      ///< Absolute path; must exist.
  std::chrono::milliseconds settle{2000};  ///< Size and time stable this long make a file complete.
  std::vector<std::string> excluded =
      {};                                ///< Absolute paths of folders below `folder` that hold no arrivals.
  std::function<std::int64_t()> now_us;  ///< Microseconds since the epoch.
};

/// Opens the folder as a source. source.missing when it does not exist.
///
/// A file is complete when it was renamed into place or closed by its writer while being watched, or when its
/// size and time stayed the same for `settle`; and never while some process of this machine holds it open for
/// writing (asked of the kernel by a read lease, where the file system grants one). Hidden files and names
/// that mark unfinished uploads (`.part`, `.tmp`, `.filepart`, `.crdownload`, in any case) are passed over,
/// symbolic links are not followed.
Result<std::unique_ptr<connect::Source>> open_drop_folder(DropFolderOptions options);

}  // namespace tarn::drop_folder
