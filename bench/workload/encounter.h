#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "workload/plan.h"

namespace tarn::workload {

/// One version of a stay or visit, as an ADT record tells it. Times are seconds since 1970.
struct Encounter {
  std::string id;  ///< "E0000012-007": the home zip and the number in it.
  std::uint32_t facility = 0;
  std::uint32_t patient = 0;
  char visit_class = 'I';  ///< I(npatient), E(mergency), O(utpatient).
  std::uint8_t department = 0;
  std::uint8_t ward = 1;
  std::uint8_t bed = 1;
  std::uint8_t severity = 1;  ///< 1 … 5
  std::uint8_t note = 0;
  std::string_view disposition;  ///< Empty while the patient is in.
  std::uint32_t attending = 0;
  std::int64_t admitted = 0;
  std::int64_t discharged = -1;  ///< -1 while the patient is in.
  std::int64_t updated = 0;
  std::int64_t cost_cents = 0;
  std::uint8_t diagnosis_count = 1;
  std::array<std::uint8_t, 6> diagnoses{};
  std::uint8_t present_on_admission = 0;  ///< One bit for each diagnosis.
};

/// An encounter in all its versions and where each travels.
struct EncounterHistory {
  Encounter latest;
  std::uint32_t latest_zip = 0;
  bool corrected = false;
  Encounter earlier;  ///< Meaningful when corrected.
  std::uint32_t earlier_zip = 0;
};

/// The encounters at home in an ADT zip. A function of the plan and the number alone, so that the zips with
/// later versions, laboratory results and claims can ask for them again.
std::vector<EncounterHistory> make_encounters(const Plan& plan, std::uint32_t zip);

}  // namespace tarn::workload
