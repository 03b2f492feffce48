#include "workload/encounter.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "workload/patient.h"
#include "workload/random.h"
#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

// Quantiles of a log-normal with a median of 3.4 days and sigma 0.8, in hours.
constexpr std::int32_t kStayHours[] = {10, 22,  30,  36,  42,  48,  55,  62,  70,  75, 82,
                                       91, 101, 112, 126, 144, 168, 204, 264, 360, 900};
constexpr std::int32_t kEmergencyMinutes[] = {35, 90, 125, 160, 190, 225, 265, 320, 400, 540, 1400};
constexpr std::int32_t kOutpatientMinutes[] = {10, 20, 30, 40, 55, 75, 120, 200, 380};
// Percent of the usual cost.
constexpr std::int32_t kCostPercent[] = {45, 65, 76, 85, 93, 101, 111, 124, 143, 178, 420};
// Arrivals by hour: emergencies peak in the evening, planned admissions in the morning.
constexpr std::uint16_t kEmergencyByHour[] = {28, 22, 19, 16, 15, 16, 20, 29, 41, 52, 58, 60,
                                              59, 57, 56, 57, 60, 64, 66, 65, 61, 54, 46, 36};
constexpr std::uint16_t kPlannedByHour[] = {8,  6,  5,  5,  6,  12, 45, 95, 110, 98, 84, 70,
                                            58, 55, 52, 48, 44, 40, 34, 28, 22,  18, 14, 10};
constexpr std::uint8_t kEmergencyDepartment = 10;
constexpr std::uint8_t kAmbulatoryDepartment = 11;

std::uint32_t total(std::span<const std::uint16_t> weights) {
  std::uint32_t sum = 0;
  for (const std::uint16_t weight : weights) sum += weight;
  return sum;
}

std::uint8_t draw_department(char visit_class, Random& random) {
  if (visit_class == 'E') return kEmergencyDepartment;
  if (visit_class == 'O') return kAmbulatoryDepartment;
  static const std::vector<std::uint16_t> kWeights = [] {
    std::vector<std::uint16_t> weights;
    for (const Department& department : departments()) weights.push_back(department.weight);
    return weights;
  }();
  static const std::uint32_t kTotal = total(kWeights);
  return static_cast<std::uint8_t>(random.weighted(kWeights, kTotal));
}

void draw_diagnoses(Encounter& encounter, Random& random) {
  static const std::vector<std::vector<std::uint8_t>> kByDepartment = [] {
    std::vector<std::vector<std::uint8_t>> lists(departments().size());
    for (std::size_t i = 0; i < diagnoses().size(); ++i) {
      lists[diagnoses()[i].department].push_back(static_cast<std::uint8_t>(i));
    }
    return lists;
  }();
  constexpr std::uint16_t kCounts[] = {46, 26, 14, 8, 4, 2};
  encounter.diagnosis_count = static_cast<std::uint8_t>(1 + random.weighted(kCounts, 100));
  for (std::uint8_t i = 0; i < encounter.diagnosis_count; ++i) {
    const auto& likely = kByDepartment[i == 0 ? encounter.department : random.below(6)];
    encounter.diagnoses[i] = likely[random.below(static_cast<std::uint32_t>(likely.size()))];
  }
  encounter.present_on_admission = static_cast<std::uint8_t>(1U | random.below(64) | random.below(64));
}

std::int64_t draw_stay_seconds(const Encounter& encounter, Random& random) {
  const std::int64_t second = random.below(60);
  if (encounter.visit_class == 'E') return random.quantile(kEmergencyMinutes) * 60 + second;
  if (encounter.visit_class == 'O') return random.quantile(kOutpatientMinutes) * 60 + second;
  const std::int64_t hours =
      random.quantile(kStayHours) * departments()[encounter.department].stay_percent / 100;
  return std::max<std::int64_t>(hours, 6) * 3600 + random.below(3600);
}

std::string_view draw_disposition(const Encounter& encounter, Random& random) {
  constexpr std::uint16_t kWeights[] = {780, 90, 60, 25, 25, 20};
  constexpr std::string_view kDispositions[] = {"HOME", "SNF", "REHAB", "TRANSFER", "AMA", "EXPIRED"};
  if (encounter.visit_class == 'O') return "HOME";
  return kDispositions[random.weighted(kWeights, 1000)];
}

/// Children go to paediatrics, and only women of an age for it to obstetrics.
std::uint8_t fitting_department(std::uint8_t department, const Patient& patient, std::int32_t years) {
  constexpr std::uint8_t kMedicine = 0;
  constexpr std::uint8_t kObstetrics = 6;
  constexpr std::uint8_t kPaediatrics = 7;
  constexpr std::uint8_t kIntensiveCare = 9;
  if (years < 16) return department == kIntensiveCare ? department : kPaediatrics;
  if (department == kPaediatrics) return kMedicine;
  const bool may_give_birth = patient.sex == 'F' && years <= 48;
  return department == kObstetrics && !may_give_birth ? kMedicine : department;
}

