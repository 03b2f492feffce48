#include <fmt/format.h>

#include <algorithm>

#include "workload/feeds/feed_zip.h"
#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

constexpr std::int64_t kHour = 3600;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMaxDays = 45;
// Percent of the beds of an hour's turnover that fall on each hour of the day.
constexpr std::int64_t kAdmissionsByHour[] = {1, 1, 1, 1, 1, 2, 4, 6, 7, 6, 6, 5,
                                              5, 5, 5, 5, 5, 6, 6, 5, 4, 3, 2, 1};
constexpr std::int64_t kDischargesByHour[] = {0,  0,  0, 0, 0, 0, 1, 2, 4, 8, 13, 16,
                                              14, 11, 9, 7, 5, 4, 2, 2, 1, 1, 0,  0};

struct Unit {
  std::string_view code;
  std::int64_t beds = 24;
  std::int64_t blocked = 0;
  std::int64_t occupied = 18;
  std::int64_t target_percent = 80;
  std::int64_t turnover_per_day = 6;  ///< Patients who come, and who go.
};

std::vector<Unit> make_units(const Plan& plan, std::uint32_t facility) {
  Random random(plan.options.seed ^ 0x556E6974ULL, facility);
  std::vector<Unit> units;
  const auto count = static_cast<std::size_t>(random.between(5, 8));
  for (std::size_t i = 0; i < count; ++i) {
    Unit unit;
    unit.code = departments()[i].code;
    unit.beds = random.between(12, 40);
    unit.target_percent = random.between(66, 94);
    unit.occupied = unit.beds * unit.target_percent / 100;
    unit.turnover_per_day = std::max<std::int64_t>(unit.beds / random.between(3, 6), 1);
    units.push_back(unit);
  }
  return units;
}

struct Hour {
  std::int64_t seconds = 0;
  std::int64_t admissions = 0;
  std::int64_t discharges = 0;
};

/// Patients who come or go in one hour: the expected number in hundredths, rounded at random.
std::int64_t draw_count(std::int64_t hundredths, Random& random) {
  return hundredths / 100 + (random.below(100) < static_cast<std::uint32_t>(hundredths % 100) ? 1 : 0);
}

Hour step(Unit& unit, std::int64_t seconds, Random& random) {
  const auto hour = static_cast<std::size_t>(seconds / kHour % 24);
  // Fewer planned admissions on Saturdays and Sundays; day 0 of the epoch was a Thursday.
  const std::int64_t weekday = (seconds / kDay + 4) % 7;
  // Who decides on admissions looks at the free beds: the unit hovers around its usual occupancy.
  const std::int64_t pull = (unit.target_percent - unit.occupied * 100 / unit.beds) * 5;
  const std::int64_t percent = std::max<std::int64_t>((weekday == 0 || weekday == 6 ? 80 : 120) + pull, 0);
  Hour result;
  result.seconds = seconds;
  result.discharges =
      std::min(draw_count(unit.turnover_per_day * kDischargesByHour[hour], random), unit.occupied);
  unit.occupied -= result.discharges;
  if (random.chance(20)) unit.blocked = random.between(0, unit.beds / 10);
  const std::int64_t room = std::max<std::int64_t>(unit.beds - unit.blocked - unit.occupied, 0);
  result.admissions =
      std::min(draw_count(unit.turnover_per_day * kAdmissionsByHour[hour] * percent / 100, random), room);
  unit.occupied += result.admissions;
  return result;
}

void append_row(std::string& out, const std::string& facility, const Unit& unit, const Hour& hour,
                Defect defect) {
  fmt::format_to(std::back_inserter(out), "{:<6} {:<4}  ", defect == Defect::kMissingKey ? "" : facility,
                 defect == Defect::kNotAccepted ? "ZZZZ" : unit.code);
  append_compact(out, hour.seconds, 10);
  fmt::format_to(std::back_inserter(out), " {:>3} ", unit.beds);
  if (defect == Defect::kWrongType) {
    out += "n/a";
  } else {
    fmt::format_to(std::back_inserter(out), "{:>3}", defect == Defect::kOutOfRange ? -7 : unit.occupied);
  }
  fmt::format_to(
      std::back_inserter(out), " {:>3} {:>3} {:>3} {:>3}\n", unit.blocked, hour.admissions, hour.discharges,
      1 + unit.occupied / (hour.seconds / kHour % 24 >= 7 && hour.seconds / kHour % 24 < 19 ? 5 : 7));
}

std::string preamble(const std::string& facility, std::int64_t begin, std::int64_t end) {
  std::string text = fmt::format("BED CENSUS {:<6} ", facility);
  append_compact(text, begin, 8);
  text += " - ";
  append_compact(text, end - kDay, 8);
  text += "\n# FACIL UNIT  YYYYMMDDHH BED OCC BLK ADM DIS NUR\n";
  return text;
}

}  // namespace

void write_census(FeedZip& out, std::uint32_t scale_percent) {
  Random random(out.plan().options.seed ^ 0x43656E737573ULL, out.number());
  const DefectDice dice(out.plan().options.defects, Feed::kCensus);
  const std::string facility = facility_id(out.zip().facility);
  std::vector<Unit> units = make_units(out.plan(), out.zip().facility);
  const std::int64_t begin = out.plan().window_begin(out.number());
  const std::int64_t days = std::clamp<std::int64_t>((out.plan().window_end(out.number()) - begin) / kDay, 1,
                                                     kMaxDays * scale_percent / 100);
  const std::string name = fmt::format("census/{}_{:07}.txt", facility, out.number() + 1);
  std::string text = preamble(facility, begin, begin + days * kDay);
  std::string sample = text;
  std::uint64_t rows = 0;
  for (std::int64_t seconds = begin; seconds < begin + days * kDay; seconds += kHour) {
    for (Unit& unit : units) {
      const Hour hour = step(unit, seconds, random);
      const Defect defect = dice.draw(random);
      append_row(text, facility, unit, hour, defect);
      if (++rows <= 4) append_row(sample, facility, unit, {seconds - 3650 * kDay, 0, 0}, Defect::kNone);
      if (defect != Defect::kNone) {
        out.add_spoilt_record(Feed::kCensus, defect, name, rows);
        continue;
      }
      std::string key = fmt::format("{}|{}|", facility, unit.code);
      append_compact(key, seconds, 10);
      out.add_row(Table::kBedCensus, key, {unit.beds, unit.occupied, hour.admissions, hour.discharges});
    }
    if (seconds % kDay == 23 * kHour) text += "# end of day\n";
  }
  out.add_member(Feed::kCensus, name, text, rows);
  write_defect_member(out, Feed::kCensus, "census", "txt", sample);
}

}  // namespace tarn::workload
