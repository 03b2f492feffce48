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

/// The most recently used metadata by the location of its file: of each table the newest two, since whoever
/// works on a table began with the current or the one before. Files never change, so nothing goes stale. All
/// members may be called by many threads at once. For this library only.
class MetadataCache {
 public:
  using Metadata = std::shared_ptr<const iceberg::TableMetadata>;
  /// Holds so many bytes of metadata, about, as it is parsed; however much the last one has.
  explicit MetadataCache(std::size_t capacity_bytes) : capacity_bytes_(capacity_bytes) {}

  /// Null when it is not here.
  Metadata find(const std::string& location);
  /// `file_bytes` is the size of its file.
  void insert(const std::string& location, Metadata metadata, std::size_t file_bytes);

 private:
  struct Entry {
    std::string location;
    Metadata metadata;
    std::size_t size_bytes;
  };
  void erase(std::list<Entry>::iterator entry);

  const std::size_t capacity_bytes_;
  std::mutex mutex_;
  std::size_t size_bytes_ = 0;
  std::list<Entry> entries_;  ///< The most recently used first.
  std::unordered_map<std::string, std::list<Entry>::iterator> by_location_;
};

}  // namespace tarn::catalog
