#pragma once

#include <array>
#include <cstdint>

#include "workload/random.h"
#include "workload/truth.h"
#include "workload/workload.h"

namespace tarn::workload {

/// Decides for each record of a feed whether it is spoilt, and how.
class DefectDice {
 public:
  DefectDice(const DefectShares& shares, Feed feed);
  Defect draw(Random& random) const;

 private:
  std::array<std::uint64_t, kDefectCount> below_{};  ///< Cumulative, out of 2^32.
  std::uint64_t any_ = 0;
};

}  // namespace tarn::workload
