#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workload/encounter.h"
#include "workload/feeds/feed_zip.h"
#include "workload/patient.h"
#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

constexpr std::string_view kHeader =
    "result_id|facility_id|patient_id|encounter_id|loinc|test_name|value|unit|ref_low|ref_high|flag|status|"
    "collected_at|resulted_at\n";

struct LabResult {
  std::string id;
  const Encounter* encounter = nullptr;
  const LabTest* test = nullptr;
  std::int64_t value = 0;  ///< Thousandths; -1: not determined.
  std::string_view status;
  std::int64_t collected = 0;
  std::int64_t resulted = 0;
};

int digits_of(const LabTest& test) {
  return test.step >= 1000 ? 0 : test.step >= 100 ? 1 : test.step >= 10 ? 2 : 3;
}

/// Thousandths as a laboratory prints them: no more digits than it measures.
void append_value(std::string& out, const LabTest& test, std::int64_t thousandths) {
  constexpr std::int64_t kDivisors[] = {1000, 100, 10, 1};
  const int digits = digits_of(test);
  append_decimal(out, thousandths / kDivisors[digits], digits);
}

std::string_view flag_of(const LabTest& test, std::int64_t value) {
  if (value < 0) return "";
  if (value > test.high * 2) return "HH";
  if (value > test.high) return "H";
  if (value < test.low / 2) return "LL";
  return value < test.low ? "L" : "N";
}

std::int64_t draw_value(const LabTest& test, Random& random) {
  // Three in four lie within the reference range; the others below it, above it, far above it.
  const std::int64_t span = test.high - test.low;
  std::int64_t value = 0;
  const std::uint32_t where = random.below(100);
  if (where < 76) {
    value = test.low + (random.between(0, span) + random.between(0, span)) / 2;
  } else if (where < 84) {
    value = test.low - random.between(0, test.low / 2);
  } else if (where < 98) {
    value = test.high + random.between(0, span);
  } else {
    value = test.high + random.between(0, test.high * 2);
  }
  return std::clamp<std::int64_t>(value, 0, 9'000'000) / test.step * test.step;
}

void append_row(std::string& out, const LabResult& result, Defect defect) {
  if (defect != Defect::kMissingKey) out += result.id;
  fmt::format_to(std::back_inserter(out), "|{}|{}|{}|{}|", facility_id(result.encounter->facility),
                 patient_id(result.encounter->patient), result.encounter->id, result.test->code);
  if (defect == Defect::kTextEncoding) out += "\xB5\xFF ";
  if (defect == Defect::kTextNul) out += '\0';
  out.append(result.test->name).append("|");
  if (defect == Defect::kWrongType) {
    out += "positive";
  } else if (defect == Defect::kOutOfRange) {
    out += "-12";
  } else if (result.value < 0) {
    out += "NA";
  } else {
    append_value(out, *result.test, result.value);
  }
  out.append("|").append(result.test->unit).append("|");
  append_value(out, *result.test, result.test->low);
  out += '|';
  append_value(out, *result.test, result.test->high);
  out.append("|").append(flag_of(*result.test, result.value)).append("|");
  out.append(defect == Defect::kNotAccepted ? "Z" : result.status).append("|");
  append_compact(out, result.collected);
  out += '|';
  append_compact(out, result.resulted);
  if (defect == Defect::kRaggedRow) out += "|surplus|fields";
  out += '\n';
}

/// Draws panels: some tests of one encounter at one time.
class Panels {
 public:
  Panels(const FeedZip& out, Random& random) : zip_(out.number()), random_(random) {
    const std::vector<std::uint32_t> sources = out.plan().sources(zip_);
    const std::size_t wanted = std::min<std::size_t>(sources.size(), out.zip().large ? 16 : 3);
    const std::size_t first = random.below(static_cast<std::uint32_t>(sources.size()));
    for (std::size_t i = 0; i < wanted; ++i) {
      auto more = make_encounters(out.plan(), sources[(first + i) % sources.size()]);
      std::move(more.begin(), more.end(), std::back_inserter(encounters_));
    }
  }

