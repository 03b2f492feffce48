#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "io/file_descriptor.h"

namespace tarn::drop_folder {

/// Watches a folder and everything below it by inotify(7). One thread at a time.
class Watcher {
 public:
  /// Begins to watch. source.unwatchable when the system's limits do not allow it.
  /// Folders of the list `excluded` (absolute paths) are left out with all below them.
  static Result<Watcher> start(const std::string& folder, std::vector<std::string> excluded);

  /// Waits for events until `timeout` or a stop; true when something happened.
  Result<bool> wait(std::chrono::milliseconds timeout, std::stop_token stop);

  /// The files closed by a writer or renamed into place since the watch began and not forgotten since:
  /// absolute paths.
  const std::unordered_set<std::string>& finished() const { return finished_; }
  void forget(const std::string& path) { finished_.erase(path); }

 private:
  Watcher(io::FileDescriptor inotify, std::vector<std::string> excluded)
      : inotify_(std::move(inotify)), excluded_(std::move(excluded)) {}
  Status add_tree(const std::string& folder);
  Status drain();

  io::FileDescriptor inotify_;
  std::vector<std::string> excluded_;
  std::unordered_map<int, std::string> folders_;  // by watch descriptor
  std::unordered_set<std::string> finished_;
};

}  // namespace tarn::drop_folder
