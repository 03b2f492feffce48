#include "catalog/metadata_cache.h"

namespace tarn::catalog {

MetadataCache::Metadata MetadataCache::find(const std::string& location) {
  const std::lock_guard lock(mutex_);
  const auto found = by_location_.find(location);
  if (found == by_location_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->metadata;
}

void MetadataCache::insert(const std::string& location, Metadata metadata, std::size_t size_bytes) {
  const std::lock_guard lock(mutex_);
  if (size_bytes > capacity_bytes_ || by_location_.contains(location)) return;
  entries_.push_front({location, std::move(metadata), size_bytes});
  by_location_[location] = entries_.begin();
  size_bytes_ += size_bytes;
  while (size_bytes_ > capacity_bytes_) {
    size_bytes_ -= entries_.back().size_bytes;
    by_location_.erase(entries_.back().location);
    entries_.pop_back();
  }
}

}  // namespace tarn::catalog
