#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "io/object_store.h"

namespace tarn::io {

/// The one store that everything is given: hands each location on to the store that holds its kind. Absolute
/// paths and `file:` belong to the local store; each other kind is one route.
class RoutedObjectStore final : public ObjectStore {
 public:
  struct Route {
    std::vector<std::string> schemes;  ///< Without `://`: "s3".
    /// Called once, when the first such location is used. An error is that use's outcome; the next one tries
    /// again.
    std::function<Result<ObjectStore*>()> open;
  };
  RoutedObjectStore(std::unique_ptr<ObjectStore> local, std::vector<Route> routes);

  /// Opens the store of a location, to learn early that it cannot be.
  Status open(const std::string& location);

  Result<std::string> read(const std::string& location) override;
  Result<ObjectInfo> stat(const std::string& location) override;
  Status write(const std::string& location, std::string_view bytes, IfExists if_exists) override;
  Result<std::unique_ptr<ObjectWriter>> create(const std::string& location) override;
  Status sync() override;
  Result<std::vector<ObjectInfo>> list(const std::string& prefix) override;
  Status remove(const std::string& location) override;
  Status make_folder(const std::string& location) override;

 private:
  Result<ObjectStore*> store_of(std::string_view location);

  std::unique_ptr<ObjectStore> local_;
  std::vector<Route> routes_;
  std::mutex mutex_;
  std::vector<ObjectStore*> opened_;  // of each route; null before its first use
};

}  // namespace tarn::io
