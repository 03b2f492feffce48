#include "sim/sim_store.h"

#include <utility>

#include "io/errors.h"

namespace tarn::sim {
namespace {

class SimWriter final : public io::ObjectWriter {
 public:
  SimWriter(SimStore& store, std::string location) : store_(store), location_(std::move(location)) {}
  Status write(std::string_view bytes) override {
    bytes_ += bytes;
    return ok_status();
  }
  Status close() override { return store_.write(location_, bytes_, io::IfExists::kReplace); }

 private:
  SimStore& store_;
  std::string location_;
  std::string bytes_;
};

}  // namespace

Status SimStore::lost_reply(const std::string& what) {
  return Error(io::kFailed, what + ": the reply was lost (simulated)");
}

SimStore::Outcome SimStore::ask(bool writes, const std::string& what) {
  switch (power_.use(writes)) {
    case Fate::kWorks:
      return {ok_status()};
    case Fate::kDoneButFails:
      return {ok_status(), true};
    case Fate::kFull:
      return {Error(io::kDiskFull, what + ": no space (simulated)")};
    case Fate::kFails:
      return {Error(io::kFailed, what + ": input/output error (simulated)")};
    case Fate::kOff:
      break;
  }
  return {Error(io::kFailed, what + ": the process is dead (simulated)")};
}

void SimStore::lose_power() {
  for (auto& [location, before] : durable_) {
    const auto now = objects_.find(location);
    const bool is_there = now != objects_.end();
    switch (dice_.below(3)) {
      case 0:  // as it was
        if (before) objects_[location] = *before;
        if (!before && is_there) objects_.erase(now);
        break;
      case 1:  // its name came first, and of its bytes a part; a store replaces whole objects only
        if (!is_there || before) break;
        now->second.bytes.resize(dice_.below(now->second.bytes.size() + 1));
        if (dice_.chance(300)) now->second.bytes.assign(now->second.bytes.size(), '\0');
        break;
      default:  // all of it
        break;
    }
  }
  durable_.clear();
}

std::optional<std::string> SimStore::peek(const std::string& location) const {
  const auto found = objects_.find(location);
  if (found == objects_.end()) return std::nullopt;
  return found->second.bytes;
}

std::vector<std::string> SimStore::locations(const std::string& prefix) const {
  std::vector<std::string> found;
  for (auto it = objects_.lower_bound(prefix); it != objects_.end() && it->first.starts_with(prefix); ++it)
    found.push_back(it->first);
  return found;
}

Result<std::string> SimStore::read(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask(false, "reading " + location).before);
  const auto found = objects_.find(location);
  if (found == objects_.end()) return Error(io::kNotFound, "cannot open " + location + ": no such object");
  return found->second.bytes;
}

Result<io::ObjectInfo> SimStore::stat(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask(false, "looking at " + location).before);
  const auto found = objects_.find(location);
  if (found == objects_.end()) return Error(io::kNotFound, "cannot look at " + location + ": no such object");
  return io::ObjectInfo{location, found->second.bytes.size(), found->second.modified_us};
}

Status SimStore::write(const std::string& location, std::string_view bytes, io::IfExists if_exists) {
  if (between_ && !inside_ && location.find("/data/") != std::string::npos) {
    inside_ = true;
    between_();
    inside_ = false;
  }
  const Outcome outcome = ask(true, "writing " + location);
  TARN_RETURN_IF_ERROR(outcome.before);
  const auto found = objects_.find(location);
  if (if_exists == io::IfExists::kFail && found != objects_.end())
    return Error(io::kExists, "cannot create " + location + ": it exists");
  if (loses_writes_per_mille_ > 0 && dice_.chance(loses_writes_per_mille_)) return ok_status();
  durable_.try_emplace(location, found == objects_.end() ? std::nullopt : std::optional(found->second));
  objects_[location] = {std::string(bytes), clock_.now_us()};
  return outcome.reply_lost ? lost_reply("writing " + location) : ok_status();
}

Result<std::unique_ptr<io::ObjectWriter>> SimStore::create(const std::string& location) {
  TARN_RETURN_IF_ERROR(ask(false, "creating " + location).before);
  return std::unique_ptr<io::ObjectWriter>(std::make_unique<SimWriter>(*this, location));
}

Status SimStore::sync() {
  const Outcome outcome = ask(true, "syncing");
  TARN_RETURN_IF_ERROR(outcome.before);
  if (syncs_) durable_.clear();
  return outcome.reply_lost ? lost_reply("syncing") : ok_status();
}

Result<std::vector<io::ObjectInfo>> SimStore::list(const std::string& prefix) {
  TARN_RETURN_IF_ERROR(ask(false, "listing " + prefix).before);
  std::vector<io::ObjectInfo> found;
  for (const std::string& location : locations(prefix.ends_with('/') ? prefix : prefix + "/")) {
    const Object& object = objects_.at(location);
    found.push_back({location, object.bytes.size(), object.modified_us});
  }
  return found;
}

Status SimStore::remove(const std::string& location) {
  const Outcome outcome = ask(true, "removing " + location);
  TARN_RETURN_IF_ERROR(outcome.before);
  const auto found = objects_.find(location);
  if (found != objects_.end()) {
    durable_.try_emplace(location, found->second);
    objects_.erase(found);
  }
  return outcome.reply_lost ? lost_reply("removing " + location) : ok_status();
}

Status SimStore::make_folder(const std::string& location) {
  return ask(true, "making " + location).before;
}

}  // namespace tarn::sim
