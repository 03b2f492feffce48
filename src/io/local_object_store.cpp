#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <mutex>
#include <set>
#include <utility>

#include "io/errors.h"
#include "io/file_descriptor.h"
#include "io/object_store.h"
#include "io/posix_error.h"

namespace tarn::io {
namespace {

namespace fs = std::filesystem;

// Written objects wait under a name that ends so until they are whole; list() does not show them.
constexpr std::string_view kUnfinished = ".tarn-unfinished";
// Up to this many files, one fsync each is cheaper than flushing the whole file system.
constexpr std::size_t kFilesForSingleSync = 16;

Status sync_path(const std::string& path, int flags) {
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
  if (!file.valid()) return errno == ENOENT ? ok_status() : Status(posix_error(errno, "open", path));
  if (::fsync(file.get()) != 0) return posix_error(errno, "sync", path);
  return ok_status();
}

/// What was published since the last sync().
class PendingSync {
 public:
  void add(const std::string& path) {
    const std::lock_guard lock(mutex_);
    paths_.push_back(path);
  }
  /// A folder in which another one was made.
  void add_folder(const std::string& folder) {
    const std::lock_guard lock(mutex_);
    folders_.insert(folder);
  }

  /// Held while files are flushed, and only for that: what another thread has taken to flush may be the
  /// caller's, and is not durable before it is done.
  Status flush() {
    const std::lock_guard flushing(flushing_);
    std::vector<std::string> paths;
    std::set<std::string> folders;
    {
      const std::lock_guard lock(mutex_);
      paths.swap(paths_);
      folders.swap(folders_);
    }
    Status status =
        paths.size() <= kFilesForSingleSync ? flush_each(paths, folders) : flush_file_systems(paths);
    if (!status.ok()) {  // still owed
      const std::lock_guard lock(mutex_);
      paths_.insert(paths_.end(), paths.begin(), paths.end());
      folders_.merge(folders);
    }
    return status;
  }

 private:
  static Status flush_each(const std::vector<std::string>& paths, std::set<std::string> folders) {
    for (const std::string& path : paths) {
      TARN_RETURN_IF_ERROR(sync_path(path, O_RDONLY));
      folders.insert(fs::path(path).parent_path().string());
    }
    for (const std::string& folder : folders) TARN_RETURN_IF_ERROR(sync_path(folder, O_RDONLY | O_DIRECTORY));
    return ok_status();
  }

  static Status flush_file_systems(const std::vector<std::string>& paths) {
    std::set<dev_t> seen;
    std::string last_folder;
    for (const std::string& path : paths) {
      const std::string folder = fs::path(path).parent_path().string();
      if (folder == last_folder) continue;
      last_folder = folder;
      FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      struct stat info {};
      if (!descriptor.valid() || ::fstat(descriptor.get(), &info) != 0)
        return posix_error(errno, "open", folder);
      if (!seen.insert(info.st_dev).second) continue;
      if (::syncfs(descriptor.get()) != 0) return posix_error(errno, "sync", folder);
    }
    return ok_status();
  }

  std::mutex flushing_;
  std::mutex mutex_;  // of what follows
  std::vector<std::string> paths_;
  std::set<std::string> folders_;
};

std::string unfinished_name(const std::string& path) {
  static std::atomic<std::uint64_t> next{0};
  return path + "." + std::to_string(::getpid()) + "-" + std::to_string(next.fetch_add(1)) +
         std::string(kUnfinished);
}

Status publish(const std::string& temporary, const std::string& path, IfExists if_exists) {
  if (if_exists == IfExists::kFail) {
    // link() refuses an existing name, which rename() would replace.
    const int linked = ::link(temporary.c_str(), path.c_str());
    const int error_number = errno;
    ::unlink(temporary.c_str());
    if (linked != 0) return posix_error(error_number, "create", path);
    return ok_status();
  }
  if (::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0)
    return ok_status();
  // What is replaced may be durable and vouched for. A file system that writes names before bytes must not
  // leave half of the new object in its place.
  if (errno != EEXIST && errno != EINVAL) return posix_error(errno, "rename into", path);
  TARN_RETURN_IF_ERROR(sync_path(temporary, O_RDONLY));
  if (::rename(temporary.c_str(), path.c_str()) != 0) return posix_error(errno, "rename into", path);
  return ok_status();
}

// Makes the folder and those above it that are missing.
Status make_folders(const fs::path& folder, PendingSync& pending) {
  std::error_code error;
  for (fs::path missing = folder; missing.has_relative_path() && !fs::exists(missing, error);
       missing = missing.parent_path())
    pending.add_folder(missing.parent_path().string());
  fs::create_directories(folder, error);
  if (error) return posix_error(error.value(), "make the folder", folder.string());
  return ok_status();
}

class LocalWriter final : public ObjectWriter {
 public:
  LocalWriter(std::string path, std::string temporary, FileDescriptor file, PendingSync& pending)
      : path_(std::move(path)), temporary_(std::move(temporary)), file_(std::move(file)), pending_(pending) {}
  LocalWriter(const LocalWriter&) = delete;
  LocalWriter& operator=(const LocalWriter&) = delete;
  ~LocalWriter() override {
    if (!closed_) ::unlink(temporary_.c_str());
  }

