#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "workload/workload.h"

namespace tarn::workload {

enum class ZipKind : std::uint8_t { kAdt, kLab, kClaims, kCensus, kDemographics, kMixed };
inline constexpr std::size_t kZipKindCount = 6;
/// "ADT", "LAB", "CLM", "BED", "DEM", "MIX": how the zip's name begins.
std::string_view prefix_of(ZipKind kind);

struct ZipPlan {
  ZipKind kind = ZipKind::kAdt;
  bool large = false;
  bool resend = false;
  Defect defect = Defect::kNone;  ///< Of an archive or a member, never of a record.
  std::uint32_t facility = 0;
  std::uint32_t ordinal = 0;  ///< Among the facility's zips of the kind (mixed ones count as census).
  std::uint32_t of = 1;       ///< How many there are.
};

/// Who sends what, decided before anything is written: any zip can then be generated alone, by any thread,
/// and any zip knows what another one holds. Immutable once made.
struct Plan {
  WorkloadOptions options;  ///< With every 0 replaced by its meaning.
  std::int64_t first_second = 0;
  std::vector<ZipPlan> zips;
  std::vector<std::vector<std::uint32_t>> adt;     ///< By facility: its ADT zips in order of time.
  std::vector<std::vector<std::uint32_t>> claims;  ///< By facility.
  std::vector<std::uint32_t> all_adt;
  std::vector<std::uint32_t> demographics;

  /// Whether nothing of the zip can be read.
  bool lost(std::uint32_t zip) const;
  /// The ADT zip into which later versions of this one's encounters go: the facility's next, or the last
  /// itself.
  std::uint32_t next_adt(std::uint32_t zip) const;
  /// The ADT zips that another zip of this facility draws on: the facility's, or a stranger's when it has
  /// none.
  std::vector<std::uint32_t> sources(std::uint32_t zip) const;
  /// The seconds since 1970 at which the time that a zip covers begins and ends.
  std::int64_t window_begin(std::uint32_t zip) const;
  std::int64_t window_end(std::uint32_t zip) const;
  std::uint32_t patients_per_facility() const;
};

Result<Plan> make_plan(const WorkloadOptions& options);

const DefectKind& kind_of(Defect defect);
std::string facility_id(std::uint32_t facility);

}  // namespace tarn::workload
