#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "iceberg/manifest.h"
#include "iceberg/snapshot.h"
#include "io/object_store.h"

namespace tarn::table {

/// Manifests and manifest lists, parsed, by their location: the files never change. Holds the least recently
/// used out beyond a size. All members may be called by many threads at once; no lock is held while reading.
class ManifestCache {
 public:
  static constexpr std::uint64_t kDefaultBytes = 64U << 20;
  using Manifest = std::shared_ptr<const iceberg::Manifest>;
  using ManifestList = std::shared_ptr<const std::vector<iceberg::ManifestFile>>;

  /// `capacity_bytes` bounds the sum of the files' sizes times eight, about what they take when parsed.
  explicit ManifestCache(io::ObjectStore& store, std::uint64_t capacity_bytes = kDefaultBytes)
      : store_(store), capacity_bytes_(capacity_bytes) {}

  /// Errors: those of iceberg::read_manifest() and of the store.
  Result<Manifest> manifest(const iceberg::ManifestFile& file);
  /// A v1 snapshot without a list is refused. Errors: those of iceberg::read_manifest_list() and of the
  /// store.
  Result<ManifestList> manifest_list(const iceberg::Snapshot& snapshot);

  std::uint64_t size_bytes() const;

 private:
  struct Entry {
    std::string location;
    std::shared_ptr<const void> value;
    std::uint64_t cost_bytes = 0;
  };
  std::shared_ptr<const void> find(const std::string& location);
  void keep(Entry entry);

  io::ObjectStore& store_;
  const std::uint64_t capacity_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // most recently used first
  std::unordered_map<std::string, std::list<Entry>::iterator> by_location_;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace tarn::table
