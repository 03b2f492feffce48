#pragma once

#include <filesystem>

#include "base/result.h"
#include "cli/health.h"

namespace tarn::cli {

// What this machine is like, for the judgements of health.h. Linux.

/// Of the file system that `folder` is on. Errors: those of posix_error().
Result<FileSystemFacts> file_system_facts(const std::filesystem::path& folder);
/// RLIMIT_NOFILE, the soft limit.
std::uint64_t open_file_limit();
/// fs.inotify.max_user_watches; nothing where it cannot be read.
std::optional<std::uint64_t> inotify_watches();
/// Folders at and below `folder`, which a watch is needed for; stops counting at `limit`.
std::uint64_t count_folders(const std::filesystem::path& folder, std::uint64_t limit);
std::uint64_t machine_memory();
/// The narrowest memory limit of the process's control groups; nothing where there is none.
std::optional<std::uint64_t> cgroup_memory();
/// Whether the folder can be written: a small file is made in it and removed. Errors: those of posix_error().
Status try_writing(const std::filesystem::path& folder);

}  // namespace tarn::cli
