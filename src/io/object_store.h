#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::io {

/// What a store knows of an object without reading it.
struct ObjectInfo {
  std::string location;
  std::uint64_t size_bytes = 0;
  std::int64_t modified_us = 0;  ///< Microseconds since the epoch.
};

/// Receives an object's bytes in order. The object appears at its location when close() returned ok, whole or
/// not at all; a writer destroyed before that leaves nothing. One thread at a time.
class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Status write(std::string_view bytes) = 0;
  /// Publishes the object. It is durable after the next ObjectStore::sync().
  virtual Status close() = 0;
};

/// Whether write() may replace an object that is there.
enum class IfExists : std::uint8_t { kReplace, kFail };

/// Named immutable byte strings: the warehouse and the landing zone. Locations are URIs
/// (`file:///lake/a.parquet`) or absolute paths. All members may be called by many threads at once.
///
/// Durability is explicit, so that hundreds of small objects cost one flush: what write() and close()
/// published is *visible* at once and *durable* when a later sync() returned ok.
///
///   TARN_RETURN_IF_ERROR(store.write(location, bytes, IfExists::kReplace));
///   TARN_RETURN_IF_ERROR(store.sync());
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// The whole object. io.not_found when there is none.
  virtual Result<std::string> read(const std::string& location) = 0;
  virtual Result<ObjectInfo> stat(const std::string& location) = 0;
  /// Atomic for readers: nothing, the former object, or the new one. A power cut spares a former object.
  virtual Status write(const std::string& location, std::string_view bytes, IfExists if_exists) = 0;
  virtual Result<std::unique_ptr<ObjectWriter>> create(const std::string& location) = 0;
  /// Makes durable everything published before the call, by whichever thread.
  virtual Status sync() = 0;
  /// Every object below the prefix (a folder), recursively, sorted by location; empty when there is none.
  virtual Result<std::vector<ObjectInfo>> list(const std::string& prefix) = 0;
  /// Removing what is not there is fine.
  virtual Status remove(const std::string& location) = 0;
  /// Makes a folder, for other programs that write into it and make none. Stores without folders do nothing.
  virtual Status make_folder(const std::string& location) = 0;
};

/// The store of this machine's file system.
std::unique_ptr<ObjectStore> make_local_object_store();

/// The path of a `file:` URI (percent-decoded) or of an absolute path; io.bad_location otherwise.
Result<std::string> local_path(std::string_view location);
/// `file://` plus the percent-encoded absolute path.
std::string file_uri(std::string_view absolute_path);

}  // namespace tarn::io
