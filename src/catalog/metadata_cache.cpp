#include "catalog/metadata_cache.h"

namespace tarn::catalog {

MetadataCache::Metadata MetadataCache::find(const std::string& location) {
  const std::lock_guard lock(mutex_);
  const auto found = by_location_.find(location);
  if (found == by_location_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->second;
}

void MetadataCache::insert(const std::string& location, Metadata metadata) {
  const std::lock_guard lock(mutex_);
  if (by_location_.contains(location)) return;
  entries_.emplace_front(location, std::move(metadata));
  by_location_[location] = entries_.begin();
  if (entries_.size() <= capacity_) return;
  by_location_.erase(entries_.back().first);
  entries_.pop_back();
}

}  // namespace tarn::catalog