  Status write(std::string_view bytes) override { return write_all(file_.get(), bytes, path_); }

  Status close() override { return close_as(IfExists::kReplace); }

  Status close_as(IfExists if_exists) {
    if (file_.close() != 0) return posix_error(errno, "close", path_);
    TARN_RETURN_IF_ERROR(publish(temporary_, path_, if_exists));
    closed_ = true;
    pending_.add(path_);
    return ok_status();
  }

 private:
  std::string path_;
  std::string temporary_;
  FileDescriptor file_;
  PendingSync& pending_;
  bool closed_ = false;
};

class LocalObjectStore final : public ObjectStore {
 public:
  Result<std::string> read(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const std::string path, local_path(location));
    std::string bytes;
    TARN_RETURN_IF_ERROR(read_whole_file(path, bytes));
    return bytes;
  }

  Result<ObjectInfo> stat(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const std::string path, local_path(location));
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return posix_error(errno, "look at", path);
    return ObjectInfo{location, static_cast<std::uint64_t>(info.st_size),
                      info.st_mtim.tv_sec * 1'000'000 + info.st_mtim.tv_nsec / 1000};
  }

  Status write(const std::string& location, std::string_view bytes, IfExists if_exists) override {
    TARN_ASSIGN_OR_RETURN(const auto writer, open_writer(location));
    TARN_RETURN_IF_ERROR(writer->write(bytes));
    return writer->close_as(if_exists);
  }

  Result<std::unique_ptr<ObjectWriter>> create(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(auto writer, open_writer(location));
    return std::unique_ptr<ObjectWriter>(std::move(writer));
  }

  Status sync() override { return pending_.flush(); }

  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override {
    TARN_ASSIGN_OR_RETURN(const std::string root, local_path(prefix));
    std::vector<ObjectInfo> found;
    std::error_code error;
    fs::recursive_directory_iterator entry(root, error);
    if (error == std::errc::no_such_file_or_directory) return found;
    const bool as_uri = prefix.starts_with("file:");
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (!entry->is_regular_file(error) || error) continue;
      const std::string path = entry->path().string();
      if (path.ends_with(kUnfinished)) continue;
      TARN_ASSIGN_OR_RETURN(ObjectInfo info, stat(path));
      if (as_uri) info.location = file_uri(path);
      found.push_back(std::move(info));
    }
    if (error) return posix_error(error.value(), "list", root);
    std::ranges::sort(found, {}, &ObjectInfo::location);
    return found;
  }

  Status remove(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const std::string path, local_path(location));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return posix_error(errno, "remove", path);
    return ok_status();
  }

  Status make_folder(const std::string& location) override {
    TARN_ASSIGN_OR_RETURN(const std::string path, local_path(location));
    return make_folders(path, pending_);
  }

 private:
  Result<std::unique_ptr<LocalWriter>> open_writer(const std::string& location) {
    TARN_ASSIGN_OR_RETURN(std::string path, local_path(location));
    std::string temporary = unfinished_name(path);
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    FileDescriptor file(::open(temporary.c_str(), kFlags, 0640));
    if (!file.valid() && errno == ENOENT) {  // the common case is that the folder is there
      TARN_RETURN_IF_ERROR(make_folders(fs::path(path).parent_path(), pending_));
      file = FileDescriptor(::open(temporary.c_str(), kFlags, 0640));
    }
    if (!file.valid()) return posix_error(errno, "create", path);
    return std::make_unique<LocalWriter>(std::move(path), std::move(temporary), std::move(file), pending_);
  }

  PendingSync pending_;
};

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::unique_ptr<ObjectStore> make_local_object_store() {
  return std::make_unique<LocalObjectStore>();
}

Result<std::string> local_path(std::string_view location) {
  const std::string original(location);
  if (location.starts_with("file:")) {
    location.remove_prefix(5);
    if (location.starts_with("//")) {
      location.remove_prefix(2);
      if (location.starts_with("localhost/")) location.remove_prefix(9);
    }
    std::string path;
    for (std::size_t i = 0; i < location.size(); ++i) {
      if (location[i] == '%' && i + 2 < location.size() && hex_digit(location[i + 1]) >= 0 &&
          hex_digit(location[i + 2]) >= 0) {
        path += static_cast<char>(hex_digit(location[i + 1]) * 16 + hex_digit(location[i + 2]));
        i += 2;
      } else {
        path += location[i];
      }
    }
    if (!path.starts_with('/') || path.find('\0') != std::string::npos) {
      return Error(kBadLocation, "`" + original + "` names no absolute path");
    }
    return path;
  }
  if (!location.starts_with('/'))
    return Error(kBadLocation, "`" + original + "` is no absolute path, file: or s3: location");
  return original;
}

std::string file_uri(std::string_view absolute_path) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string uri = "file://";
  for (char c : absolute_path) {
    const auto byte = static_cast<unsigned char>(c);
    // Percent signs, controls and the characters that end a path in a URI are escaped; the rest stays
    // readable, because not every Iceberg reader decodes.
    if (byte <= 0x20 || byte == 0x7F || c == '%' || c == '?' || c == '#') {
      uri += '%';
      uri += kDigits[byte >> 4];
      uri += kDigits[byte & 15];
    } else {
      uri += c;
    }
  }
  return uri;
}

}  // namespace tarn::io
