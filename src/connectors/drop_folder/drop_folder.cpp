#include "drop_folder/drop_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>

#include "drop_folder/errors.h"
#include "drop_folder/watcher.h"
#include "io/file_descriptor.h"
#include "io/posix_error.h"

namespace tarn::drop_folder {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kUnfinishedEndings = {".part", ".tmp", ".filepart", ".crdownload"};

bool ends_with_in_any_case(std::string_view name, std::string_view lower_ending) {
  return name.size() >= lower_ending.size() &&
         std::ranges::equal(name.substr(name.size() - lower_ending.size()), lower_ending,
                            [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

bool passed_over(std::string_view name) {
  return name.starts_with('.') || std::ranges::any_of(kUnfinishedEndings, [name](std::string_view ending) {
           return ends_with_in_any_case(name, ending);
         });
}

std::int64_t modified_ns(const struct stat& info) {
  return info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec;
}

// Does some process hold the file open for writing? A read lease is refused exactly then. Where leases cannot
// be had (another owner, a network file system), the answer is "not known to".
bool has_writer(const std::string& path) {
  const io::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file.valid()) return false;
  if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno == EAGAIN;
}

class DropFolder final : public connect::Source {
 public:
  explicit DropFolder(DropFolderOptions options) : options_(std::move(options)) {}

  Result<connect::SourceScan> scan() override {
    connect::SourceScan found;
    const std::int64_t now_ns = options_.now_us() * 1000;
    std::error_code error;
    fs::recursive_directory_iterator entry(options_.folder, fs::directory_options::skip_permission_denied,
                                           error);
    if (error) return Error(kMissing, "cannot list " + options_.folder + ": " + error.message());
    for (; entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (error) return io::posix_error(error.value(), "list", options_.folder);
      const std::string path = entry->path().string();
      struct stat info {};
      if (::lstat(path.c_str(), &info) != 0) continue;  // vanished since it was listed
      if (S_ISDIR(info.st_mode)) {
        if (passed_over(entry->path().filename().string()) || is_excluded(path))
          entry.disable_recursion_pending();
        continue;
      }
      if (!S_ISREG(info.st_mode) || passed_over(entry->path().filename().string())) continue;
      if (is_complete(path, info, now_ns)) {
        found.complete.push_back({path.substr(options_.folder.size() + 1),
                                  static_cast<std::uint64_t>(info.st_size), modified_ns(info), info.st_ino});
      } else {
        ++found.unsettled;
      }
    }
    std::ranges::sort(found.complete, [](const auto& a, const auto& b) {
      return std::tie(a.modified_ns, a.path) < std::tie(b.modified_ns, b.path);
    });
    return found;
  }

  Status read(const connect::SourceFile& file, std::string& out) override {
    const std::string path = options_.folder + "/" + file.path;
    TARN_RETURN_IF_ERROR(io::read_whole_file(path, out));
    struct stat info {};
    if (out.size() != file.size_bytes || ::lstat(path.c_str(), &info) != 0 || !is_same(file, info)) {
      return Error(kChanged, "`" + file.path + "` changed while it was read");
    }
    return ok_status();
  }

  Status acknowledge(const connect::SourceFile& file, const connect::Release& release) override {
    const std::string path = options_.folder + "/" + file.path;
    if (watcher_) watcher_->forget(path);
    if (release.after == connect::After::kKeep) return ok_status();
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0 || !is_same(file, info)) return ok_status();
    if (release.after == connect::After::kDelete) {
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) return io::posix_error(errno, "delete", path);
      return ok_status();
    }
    return move_away(file, path, release.move_to);
  }

  Result<bool> wait(std::chrono::milliseconds timeout, std::stop_token stop) override {
    if (watcher_) return watcher_->wait(timeout, std::move(stop));
    TARN_ASSIGN_OR_RETURN(watcher_, Watcher::start(options_.folder, options_.excluded));
    return true;  // what arrived before the watch began is found by the next scan
  }

 private:
  bool is_excluded(const std::string& path) const {
    return std::ranges::find(options_.excluded, path) != options_.excluded.end();
  }

  static bool is_same(const connect::SourceFile& file, const struct stat& info) {
    return file.size_bytes == static_cast<std::uint64_t>(info.st_size) &&
           file.modified_ns == modified_ns(info) && file.inode == info.st_ino;
  }

  bool is_complete(const std::string& path, const struct stat& info, std::int64_t now_ns) const {
    const bool finished = watcher_ && watcher_->finished().contains(path);
    // Both times must be old: a rename or a restored modification time still moves the change time.
    const std::int64_t changed_ns = info.st_ctim.tv_sec * 1'000'000'000LL + info.st_ctim.tv_nsec;
    const std::int64_t newest_ns = std::max(modified_ns(info), changed_ns);
    const std::int64_t settle_ns = std::chrono::nanoseconds(options_.settle).count();
    // A time in the future comes from another clock; it cannot be waited for.
    const bool settled = newest_ns <= now_ns - settle_ns || modified_ns(info) > now_ns + settle_ns;
    if (!finished && !settled) return false;
    // The kernel is asked about recent files only: old ones were closed long ago, and a lease costs three
    // calls.
    const bool recent = newest_ns > now_ns - 60 * 1'000'000'000LL;
    return !recent || !has_writer(path);
  }

  static Status move_away(const connect::SourceFile& file, const std::string& path,
                          const std::string& folder) {
    const fs::path target = fs::path(folder) / file.path;
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) return io::posix_error(error.value(), "make the folder of", target.string());
    // A name that is taken gets a number, so that no earlier file is overwritten.
    fs::path free = target;
    for (int number = 2; fs::exists(free, error) && !error; ++number) {
      free = target;
      free += "." + std::to_string(number);
    }
    fs::rename(path, free, error);
    if (error == std::errc::cross_device_link) {
      fs::copy_file(path, free, error);
      if (!error) fs::remove(path, error);
      std::error_code ignored;  // the first error is the one to tell
      if (error) fs::remove(free, ignored);
    }
    if (error) return io::posix_error(error.value(), "move", path);
    return ok_status();
  }

  DropFolderOptions options_;
  std::optional<Watcher> watcher_;
};

}  // namespace

std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array<const ErrorCode*, 3> kAll = {&kMissing, &kChanged, &kUnwatchable};
  return kAll;
}

Result<std::unique_ptr<connect::Source>> open_drop_folder(DropFolderOptions options) {
  std::error_code error;
  if (!fs::is_directory(options.folder, error)) {
    return Error(kMissing, "the folder " + options.folder + " does not exist");
  }
  const auto without_slash = [](std::string& path) {
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  };
  without_slash(options.folder);
  std::ranges::for_each(options.excluded, without_slash);
  return std::unique_ptr<connect::Source>(std::make_unique<DropFolder>(std::move(options)));
}

}  // namespace tarn::drop_folder
