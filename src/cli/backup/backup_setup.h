#pragma once

#include <filesystem>
#include <string>

#include "backup/create.h"
#include "backup/restore.h"
#include "cli/command_context.h"
#include "cli/progress/progress_bar.h"

namespace tarn::cli {

/// A folder of this process alone, removed with everything in it at the end.
class ScratchFolder {
 public:
  /// Below `parent`, or where the system keeps temporary files. Errors: io.failed.
  static Result<ScratchFolder> make(const std::string& parent = "");
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();
  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Where a repository lies: a folder's name as typed, made a location.
std::string repository_location(const std::string& written);

backup::Services backup_services(CommandContext& context);

/// Where bytes that landed lie in a landing zone.
std::function<std::string(const Sha256Digest&)> landed_at(CommandContext& context,
                                                          const std::string& landing);

/// Shows files and bytes on the bar; the bar must outlive it.
backup::Progress show_on(ProgressBar& bar);

}  // namespace tarn::cli
