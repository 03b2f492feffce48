#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "workload/plan.h"
#include "workload/random.h"

namespace tarn::workload {

/// A person, wholly a function of the seed and the number. Patients are numbered by facility: the first
/// belong to the first facility, and so on.
struct Patient {
  std::uint32_t number = 0;
  char sex = 'F';
  std::string_view family;
  std::string_view given;
  std::int32_t birth_day = 0;  ///< Days since 1970.
  std::size_t payer = 0;       ///< Index of payers().

  std::int32_t years_on(std::int32_t day) const { return (day - birth_day) / 365; }
};

Patient make_patient(const Plan& plan, std::uint32_t number);
/// "P00000123".
std::string patient_id(std::uint32_t number);

/// A patient for one more visit to the facility: one in fifty patients comes ten times as often as the
/// others, and a few come from the neighbouring facility.
std::uint32_t draw_patient(const Plan& plan, std::uint32_t facility, Random& random);

}  // namespace tarn::workload
