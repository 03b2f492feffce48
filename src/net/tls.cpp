#include "net/tls.h"

#include <sys/stat.h>

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <utility>

#include "net/tls_context.h"

namespace tarn::net {
namespace {

constexpr std::chrono::seconds kLookEvery{1};

std::int64_t now_ns() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// What tells one state of a file from another; through links, as orchestrators swap those.
struct FileState {
  std::uint64_t inode = 0;
  std::int64_t size = -1;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileState&) const = default;
};
using FileStates = std::array<FileState, 3>;

FileStates states_of(const TlsFiles& files) {
  FileStates states;
  std::size_t index = 0;
  for (const std::string* file : {&files.certificate, &files.key, &files.client_ca}) {
    struct stat found = {};
    if (!file->empty() && ::stat(file->c_str(), &found) == 0)
      states[index] = {found.st_ino, found.st_size, found.st_ctim.tv_sec, found.st_ctim.tv_nsec};
    ++index;
  }
  return states;
}

}  // namespace

struct TlsCertificate::Impl {
  TlsFiles files;
  Observer observer;
  std::atomic<std::int64_t> next_look_ns{0};
  mutable std::mutex mutex = {};             ///< Of what follows.
  FileStates seen = {};                      ///< When they were last read, with whatever outcome.
  std::shared_ptr<TlsContext> present = {};  ///< Never null once loaded.
};

TlsCertificate::TlsCertificate(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsCertificate::~TlsCertificate() = default;

Result<std::shared_ptr<TlsCertificate>> TlsCertificate::load(TlsFiles files, Observer observer) {
  auto impl = std::make_unique<Impl>();
  impl->files = std::move(files);
  impl->observer = std::move(observer);
  // Before they are read: what changes meanwhile is seen at the next look.
  impl->seen = states_of(impl->files);
  TARN_ASSIGN_OR_RETURN(impl->present, make_tls_context(impl->files));
  impl->next_look_ns = now_ns() + std::chrono::nanoseconds(kLookEvery).count();
  return std::shared_ptr<TlsCertificate>(new TlsCertificate(std::move(impl)));
}

std::shared_ptr<TlsContext> TlsCertificate::context() {
  const auto present = [this] {
    const std::lock_guard lock(impl_->mutex);
    return impl_->present;
  };
  const std::int64_t now = now_ns();
  std::int64_t due = impl_->next_look_ns.load();
  // One thread looks, the others go on with what there is.
  if (now < due ||
      !impl_->next_look_ns.compare_exchange_strong(due, now + std::chrono::nanoseconds(kLookEvery).count()))
    return present();
  const FileStates states = states_of(impl_->files);
  {
    const std::lock_guard lock(impl_->mutex);
    if (states == impl_->seen) return impl_->present;
    impl_->seen = states;
  }
  auto made = make_tls_context(impl_->files);
  if (made.ok()) {
    const std::lock_guard lock(impl_->mutex);
    impl_->present = *made;
  }
  if (impl_->observer) impl_->observer(made.ok() ? ok_status() : Status(made.error()), *this);
  return present();
}

std::int64_t TlsCertificate::expires_s() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->present->expires_s;
}

}  // namespace tarn::net
