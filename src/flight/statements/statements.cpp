#include "flight/statements/statements.h"

#include <algorithm>
#include <utility>

#include "flight/errors.h"
#include "flight/random_handle.h"

namespace tarn::flight {
namespace {

Error no_such(const char* what) {
  return Error(kNoSuchHandle, std::string("there is no such ") + what + " (any more)");
}

template <typename Kept>
std::size_t count_of(const std::map<std::string, Kept>& all, const std::string& user) {
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [&](const auto& one) { return one.second.user == user; }));
}

}  // namespace

std::string Statements::add(const std::string& user, Ask ask) {
  std::string handle = random_handle(random_);
  const std::lock_guard lock(mutex_);
  if (count_of(unread_, user) >= kOfUser) {
    auto oldest = unread_.end();
    for (auto at = unread_.begin(); at != unread_.end(); ++at) {
      const bool is_older = oldest == unread_.end() || at->second.until_us < oldest->second.until_us;
      if (at->second.user == user && is_older) oldest = at;
    }
    unread_.erase(oldest);
  }
  unread_[handle] = {user, clock_.monotonic_us() + kUnreadLifeUs, std::move(ask)};
  return handle;
}

Result<Ask> Statements::take(const std::string& user, const std::string& handle) {
  const std::lock_guard lock(mutex_);
  const auto found = unread_.find(handle);
  if (found == unread_.end() || found->second.user != user) return no_such("ticket");
  Ask ask = std::move(found->second.value);
  unread_.erase(found);
  return ask;
}

Result<std::string> Statements::add_prepared(const std::string& user, Prepared prepared) {
  std::string handle = random_handle(random_);
  const std::lock_guard lock(mutex_);
  if (count_of(prepared_, user) >= kOfUser)
    return Error(kTooManyStatements, "there are too many prepared statements").with_hint("close some");
  prepared_[handle] = {user, clock_.monotonic_us() + kIdleLifeUs, std::move(prepared)};
  return handle;
}

Statements::Kept<Prepared>* Statements::find(const std::string& user, const std::string& handle) {
  const auto found = prepared_.find(handle);
  if (found == prepared_.end() || found->second.user != user) return nullptr;
  found->second.until_us = clock_.monotonic_us() + kIdleLifeUs;
  return &found->second;
}

Result<Prepared> Statements::find_prepared(const std::string& user, const std::string& handle) {
  const std::lock_guard lock(mutex_);
  const Kept<Prepared>* const found = find(user, handle);
  if (found == nullptr) return no_such("prepared statement");
  return found->value;
}

Status Statements::replace_prepared(const std::string& user, const std::string& handle, Prepared prepared) {
  const std::lock_guard lock(mutex_);
  Kept<Prepared>* const found = find(user, handle);
  if (found == nullptr) return no_such("prepared statement");
  found->value = std::move(prepared);
  return ok_status();
}

void Statements::close_prepared(const std::string& user, const std::string& handle) {
  const std::lock_guard lock(mutex_);
  if (find(user, handle) != nullptr) prepared_.erase(handle);
}

void Statements::enter(const std::string& handle, Reading reading) {
  const std::lock_guard lock(mutex_);
  readings_.insert_or_assign(handle, std::move(reading));
}

void Statements::leave(const std::string& handle) {
  const std::lock_guard lock(mutex_);
  readings_.erase(handle);
}

bool Statements::cancel(const std::string& user, const std::string& handle) {
  const std::lock_guard lock(mutex_);
  if (const auto found = unread_.find(handle); found != unread_.end() && found->second.user == user) {
    unread_.erase(found);
    return true;
  }
  const auto found = readings_.find(handle);
  if (found == readings_.end() || found->second.user != user) return false;
  found->second.end();
  return true;
}

void Statements::sweep() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_us = clock_.monotonic_us();
  const auto is_over = [&](const auto& one) { return one.second.until_us <= now_us; };
  std::erase_if(unread_, is_over);
  std::erase_if(prepared_, is_over);
  for (auto& [handle, reading] : readings_) {
    if (reading.is_left()) reading.end();
  }
}

}  // namespace tarn::flight
