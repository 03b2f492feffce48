#include "io/routed_store.h"

#include <algorithm>
#include <utility>

namespace tarn::io {

RoutedObjectStore::RoutedObjectStore(std::unique_ptr<ObjectStore> local, std::vector<Route> routes)
    : local_(std::move(local)), routes_(std::move(routes)), opened_(routes_.size()) {}

Result<ObjectStore*> RoutedObjectStore::store_of(std::string_view location) {
  const std::size_t colon = location.find("://");
  if (location.starts_with('/') || colon == std::string_view::npos) return local_.get();
  const std::string_view scheme = location.substr(0, colon);
  for (std::size_t i = 0; i < routes_.size(); ++i) {
    if (std::ranges::find(routes_[i].schemes, scheme) == routes_[i].schemes.end()) continue;
    const std::lock_guard lock(mutex_);
    if (opened_[i] == nullptr) {
      TARN_ASSIGN_OR_RETURN(opened_[i], routes_[i].open());
    }
    return opened_[i];
  }
  return local_.get();  // which takes `file:`, and says what is wrong with others
}

Status RoutedObjectStore::open(const std::string& location) {
  TARN_RETURN_IF_ERROR(store_of(location));
  return ok_status();
}

Result<std::string> RoutedObjectStore::read(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(location));
  return store->read(location);
}

Result<ObjectInfo> RoutedObjectStore::stat(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(location));
  return store->stat(location);
}

Status RoutedObjectStore::write(const std::string& location, std::string_view bytes, IfExists if_exists) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(location));
  return store->write(location, bytes, if_exists);
}

Result<std::unique_ptr<ObjectWriter>> RoutedObjectStore::create(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(location));
  return store->create(location);
}

Status RoutedObjectStore::sync() {
  std::vector<ObjectStore*> stores = {local_.get()};
  {
    const std::lock_guard lock(mutex_);
    std::ranges::copy_if(opened_, std::back_inserter(stores),
                         [](const ObjectStore* one) { return one != nullptr; });
  }
  for (ObjectStore* const store : stores) TARN_RETURN_IF_ERROR(store->sync());
  return ok_status();
}

Result<std::vector<ObjectInfo>> RoutedObjectStore::list(const std::string& prefix) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(prefix));
  return store->list(prefix);
}

Status RoutedObjectStore::remove(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(location));
  return store->remove(location);
}

Status RoutedObjectStore::make_folder(const std::string& location) {
  TARN_ASSIGN_OR_RETURN(ObjectStore* const store, store_of(location));
  return store->make_folder(location);
}

}  // namespace tarn::io
