#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "iceberg/literal.h"
#include "iceberg/manifest.h"

namespace tarn::table {

/// Orders partitions of one spec by their values, null first.
inline bool partition_before(const iceberg::PartitionTuple& a, const iceberg::PartitionTuple& b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i].has_value() != b[i].has_value()) return b[i].has_value();
    if (!a[i]) continue;
    const auto order = iceberg::compare(*a[i], *b[i]);
    if (order != 0) return order < 0;
  }
  return false;
}

/// What is gathered of the manifests of one content and spec, to be written anew.
struct ManifestGroup {
  std::shared_ptr<const iceberg::Manifest> first;
  std::vector<iceberg::ManifestEntry> entries;
  std::int64_t size_bytes = 0;

  void sort() {
    std::ranges::stable_sort(entries, partition_before,
                             [](const iceberg::ManifestEntry& entry) -> const iceberg::PartitionTuple& {
                               return entry.file.partition;
                             });
  }
};

}  // namespace tarn::table