  LabResult next() {
    if (left_ == 0) begin_panel();
    --left_;
    const auto tests = lab_tests();
    LabResult result = panel_;
    result.id = fmt::format("R{:07}-{:07}", zip_ + 1, ++count_);
    result.test = &tests[(first_test_ + left_) % tests.size()];
    result.value = random_.chance(100) ? -1 : draw_value(*result.test, random_);
    return result;
  }

 private:
  void begin_panel() {
    const std::uint32_t which = random_.below(static_cast<std::uint32_t>(encounters_.size()));
    panel_.encounter = &encounters_[which].latest;
    left_ = static_cast<std::uint32_t>(random_.between(4, 12));
    first_test_ = random_.below(static_cast<std::uint32_t>(lab_tests().size()));
    const std::int64_t begin = panel_.encounter->admitted;
    const std::int64_t end = std::max(panel_.encounter->discharged, begin + 3600);
    panel_.collected = begin + random_.between(0, end - begin);
    panel_.resulted = panel_.collected + random_.between(900, 12 * 3600);
    panel_.status = random_.chance(9500) ? "F" : random_.chance(6000) ? "P" : "C";
  }

  std::uint32_t zip_;
  Random& random_;
  std::vector<EncounterHistory> encounters_;
  LabResult panel_;
  std::uint32_t left_ = 0;
  std::uint32_t first_test_ = 0;
  std::uint32_t count_ = 0;
};

void write_member(FeedZip& out, Panels& panels, const DefectDice& dice, Random& random, std::string_view name,
                  std::uint32_t rows) {
  std::string text(kHeader);
  text.reserve(std::size_t{rows} * 125);
  for (std::uint32_t row = 1; row <= rows; ++row) {
    const LabResult result = panels.next();
    const Defect defect = dice.draw(random);
    append_row(text, result, defect);
    if (defect != Defect::kNone) {
      out.add_spoilt_record(Feed::kLaboratory, defect, name, row);
    } else {
      out.add_row(Table::kLabResult, result.id,
                  {std::max<std::int64_t>(result.value, 0), result.test->low, result.test->high});
    }
  }
  out.add_member(Feed::kLaboratory, name, text, rows);
}

std::string sample(const Panels& panels, Defect defect) {
  Panels copy = panels;
  std::string text(kHeader);
  for (int i = 0; i < 5; ++i) {
    LabResult result = copy.next();
    result.id[0] = 'X';
    append_row(text, result, Defect::kNone);
  }
  std::string changed;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin);
    std::string line = text.substr(begin, end - begin);
    if (defect == Defect::kUnknownColumn) line += begin == 0 ? "|analyser" : "|A7";
    if (defect == Defect::kMissingColumn) line.resize(line.rfind('|'));
    changed += line + "\n";
    begin = end + 1;
  }
  return changed;
}

}  // namespace

void write_lab(FeedZip& out, std::uint32_t scale_percent) {
  Random random(out.plan().options.seed ^ 0x4C6162ULL, out.number());
  const DefectDice dice(out.plan().options.defects, Feed::kLaboratory);
  Panels panels(out, random);
  // A large zip has about 40 MB: sixteen members of 24 MB, three and a half million rows.
  const std::uint32_t members = out.zip().large ? 16 : 1;
  const auto rows = static_cast<std::uint32_t>(
      out.zip().large ? 220'000 : random.between(1500, 4700) * scale_percent / 100);
  for (std::uint32_t i = 1; i <= members; ++i) {
    write_member(out, panels, dice, random, fmt::format("lab/results_{:07}_{}.txt", out.number() + 1, i),
                 rows);
  }
  write_defect_member(out, Feed::kLaboratory, "lab", "txt", sample(panels, out.zip().defect));
}

}  // namespace tarn::workload
