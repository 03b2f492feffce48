#include "catalog/metadata_cache.h"

#include <iterator>

namespace tarn::catalog {
namespace {

// What parsed metadata takes for each byte of its file, about.
constexpr std::size_t kParsedFactor = 4;
constexpr int kOfTable = 2;

}  // namespace

MetadataCache::Metadata MetadataCache::find(const std::string& location) {
  const std::lock_guard lock(mutex_);
  const auto found = by_location_.find(location);
  if (found == by_location_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->metadata;
}

void MetadataCache::insert(const std::string& location, Metadata metadata, std::size_t file_bytes) {
  const std::lock_guard lock(mutex_);
  if (by_location_.contains(location)) return;
  entries_.push_front({location, std::move(metadata), file_bytes * kParsedFactor});
  by_location_[location] = entries_.begin();
  size_bytes_ += entries_.front().size_bytes;
  int of_table = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto at = entry++;
    if (at->metadata->table_uuid == entries_.front().metadata->table_uuid && ++of_table > kOfTable) erase(at);
  }
  while (size_bytes_ > capacity_bytes_ && entries_.size() > 1) erase(std::prev(entries_.end()));
}

void MetadataCache::erase(std::list<Entry>::iterator entry) {
  size_bytes_ -= entry->size_bytes;
  by_location_.erase(entry->location);
  entries_.erase(entry);
}

}  // namespace tarn::catalog
