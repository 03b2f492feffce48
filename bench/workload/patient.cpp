#include "workload/patient.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

/// Ages in years by quantile, older than the population: these are patients.
constexpr std::int32_t kAges[] = {0, 6, 19, 27, 34, 41, 48, 54, 59, 63, 67, 70, 73, 76, 79, 83, 88, 99};

std::size_t draw_payer(Random& random) {
  std::array<std::uint16_t, 16> weights{};
  std::uint32_t total = 0;
  const std::size_t count = std::min(payers().size(), weights.size());
  for (std::size_t i = 0; i < count; ++i) total += weights[i] = payers()[i].weight;
  return random.weighted(std::span(weights).first(count), total);
}

}  // namespace

Patient make_patient(const Plan& plan, std::uint32_t number) {
  Random random(plan.options.seed ^ 0x50617469656E74ULL, number);
  Patient patient;
  patient.number = number;
  patient.sex = random.chance(5300) ? 'F' : 'M';
  if (random.chance(40)) patient.sex = random.chance(5000) ? 'O' : 'U';
  const auto families = family_names();
  const auto givens = patient.sex == 'F' ? female_names() : male_names();
  patient.family = families[random.below(static_cast<std::uint32_t>(families.size()))];
  patient.given = givens[random.below(static_cast<std::uint32_t>(givens.size()))];
  const auto first_day = static_cast<std::int32_t>(plan.first_second / 86'400);
  const std::int64_t years = random.quantile(kAges);
  patient.birth_day = first_day - static_cast<std::int32_t>(years * 365 + random.below(365)) - 1;
  // Most of the old have the same payer.
  patient.payer = patient.years_on(first_day) >= 65 && random.chance(8500) ? 0 : draw_payer(random);
  return patient;
}

std::string patient_id(std::uint32_t number) {
  return fmt::format("P{:08}", number + 1);
}

std::uint32_t draw_patient(const Plan& plan, std::uint32_t facility, Random& random) {
  if (random.chance(400)) facility = (facility + 1) % plan.options.facilities;
  const std::uint32_t pool = plan.patients_per_facility();
  const std::uint32_t frequent = std::max(pool / 50, 1U);
  return facility * pool + random.below(random.chance(1700) ? frequent : pool);
}

}  // namespace tarn::workload
