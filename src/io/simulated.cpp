#include "io/simulated.h"

#include "io/errors.h"

namespace tarn::io {
namespace {

class MemoryWriter final : public ObjectWriter {
 public:
  MemoryWriter(MemoryObjectStore& store, std::string location)
      : store_(store), location_(std::move(location)) {}
  Status write(std::string_view bytes) override {
    bytes_ += bytes;
    return ok_status();
  }
  Status close() override { return store_.write(location_, bytes_, IfExists::kReplace); }

 private:
  MemoryObjectStore& store_;
  std::string location_;
  std::string bytes_;
};

}  // namespace

Status MemoryObjectStore::ask(std::string_view operation, const std::string& location) {
  const std::uint64_t number = ++operations_;
  return fault_ ? fault_(number, operation, location) : ok_status();
}

void MemoryObjectStore::lose_unsynced() {
  const std::lock_guard lock(mutex_);
  objects_ = durable_;
}

Result<std::string> MemoryObjectStore::read(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask("read", location));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(location);
  if (found == objects_.end()) return Error(kNotFound, "cannot open " + location + ": no such object");
  return found->second;
}

Result<ObjectInfo> MemoryObjectStore::stat(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask("stat", location));
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(location);
  if (found == objects_.end()) return Error(kNotFound, "cannot look at " + location + ": no such object");
  return ObjectInfo{location, found->second.size(), modified_us_[location]};
}

Status MemoryObjectStore::write(const std::string& location, std::string_view bytes, IfExists if_exists) {
  TARN_RETURN_IF_ERROR(ask("write", location));
  const std::lock_guard lock(mutex_);
  if (if_exists == IfExists::kFail && objects_.contains(location))
    return Error(kExists, "cannot create " + location + ": it exists");
  objects_[location] = std::string(bytes);
  modified_us_[location] = clock_ == nullptr ? 0 : clock_->now_us();
  return ok_status();
}

Result<std::unique_ptr<ObjectWriter>> MemoryObjectStore::create(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask("create", location));
  return std::unique_ptr<ObjectWriter>(std::make_unique<MemoryWriter>(*this, location));
}

Status MemoryObjectStore::sync() {
  TARN_RETURN_IF_ERROR(ask("sync", ""));
  const std::lock_guard lock(mutex_);
  durable_ = objects_;
  return ok_status();
}

Result<std::vector<ObjectInfo>> MemoryObjectStore::list(const std::string& prefix) {
  TARN_RETURN_IF_ERROR(ask("list", prefix));
  const std::string folder = prefix.ends_with('/') ? prefix : prefix + "/";
  const std::lock_guard lock(mutex_);
  std::vector<ObjectInfo> found;
  for (auto it = objects_.lower_bound(folder); it != objects_.end() && it->first.starts_with(folder); ++it) {
    found.push_back({it->first, it->second.size(), modified_us_[it->first]});
  }
  return found;
}

Status MemoryObjectStore::make_folder(const std::string& location) {
  return ask("make_folder", location);
}

Status MemoryObjectStore::remove(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask("remove", location));
  const std::lock_guard lock(mutex_);
  objects_.erase(location);
  return ok_status();
}

std::array<std::uint8_t, 16> SeededRandom::bytes16() {
  std::array<std::uint8_t, 16> bytes{};
  for (std::size_t half = 0; half < 2; ++half) {
    // splitmix64
    std::uint64_t z = state_.fetch_add(0x9E3779B97F4A7C15ULL) + 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    z ^= z >> 31;
    for (std::size_t i = 0; i < 8; ++i) bytes[half * 8 + i] = static_cast<std::uint8_t>(z >> (8 * i));
  }
  return bytes;
}

}  // namespace tarn::io
