#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backup/manifest.h"
#include "base/result.h"
#include "io/object_store.h"

namespace tarn::backup {

/// Where backups lie: objects of any store, so a folder or whatever else the store holds.
///
///   tarn-backup.json        whose backups these are
///   objects/ab/abcdef…      bytes by their SHA-256, kept once however many backups name them
///   backups/ID.jsonl        a backup: what it names is in objects/ before it is written
///
/// A backup is whole or not there. Nothing is ever changed; prune() alone removes. All members may be called
/// by many threads at once.
class Repository {
 public:
  /// backup.not_a_repository and those of the store. `location` has no trailing slash.
  static Result<Repository> open(io::ObjectStore& store, std::string location);
  /// Makes it where nothing lies. Also backup.other_project.
  static Result<Repository> open_or_make(io::ObjectStore& store, std::string location,
                                         const std::string& project);

  const std::string& location() const { return location_; }
  /// Ids, oldest first.
  Result<std::vector<std::string>> list();
  /// backup.not_found, backup.damaged.
  Result<Manifest> load(const std::string& id);
  /// The newest backup that is not younger than `at_us`, where given. Nothing: there is none.
  Result<std::optional<Manifest>> newest(std::optional<std::int64_t> at_us = std::nullopt);

  /// Whether the bytes are there, by name and size only.
  Result<bool> has(const Sha256Digest& sha256, std::uint64_t size_bytes);
  Status put(const Sha256Digest& sha256, std::string_view bytes);
  /// The bytes, verified. backup.damaged.
  Result<std::string> get(const BackedFile& file);
  /// Makes everything that was put durable, then the backup visible.
  Status publish(const Manifest& manifest);

  struct Pruned {
    std::vector<std::string> backups = {};
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0;
  };
  /// Removes all but the newest `keep` backups, and the objects that none of the kept ones needs and that
  /// were put before `put_before_us`: younger ones may belong to a backup that is being made. `landed_of`
  /// gives the digests of the landed bytes that a backup names.
  using LandedOf = std::function<Result<std::vector<Sha256Digest>>(const Manifest&)>;
  Result<Pruned> prune(std::size_t keep, std::int64_t put_before_us, const LandedOf& landed_of);

 private:
  Repository(io::ObjectStore& store, std::string location) : store_(&store), location_(std::move(location)) {}
  std::string object_location(const Sha256Digest& sha256) const;
  std::string manifest_location(const std::string& id) const;

  io::ObjectStore* store_;
  std::string location_;
};

}  // namespace tarn::backup
