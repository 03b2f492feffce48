#pragma once

#include <cstdint>

#include "sim/dice.h"

namespace tarn::sim {

/// What becomes of one operation of the store or the disk.
enum class Fate : std::uint8_t {
  kWorks,
  kFails,         ///< Nothing happened, and it says so.
  kFull,          ///< No space: of those that write.
  kDoneButFails,  ///< It happened, and the reply was lost.
  kOff,           ///< The process is dead: nothing happens any more.
};

/// The faults of one life of a process: it decides the fate of each operation, in their order.
class Power {
 public:
  struct Plan {
    std::uint64_t dies_at = 0;  ///< The number of the operation at which it dies; 0: it lives.
    std::uint64_t fails_per_mille = 0;
    std::uint64_t loses_reply_per_mille = 0;
    std::uint64_t full_from = 0;  ///< From this operation on until `full_until` nothing can be written.
    std::uint64_t full_until = 0;
  };

  explicit Power(Dice& dice) : dice_(dice) {}

  void begin_life(const Plan& plan) {
    plan_ = plan;
    operations_ = 0;
    faults_ = 0;
    on_ = true;
  }
  bool is_on() const { return on_; }
  std::uint64_t operations() const { return operations_; }
  std::uint64_t faults() const { return faults_; }

  Fate use(bool writes) {
    if (!on_) return Fate::kOff;
    ++operations_;
    const Fate fate = decide(writes);
    if (fate != Fate::kWorks) ++faults_;
    return fate;
  }

 private:
  Fate decide(bool writes) {
    if (operations_ == plan_.dies_at) {
      on_ = false;
      return Fate::kOff;
    }
    if (writes && operations_ >= plan_.full_from && operations_ < plan_.full_until) return Fate::kFull;
    if (plan_.fails_per_mille > 0 && dice_.chance(plan_.fails_per_mille)) return Fate::kFails;
    if (plan_.loses_reply_per_mille > 0 && writes && dice_.chance(plan_.loses_reply_per_mille)) {
      // Where one reply is lost, more goes wrong: often it is the last that the process hears.
      if (dice_.chance(500)) plan_.dies_at = operations_ + 1 + dice_.below(6);
      return Fate::kDoneButFails;
    }
    return Fate::kWorks;
  }

  Dice& dice_;
  Plan plan_;
  std::uint64_t operations_ = 0;
  std::uint64_t faults_ = 0;
  bool on_ = true;
};

}  // namespace tarn::sim
