#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "iceberg/table_metadata.h"

namespace tarn::catalog {

/// The most recently used metadata by the location of its file. Files never change, so nothing goes stale.
/// All members may be called by many threads at once. For this library only.
class MetadataCache {
 public:
  using Metadata = std::shared_ptr<const iceberg::TableMetadata>;
  explicit MetadataCache(std::size_t capacity) : capacity_(capacity) {}

  /// Null when it is not here.
  Metadata find(const std::string& location);
  void insert(const std::string& location, Metadata metadata);

 private:
  using Entry = std::pair<std::string, Metadata>;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::list<Entry> entries_;  ///< The most recently used first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_location_;
};

}  // namespace tarn::catalog