void draw_visit(const Plan& plan, Encounter& encounter, Random& random) {
  constexpr std::uint16_t kClasses[] = {45, 30, 25};
  encounter.visit_class = "IEO"[random.weighted(kClasses, 100)];
  encounter.department = draw_department(encounter.visit_class, random);
  if (encounter.visit_class == 'I') {
    const Patient patient = make_patient(plan, encounter.patient);
    const auto first_day = static_cast<std::int32_t>(plan.first_second / 86'400);
    encounter.department = fitting_department(encounter.department, patient, patient.years_on(first_day));
  }
  encounter.ward = static_cast<std::uint8_t>(1 + random.below(4));
  encounter.bed = static_cast<std::uint8_t>(1 + random.below(32));
  encounter.severity = static_cast<std::uint8_t>(1 + std::min(random.below(5), random.below(5)));
  encounter.note =
      static_cast<std::uint8_t>(random.below(static_cast<std::uint32_t>(note_sentences().size())));
  encounter.attending = encounter.facility * 40 + random.below(40);
  draw_diagnoses(encounter, random);
}

void draw_times(const Plan& plan, std::uint32_t zip, Encounter& encounter, Random& random) {
  const std::int64_t begin = plan.window_begin(zip);
  const std::int64_t days = std::max<std::int64_t>((plan.window_end(zip) - begin) / 86'400, 1);
  const auto by_hour = encounter.visit_class == 'E' ? std::span(kEmergencyByHour) : std::span(kPlannedByHour);
  static const std::uint32_t kEmergencyTotal = total(kEmergencyByHour);
  static const std::uint32_t kPlannedTotal = total(kPlannedByHour);
  const auto hour = static_cast<std::int64_t>(
      random.weighted(by_hour, encounter.visit_class == 'E' ? kEmergencyTotal : kPlannedTotal));
  const std::int64_t day = random.between(0, days - 1);
  encounter.admitted = begin + day * 86'400 + hour * 3600 + random.below(3600);
}

/// The version that was sent before: the patient was still in, or something was entered wrongly.
Encounter earlier_version(const Encounter& latest, Random& random) {
  Encounter earlier = latest;
  earlier.updated -= random.between(3600, 10 * 86'400);
  if (random.chance(5000) && latest.discharged >= 0) {
    earlier.discharged = -1;
    earlier.disposition = {};
    earlier.cost_cents = latest.cost_cents / 4;
    earlier.updated = std::min(earlier.updated, std::max(latest.admitted + 600, latest.discharged - 600));
    earlier.updated = std::max(earlier.updated, latest.admitted + 60);
  } else {
    earlier.cost_cents += random.between(100, 90'000);
    earlier.severity = static_cast<std::uint8_t>(1 + earlier.severity % 5);
    earlier.updated = std::max(earlier.updated, std::max(latest.admitted, latest.discharged) + 1);
    earlier.updated = std::min(earlier.updated, latest.updated - 1);
  }
  // Diagnoses are added and withdrawn: the later list replaces the earlier one.
  earlier.diagnosis_count = static_cast<std::uint8_t>(1 + random.below(6));
  for (std::size_t i = latest.diagnosis_count; i < earlier.diagnosis_count; ++i) {
    earlier.diagnoses[i] = static_cast<std::uint8_t>(random.below(10));
  }
  return earlier;
}

}  // namespace

std::vector<EncounterHistory> make_encounters(const Plan& plan, std::uint32_t zip) {
  Random random(plan.options.seed ^ 0x456E636FULL, zip);
  const auto corrections = static_cast<std::uint32_t>(plan.options.correction_share * 10'000 + 0.5);
  std::vector<EncounterHistory> histories(static_cast<std::size_t>(random.between(90, 300)));
  std::unordered_map<std::uint32_t, std::int64_t> busy_until;
  for (std::size_t i = 0; i < histories.size(); ++i) {
    EncounterHistory& history = histories[i];
    Encounter& latest = history.latest;
    latest.id = fmt::format("E{:07}-{:03}", zip + 1, i + 1);
    latest.facility = plan.zips[zip].facility;
    latest.patient = draw_patient(plan, latest.facility, random);
    draw_visit(plan, latest, random);
    draw_times(plan, zip, latest, random);
    // Nobody is in two beds: a second stay begins some days after the first.
    const auto [seen, fresh] = busy_until.try_emplace(latest.patient, 0);
    const std::int64_t gap = random.between(86'400, 40 * 86'400);
    if (!fresh && latest.admitted < seen->second) latest.admitted = seen->second + gap;
    latest.discharged = latest.admitted + draw_stay_seconds(latest, random);
    latest.disposition = draw_disposition(latest, random);
    seen->second = std::max(seen->second, latest.discharged);
    latest.updated = latest.discharged + random.between(1800, 3 * 86'400);
    const Department& department = departments()[latest.department];
    const std::int64_t hours = std::max<std::int64_t>((latest.discharged - latest.admitted) / 3600, 1);
    latest.cost_cents = (hours + 4) * department.cents_per_hour * random.quantile(kCostPercent) / 100;

    history.latest_zip = history.earlier_zip = zip;
    history.corrected = random.chance(corrections);
    if (!history.corrected) {
      if (random.chance(150)) {  // Still in when the last record was sent.
        latest.discharged = -1;
        latest.disposition = {};
        latest.updated = latest.admitted + random.between(600, 7200);
      }
      continue;
    }
    history.earlier = earlier_version(latest, random);
    // Mostly the later version comes in the next zip, at times before the earlier one, at times beside it.
    const std::uint32_t place = random.below(10);
    if (place < 7) history.latest_zip = plan.next_adt(zip);
    if (place == 7 || place == 8) history.earlier_zip = plan.next_adt(zip);
  }
  return histories;
}

}  // namespace tarn::workload
