#include "table/manifest_cache.h"

#include <utility>

#include "table/errors.h"

namespace tarn::table {
namespace {

// What a parsed manifest takes for each byte of its file, about.
constexpr std::uint64_t kParsedFactor = 8;

}  // namespace

Result<ManifestCache::Manifest> ManifestCache::manifest(const iceberg::ManifestFile& file) {
  // What entries inherit comes from the list, which may differ between lists of v1 tables, and where a table
  // was of version 2: branches number the rows of the same file apart.
  const std::string key =
      file.first_row_id ? file.path + "#" + std::to_string(*file.first_row_id) : file.path;
  if (const auto found = find(key)) return std::static_pointer_cast<const iceberg::Manifest>(found);
  TARN_ASSIGN_OR_RETURN(const std::string bytes, store_.read(file.path));
  auto parsed = iceberg::read_manifest(bytes, file);
  if (!parsed.ok()) return std::move(parsed).error().with_context("reading " + file.path);
  auto manifest = std::make_shared<const iceberg::Manifest>(*std::move(parsed));
  keep({key, manifest, bytes.size() * kParsedFactor});
  return Manifest(std::move(manifest));
}

Result<ManifestCache::ManifestList> ManifestCache::manifest_list(const iceberg::Snapshot& snapshot) {
  const std::string& location = snapshot.manifest_list;
  if (location.empty())
    return Error(kUnsupportedFormat,
                 "snapshot " + std::to_string(snapshot.snapshot_id) +
                     " has no manifest list: it was written by an early version 1 writer");
  if (const auto found = find(location))
    return std::static_pointer_cast<const std::vector<iceberg::ManifestFile>>(found);
  TARN_ASSIGN_OR_RETURN(const std::string bytes, store_.read(location));
  auto parsed = iceberg::read_manifest_list(bytes);
  if (!parsed.ok()) return std::move(parsed).error().with_context("reading " + location);
  auto list = std::make_shared<const std::vector<iceberg::ManifestFile>>(*std::move(parsed));
  keep({location, list, bytes.size() * kParsedFactor});
  return ManifestList(std::move(list));
}

std::uint64_t ManifestCache::size_bytes() const {
  const std::lock_guard lock(mutex_);
  return size_bytes_;
}

std::shared_ptr<const void> ManifestCache::find(const std::string& location) {
  const std::lock_guard lock(mutex_);
  const auto found = by_location_.find(location);
  if (found == by_location_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->value;
}

void ManifestCache::keep(Entry entry) {
  const std::lock_guard lock(mutex_);
  if (entry.cost_bytes > capacity_bytes_ || by_location_.contains(entry.location)) return;
  size_bytes_ += entry.cost_bytes;
  entries_.push_front(std::move(entry));
  by_location_.emplace(entries_.front().location, entries_.begin());
  while (size_bytes_ > capacity_bytes_) {
    size_bytes_ -= entries_.back().cost_bytes;
    by_location_.erase(entries_.back().location);
    entries_.pop_back();
  }
}

}  // namespace tarn::table
