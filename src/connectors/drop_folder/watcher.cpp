#include "drop_folder/watcher.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "drop_folder/errors.h"
#include "io/posix_error.h"

namespace tarn::drop_folder {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMask =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_DELETE_SELF | IN_ONLYDIR;
// A stop is noticed within this time.
constexpr std::chrono::milliseconds kPollSlice{200};

}  // namespace

Result<Watcher> Watcher::start(const std::string& folder, std::vector<std::string> excluded) {
  io::FileDescriptor inotify(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!inotify.valid()) return Error(kUnwatchable, std::string("inotify_init1: ") + std::strerror(errno));
  Watcher watcher(std::move(inotify), std::move(excluded));
  TARN_RETURN_IF_ERROR(watcher.add_tree(folder));
  return watcher;
}

Status Watcher::add_tree(const std::string& folder) {
  if (std::ranges::find(excluded_, folder) != excluded_.end()) return ok_status();
  const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(), kMask);
  if (watch < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return ok_status();  // gone meanwhile
    return Error(kUnwatchable, "cannot watch " + folder + ": " + std::strerror(errno));
  }
  folders_[watch] = folder;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;  // an entry that vanished is no entry
    if (entry->is_directory(ignored) && !entry->is_symlink(ignored)) {
      TARN_RETURN_IF_ERROR(add_tree(entry->path().string()));
    }
  }
  return ok_status();
}

Status Watcher::drain() {
  alignas(inotify_event) std::array<char, 1 << 16> buffer;
  while (true) {
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return ok_status();
    if (size < 0) return io::posix_error(errno, "read events of", "inotify");
    for (ssize_t offset = 0; offset < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer.data() + offset);
      offset += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      const auto folder = folders_.find(event->wd);
      if (folder == folders_.end()) continue;
      if ((event->mask & IN_IGNORED) != 0) {
        folders_.erase(folder);
        continue;
      }
      if (event->len == 0) continue;
      const std::string path = folder->second + "/" + event->name;
      if ((event->mask & IN_ISDIR) != 0) {
        if ((event->mask & (IN_CREATE | IN_MOVED_TO)) != 0) TARN_RETURN_IF_ERROR(add_tree(path));
      } else if ((event->mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) {
        finished_.insert(path);
      } else if ((event->mask & IN_MODIFY) != 0) {
        finished_.erase(path);  // somebody writes again
      }
    }
  }
}

Result<bool> Watcher::wait(std::chrono::milliseconds timeout, std::stop_token stop) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (!stop.stop_requested()) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() < 0) return false;
    pollfd poll_request{inotify_.get(), POLLIN, 0};
    const int ready = ::poll(&poll_request, 1, static_cast<int>(std::min(left, kPollSlice).count()));
    if (ready < 0 && errno != EINTR) return io::posix_error(errno, "wait for events of", "inotify");
    if (ready > 0) {
      TARN_RETURN_IF_ERROR(drain());
      return true;
    }
    if (left.count() == 0) return false;
  }
  return false;
}

}  // namespace tarn::drop_folder
