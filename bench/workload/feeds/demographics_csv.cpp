#include <fmt/format.h>

#include <algorithm>

#include "base/civil_time.h"
#include "workload/feeds/feed_zip.h"
#include "workload/patient.h"
#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

constexpr std::string_view kHeader =
    "patient_id,mrn,family_name,given_name,birth_date,sex,street,city,state,postal_code,phone,email,language,"
    "marital_status,payer_code,annual_income,dependents,deceased,updated_at";
constexpr std::uint32_t kMaxRows = 20'000;

/// What is registered of a patient; the second version has moved house, or earns something else.
struct Registration {
  Patient patient;
  std::uint32_t house = 1;
  std::string_view street;
  const City* city = nullptr;
  std::string phone;
  std::string_view language;
  char marital = 'U';
  std::string_view payer;
  std::int64_t income = 0;
  std::int64_t dependents = 0;
  bool deceased = false;
  std::int64_t updated = 0;
};

template <typename T>
const T& pick(std::span<const T> items, Random& random) {
  return items[random.below(static_cast<std::uint32_t>(items.size()))];
}

void draw_address(Registration& registration, Random& random) {
  registration.house = static_cast<std::uint32_t>(random.between(1, 980));
  registration.street = pick(streets(), random);
  registration.city = &pick(cities(), random);
  const std::uint32_t phone = random.below(10'000'000);
  registration.phone = fmt::format("555-{:03}-{:04}", phone / 10'000, phone % 10'000);
}

struct Versions {
  Registration first;
  Registration second;
  bool corrected = false;
  bool swapped = false;  ///< The second version arrives in the zip of the first, and the other way round.
};

