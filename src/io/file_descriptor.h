#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace tarn::io {

/// Owns a POSIX file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      close();
      descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
  }
  ~FileDescriptor() { close(); }

  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }
  /// close(2)'s answer, 0 when there was nothing to close.
  int close();

 private:
  int descriptor_ = -1;
};

/// Writes all of `bytes`; `path` is for the error.
Status write_all(int descriptor, std::string_view bytes, const std::string& path);

/// Replaces `out` by the file's bytes, keeping its capacity.
Status read_whole_file(const std::string& path, std::string& out);

}  // namespace tarn::io
