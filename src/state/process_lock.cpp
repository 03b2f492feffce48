#include "state/process_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/civil_time.h"
#include "io/posix_error.h"
#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::size_t kMaxLockText = 4096;
constexpr int kFileMode = 0644;
constexpr int kAttempts = 5;
constexpr std::chrono::milliseconds kBetweenAttempts{20};

Error denied(std::string_view operation, const std::string& path) {
  return Error(kDenied, io::posix_error(errno, operation, path).message());
}

Result<std::optional<LockHolder>> read_holder(int descriptor, const std::string& path) {
  std::string text(kMaxLockText, '\0');
  const ssize_t length = ::pread(descriptor, text.data(), text.size(), 0);
  if (length < 0) return denied("reading", path);
  text.resize(static_cast<std::size_t>(length));
  return parse_lock_holder(text);
}

std::string describe(const std::optional<LockHolder>& holder) {
  if (!holder) return "another tarn process, which has not written its name yet";
  return fmt::format("`{}` (pid {}{}), since {}", holder->command, holder->pid,
                     holder->host.empty() ? "" : " on " + holder->host,
                     format_timestamp_utc(holder->since_us));
}

std::string holder_text(const std::string& command, io::Clock& clock) {
  std::string line = command;
  for (char& letter : line)
    if (letter == '\n' || letter == '\r') letter = ' ';
  return fmt::format("pid {}\ncommand {}\nsince_us {}\n", ::getpid(), line.substr(0, 1000), clock.now_us());
}

std::string lock_file(const Database& database) {
  return (std::filesystem::path(database.name()).parent_path() / "tarn.lock").string();
}

std::string host_name() {
  std::string name(256, '\0');
  if (::gethostname(name.data(), name.size() - 1) != 0) return "an unnamed host";
  return name.c_str();
}

// Takes one line of "key value\n"; nothing when it does not begin with the key.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return std::nullopt;
  const std::string_view value = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return value;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::optional<LockHolder> parse_lock_holder(std::string_view text) {
  // A line end inside of a value would have ended it, so the lines are taken by their keys' length.
  const auto pid_text = text.starts_with("pid ") ? take_line(text, "pid ") : std::nullopt;
  const auto command = pid_text ? take_line(text, "command ") : std::nullopt;
  const auto since_text = command ? take_line(text, "since_us ") : std::nullopt;
  if (!since_text) return std::nullopt;
  const auto pid = parse_number(*pid_text);
  const auto since_us = parse_number(*since_text);
  if (!pid || !since_us) return std::nullopt;
  const auto host = take_line(text, "host ");
  return LockHolder{.pid = *pid,
                    .host = std::string(host.value_or("")),
                    .command = std::string(*command),
                    .since_us = *since_us};
}

Result<ProcessLock> ProcessLock::acquire(Database& database, const std::string& command, io::Clock& clock) {
  if (database.is_server()) return acquire_on_server(database, command, clock);
  return acquire(lock_file(database), command, clock);
}

Result<ProcessLock> ProcessLock::acquire_on_server(Database& database, const std::string& command,
                                                   io::Clock& clock) {
  Status locked = database.lock_writer(fmt::format("{}host {}\n", holder_text(command, clock), host_name()));
  if (locked.ok()) return ProcessLock(database);
  if (locked.error().name() != kLocked.name) return std::move(locked).error();
  TARN_ASSIGN_OR_RETURN(const auto other, holder(database));
  return Error(kLocked, "the project is in use by " + describe(other));
}

Result<std::optional<LockHolder>> ProcessLock::holder(Database& database) {
  if (!database.is_server()) return holder(lock_file(database));
  TARN_ASSIGN_OR_RETURN(const auto text, database.locked_by());
  if (!text) return std::optional<LockHolder>();
  const auto holder = parse_lock_holder(*text);
  return holder ? holder : LockHolder{.pid = 0, .command = "unknown", .since_us = 0};
}

Result<ProcessLock> ProcessLock::acquire(const std::string& path, const std::string& command,
                                         io::Clock& clock) {
  std::error_code failed;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, failed);
  if (failed)
    return Error(kDenied, fmt::format("cannot make the folder {}: {}", parent.string(), failed.message()));
  io::FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kFileMode));
  if (!file.valid()) return denied("opening", path);
  // A holder without a name is one that has just begun, or somebody asking holder(): look again.
  for (int attempt = 1; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (errno != EWOULDBLOCK) return denied("locking", path);
    TARN_ASSIGN_OR_RETURN(const auto holder, read_holder(file.get(), path));
    if (holder || attempt == kAttempts) return Error(kLocked, "the project is in use by " + describe(holder));
    clock.sleep(kBetweenAttempts, {});
  }
  const std::string text = holder_text(command, clock);
  if (::ftruncate(file.get(), 0) != 0) return denied("truncating", path);
  TARN_RETURN_IF_ERROR(io::write_all(file.get(), text, path));
  return ProcessLock(std::move(file));
}

Result<std::optional<LockHolder>> ProcessLock::holder(const std::string& path) {
  const io::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) {
    if (errno == ENOENT) return std::optional<LockHolder>();
    return denied("opening", path);
  }
  // A shared lock that is had at once proves that nobody holds the exclusive one; closing gives it back.
  if (::flock(file.get(), LOCK_SH | LOCK_NB) == 0) return std::optional<LockHolder>();
  if (errno != EWOULDBLOCK) return denied("locking", path);
  TARN_ASSIGN_OR_RETURN(auto holder, read_holder(file.get(), path));
  return holder ? holder : LockHolder{.pid = 0, .command = "unknown", .since_us = 0};
}

ProcessLock& ProcessLock::operator=(ProcessLock&& other) noexcept {
  if (this != &other) {
    release();
    file_ = std::move(other.file_);
    server_ = std::exchange(other.server_, nullptr);
  }
  return *this;
}

ProcessLock::~ProcessLock() {
  release();
}

void ProcessLock::release() {
  if (server_ != nullptr) std::exchange(server_, nullptr)->unlock_writer();
  if (!file_.valid()) return;
  // Without the name, no one is sent to look for a process that has gone; closing gives the lock back anyway.
  [[maybe_unused]] const int truncated = ::ftruncate(file_.get(), 0);
  file_.close();
}

}  // namespace tarn::state