Versions make_versions(const Plan& plan, std::uint32_t number) {
  constexpr std::int32_t kIncomes[] = {0,      11'000, 17'000, 23'000,  30'000, 37'000,
                                       46'000, 58'000, 75'000, 110'000, 420'000};
  Random random(plan.options.seed ^ 0x44656D6FULL, number);
  Versions versions;
  Registration& first = versions.first;
  first.patient = make_patient(plan, number);
  draw_address(first, random);
  first.language = pick(languages(), random);
  first.marital = "SMDWU"[random.weighted(std::to_array<std::uint16_t>({32, 45, 11, 9, 3}), 100)];
  first.payer = payers()[first.patient.payer].code;
  first.income = random.quantile(kIncomes);
  first.dependents =
      static_cast<std::int64_t>(random.weighted(std::to_array<std::uint16_t>({55, 18, 16, 8, 3}), 100));
  first.updated = plan.first_second + random.between(0, std::int64_t{plan.options.days} * 86'400 - 1);
  versions.second = first;
  versions.corrected =
      random.chance(static_cast<std::uint32_t>(plan.options.correction_share * 10'000 + 0.5));
  versions.swapped = random.chance(2500);
  if (random.chance(6000)) draw_address(versions.second, random);
  versions.second.income = random.quantile(kIncomes);
  versions.second.deceased = random.chance(600);
  versions.second.updated += random.between(3600, 90 * 86'400);
  return versions;
}

void append_row(std::string& out, const Registration& registration, Defect defect) {
  const Patient& patient = registration.patient;
  if (defect != Defect::kMissingKey) out += patient_id(patient.number);
  std::string family(patient.family);
  if (defect == Defect::kTextEncoding) family = "Gr\xFCn\xC3";
  if (defect == Defect::kTextNul) family += '\0';
  const std::string birth = defect == Defect::kWrongType ? "31.02.70" : format_date(patient.birth_day);
  const char sex = defect == Defect::kNotAccepted ? 'Y' : patient.sex;
  fmt::format_to(std::back_inserter(out), ",MRN{:09},{},{},{},{},\"{} {}, Apt. {}\",{},{},{:05},{},",
                 patient.number * 7 + 3, family, patient.given, birth, sex, registration.house,
                 registration.street, registration.house % 9 + 1, registration.city->name,
                 registration.city->state, registration.city->zip, registration.phone);
  if (patient.number % 3 != 0)
    fmt::format_to(std::back_inserter(out), "p{}@mail.example", patient.number + 1);
  fmt::format_to(std::back_inserter(out), ",{},{},{},{},{},{},", registration.language, registration.marital,
                 registration.payer, registration.income,
                 defect == Defect::kOutOfRange ? 77 : registration.dependents,
                 registration.deceased ? "true" : "false");
  append_iso(out, registration.updated);
  out += defect == Defect::kRaggedRow ? "Z,surplus\n" : "Z\n";
}

struct Chunk {
  std::uint32_t first = 0;
  std::uint32_t last = 0;  ///< Excluded.
};

/// The patients that the n-th registry of all registers.
Chunk chunk_of(const Plan& plan, std::size_t rank) {
  const auto registries = static_cast<std::uint32_t>(plan.demographics.size());
  const std::uint32_t patients = plan.patients_per_facility() * plan.options.facilities;
  const std::uint32_t size = (patients + registries - 1) / registries;
  const std::uint32_t first = std::min(patients, size * static_cast<std::uint32_t>(rank));
  return {first, std::min({patients, first + size, first + kMaxRows})};
}

struct Row {
  Registration registration;
  bool may_spoil = false;
};

std::vector<Row> make_rows(const FeedZip& out, std::size_t rank) {
  const Plan& plan = out.plan();
  const bool last = rank + 1 == plan.demographics.size();
  std::vector<Row> rows;
  if (rank > 0) {
    const Chunk before = chunk_of(plan, rank - 1);
    for (std::uint32_t number = before.first; number < before.last; ++number) {
      const Versions versions = make_versions(plan, number);
      if (versions.corrected) rows.push_back({versions.swapped ? versions.first : versions.second, false});
    }
  }
  const Chunk own = chunk_of(plan, rank);
  for (std::uint32_t number = own.first; number < own.last; ++number) {
    const Versions versions = make_versions(plan, number);
    const bool swapped = versions.corrected && versions.swapped;
    rows.push_back({swapped ? versions.second : versions.first, !versions.corrected});
    if (versions.corrected && last) rows.push_back({swapped ? versions.first : versions.second, false});
  }
  return rows;
}

/// What the lake holds of the patients at home here who were sent in two versions.
void add_corrected_truth(FeedZip& out, std::size_t rank) {
  const Plan& plan = out.plan();
  const std::uint32_t other = plan.demographics[std::min(rank + 1, plan.demographics.size() - 1)];
  const Chunk own = chunk_of(plan, rank);
  for (std::uint32_t number = own.first; number < own.last; ++number) {
    const Versions versions = make_versions(plan, number);
    if (!versions.corrected) continue;
    const bool second_lost = plan.lost(versions.swapped ? out.number() : other);
    const bool first_lost = plan.lost(versions.swapped ? other : out.number());
    if (second_lost && first_lost) continue;
    const Registration& kept = second_lost ? versions.first : versions.second;
    const std::int64_t sums[] = {kept.income, kept.dependents};
    out.truth().add_row(Table::kPatient, patient_id(number), sums);
  }
}

}  // namespace

void write_demographics(FeedZip& out) {
  const Plan& plan = out.plan();
  Random random(plan.options.seed ^ 0x526567ULL, out.number());
  const DefectDice dice(plan.options.defects, Feed::kDemographics);
  const auto place = std::find(plan.demographics.begin(), plan.demographics.end(), out.number());
  const auto rank = static_cast<std::size_t>(place - plan.demographics.begin());
  const std::string name = fmt::format("demographics/patients_{:07}.csv", out.number() + 1);
  const Defect spoilt = out.zip().defect;
  std::string header(kHeader);
  std::string text = header + "\n";
  if (spoilt == Defect::kUnknownColumn) header += ",religion";
  if (spoilt == Defect::kMissingColumn) header.resize(header.rfind(','));
  std::string sample = header + "\n";
  std::uint64_t rows = 0;
  for (const Row& row : make_rows(out, rank)) {
    const Defect defect = row.may_spoil ? dice.draw(random) : Defect::kNone;
    append_row(text, row.registration, defect);
    const std::string key = patient_id(row.registration.patient.number);
    if (++rows == 1) {
      std::string line;
      append_row(line, row.registration, Defect::kNone);
      line[0] = 'X';
      line.pop_back();
      if (spoilt == Defect::kUnknownColumn) line += ",none";
      if (spoilt == Defect::kMissingColumn) line.resize(line.rfind(','));
      sample += line + "\n";
    }
    if (defect != Defect::kNone) {
      out.add_spoilt_record(Feed::kDemographics, defect, name, rows);
    } else if (row.may_spoil) {
      out.add_row(Table::kPatient, key, {row.registration.income, row.registration.dependents});
    }
  }
  add_corrected_truth(out, rank);
  out.add_member(Feed::kDemographics, name, text, rows);
  write_defect_member(out, Feed::kDemographics, "demographics", "csv", sample);
}

}  // namespace tarn::workload
