#include "rest/scan_plans.h"

#include <utility>

#include "base/ids.h"

namespace tarn::rest {
namespace {

constexpr std::size_t kMaxPlans = 256;
constexpr std::int64_t kLifetimeUs = 60LL * 60 * 1'000'000;

}  // namespace

std::string ScanPlans::keep(Plan plan) {
  std::string id = uuid_v4(random_.bytes16());
  const std::lock_guard lock(mutex_);
  entries_.push_front({id, std::move(plan), clock_.monotonic_us()});
  by_id_.emplace(id, entries_.begin());
  forget_old();
  return id;
}

ScanPlans::Plan ScanPlans::find(const std::string& id) {
  const std::lock_guard lock(mutex_);
  forget_old();
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second->plan;
}

void ScanPlans::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return;
  entries_.erase(found->second);
  by_id_.erase(found);
}

void ScanPlans::forget_old() {
  const std::int64_t oldest_us = clock_.monotonic_us() - kLifetimeUs;
  while (!entries_.empty() && (entries_.size() > kMaxPlans || entries_.back().kept_at_us < oldest_us)) {
    by_id_.erase(entries_.back().id);
    entries_.pop_back();
  }
}

}  // namespace tarn::rest
