#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "base/result.h"
#include "io/file_descriptor.h"

namespace tarn::drop_folder {

/// Watches a folder and everything below it by inotify(7). One thread at a time.
class Watcher {
 public:
  /// Begins to watch. source.unwatchable when the system's limits do not allow it.
  static Result<Watcher> start(const std::string& folder);

  /// Waits for events until `timeout` or a stop; true when something happened.
  Result<bool> wait(std::chrono::milliseconds timeout, std::stop_token stop);

  /// The files closed by a writer or renamed into place since the watch began and not forgotten since:
  /// absolute paths.
  const std::unordered_set<std::string>& finished() const { return finished_; }
  void forget(const std::string& path) { finished_.erase(path); }

 private:
  explicit Watcher(io::FileDescriptor inotify) : inotify_(std::move(inotify)) {}
  Status add_tree(const std::string& folder);
  Status drain();

  io::FileDescriptor inotify_;
  std::unordered_map<int, std::string> folders_;  // by watch descriptor
  std::unordered_set<std::string> finished_;
};

}  // namespace tarn::drop_folder
