#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/clock.h"
#include "io/object_store.h"
#include "sim/power.h"

namespace tarn::sim {

/// A store whose disk forgets: what no sync() vouched for may be lost, be there, or be torn after a power
/// cut; each object on its own, as reordered renames would leave them. One thread.
class SimStore final : public io::ObjectStore {
 public:
  SimStore(Power& power, Dice& dice, io::Clock& clock) : power_(power), dice_(dice), clock_(clock) {}

  /// Called before an operation that writes below `/data/`: where other writers get their turn.
  void set_between(std::function<void()> between) { between_ = std::move(between); }
  /// Planted faults: sync() says yes and does nothing; and so does now and then a write.
  void forget_to_sync() { syncs_ = false; }
  void forget_writes() { loses_writes_per_mille_ = 3; }
  void lose_power();
  /// Without faults and without counting: for those who look on.
  std::optional<std::string> peek(const std::string& location) const;
  std::vector<std::string> locations(const std::string& prefix) const;

  Result<std::string> read(const std::string& location) override;
  Result<io::ObjectInfo> stat(const std::string& location) override;
  Status write(const std::string& location, std::string_view bytes, io::IfExists if_exists) override;
  Result<std::unique_ptr<io::ObjectWriter>> create(const std::string& location) override;
  Status sync() override;
  Result<std::vector<io::ObjectInfo>> list(const std::string& prefix) override;
  Status remove(const std::string& location) override;
  Status make_folder(const std::string& location) override;

 private:
  struct Object {
    std::string bytes;
    std::int64_t modified_us = 0;
  };
  struct Outcome {
    Status before;  ///< An error: nothing happens.
    bool reply_lost = false;
  };
  Outcome ask(bool writes, const std::string& what);
  static Status lost_reply(const std::string& what);

  Power& power_;
  Dice& dice_;
  io::Clock& clock_;
  std::function<void()> between_;
  bool syncs_ = true;
  std::uint64_t loses_writes_per_mille_ = 0;
  bool inside_ = false;
  std::map<std::string, Object> objects_;
  // What a power cut leaves of locations that changed since the last sync(); nothing: no object.
  std::map<std::string, std::optional<Object>> durable_;
};

}  // namespace tarn::sim
