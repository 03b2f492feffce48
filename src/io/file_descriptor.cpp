#include "io/file_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "io/errors.h"
#include "io/posix_error.h"

namespace tarn::io {

int FileDescriptor::close() {
  if (descriptor_ < 0) return 0;
  return ::close(std::exchange(descriptor_, -1));
}

Status write_all(int descriptor, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return posix_error(errno, "write", path);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return ok_status();
}

Status read_whole_file(const std::string& path, std::string& out) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return posix_error(errno, "open", path);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return posix_error(errno, "look at", path);
  if (!S_ISREG(info.st_mode)) return Error(kFailed, "cannot read " + path + ": it is not a regular file");
  out.resize(static_cast<std::size_t>(info.st_size));
  std::size_t filled = 0;
  while (true) {
    if (filled == out.size()) {
      // Full: one more byte tells whether the file grew meanwhile.
      char extra = 0;
      const ssize_t more = ::read(file.get(), &extra, 1);
      if (more < 0 && errno == EINTR) continue;
      if (more < 0) return posix_error(errno, "read", path);
      if (more == 0) return ok_status();
      out.push_back(extra);
      ++filled;
      out.resize(out.size() + (std::size_t{1} << 16));
      continue;
    }
    const ssize_t count = ::read(file.get(), out.data() + filled, out.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return posix_error(errno, "read", path);
    if (count == 0) {
      out.resize(filled);
      return ok_status();
    }
    filled += static_cast<std::size_t>(count);
  }
}

}  // namespace tarn::io
