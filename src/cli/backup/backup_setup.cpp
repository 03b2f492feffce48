#include "cli/backup/backup_setup.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "base/size.h"
#include "ingest/landing_zone.h"
#include "io/errors.h"
#include "io/posix_error.h"

namespace tarn::cli {

namespace fs = std::filesystem;

Result<ScratchFolder> ScratchFolder::make(const std::string& parent) {
  std::error_code failed;
  const fs::path folder = parent.empty() ? fs::temp_directory_path(failed) : fs::absolute(parent, failed);
  if (!failed) fs::create_directories(folder, failed);
  if (failed) return Error(io::kFailed, fmt::format("cannot make {}: {}", folder.string(), failed.message()));
  std::string path = (folder / "tarn-XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) return io::posix_error(errno, "making", path);
  return ScratchFolder(std::move(path));
}

ScratchFolder::~ScratchFolder() {
  std::error_code failed;  // what stays lies among temporary files
  if (!path_.empty()) fs::remove_all(path_, failed);
}

std::string repository_location(const std::string& written) {
  std::string location = written;
  if (written.find("://") == std::string::npos)
    location = io::file_uri(fs::absolute(written).lexically_normal().string());
  while (location.ends_with('/') && !location.ends_with("://")) location.pop_back();
  return location;
}

backup::Services backup_services(CommandContext& context) {
  return {context.store(), context.clock(), context.random()};
}

std::function<std::string(const Sha256Digest&)> landed_at(CommandContext& context,
                                                          const std::string& landing) {
  return [zone = ingest::LandingZone(context.store(), landing)](const Sha256Digest& sha256) {
    return zone.location_of(sha256);
  };
}

backup::Progress show_on(ProgressBar& bar) {
  return [&bar](std::uint64_t files, std::uint64_t of, std::uint64_t bytes) {
    bar.set_total(of);
    bar.update(files, format_size(bytes));
  };
}

}  // namespace tarn::cli
