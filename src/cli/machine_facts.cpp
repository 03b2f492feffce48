#include "cli/machine_facts.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "io/file_descriptor.h"
#include "io/posix_error.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

std::string small_file(const fs::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// The control group's path below the mount, of version 2 ("0::/a/b").
std::string cgroup_path() {
  std::istringstream lines(small_file("/proc/self/cgroup"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

}  // namespace

Result<FileSystemFacts> file_system_facts(const fs::path& folder) {
  struct statfs kind = {};
  struct statvfs space = {};
  if (::statfs(folder.c_str(), &kind) != 0) return io::posix_error(errno, "statfs", folder.string());
  if (::statvfs(folder.c_str(), &space) != 0) return io::posix_error(errno, "statvfs", folder.string());
  return FileSystemFacts{.magic = kind.f_type,
                         .total_bytes = std::uint64_t{space.f_blocks} * space.f_frsize,
                         .free_bytes = std::uint64_t{space.f_bavail} * space.f_frsize,
                         .total_inodes = space.f_files,
                         .free_inodes = space.f_favail};
}

std::uint64_t open_file_limit() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

std::optional<std::uint64_t> inotify_watches() {
  return parse_cgroup_limit(small_file("/proc/sys/fs/inotify/max_user_watches"));
}

std::uint64_t count_folders(const fs::path& folder, std::uint64_t limit) {
  std::error_code failed;
  if (!fs::is_directory(folder, failed)) return 1;
  std::uint64_t count = 1;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, failed);
  for (; !failed && at != fs::recursive_directory_iterator() && count < limit; at.increment(failed)) {
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) ++count;
  }
  return count;
}

std::uint64_t machine_memory() {
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page_size = ::sysconf(_SC_PAGE_SIZE);
  return pages > 0 && page_size > 0
             ? static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size)
             : UINT64_MAX;
}

std::optional<std::uint64_t> cgroup_memory() {
  std::optional<std::uint64_t> narrowest =
      parse_cgroup_limit(small_file("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
  // Every group on the way to the root limits what is in it.
  for (fs::path path = cgroup_path(); !path.empty(); path = path.parent_path()) {
    const auto limit = parse_cgroup_limit(small_file("/sys/fs/cgroup" + path.string() + "/memory.max"));
    if (limit) narrowest = std::min(*limit, narrowest.value_or(UINT64_MAX));
    if (path == path.parent_path()) break;
  }
  return narrowest;
}

Status try_writing(const fs::path& folder) {
  const std::string name = (folder / (".tarn-doctor-" + std::to_string(::getpid()))).string();
  const io::FileDescriptor file(::open(name.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (file.get() < 0) return io::posix_error(errno, "create", name);
  const bool written = ::write(file.get(), "tarn", 4) == 4;
  const int error_number = errno;
  ::unlink(name.c_str());
  if (!written) return io::posix_error(error_number, "write", name);
  return ok_status();
}

}  // namespace tarn::cli
