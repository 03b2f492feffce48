#include <fmt/format.h>

#include <algorithm>

#include "base/civil_time.h"
#include "workload/encounter.h"
#include "workload/feeds/feed_zip.h"
#include "workload/patient.h"
#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kColumns[] = {
    "ClaimID",   "LineNo",        "EncounterID", "PatientID",   "FacilityID", "PayerCode",
    "PayerName", "ProcedureCode", "Procedure",   "ServiceDate", "Units",      "Charged",
    "Allowed",   "Paid",          "Status",      "Note",        "SubmittedAt"};
constexpr std::size_t kMaxSources = 8;

struct ClaimLine {
  std::string claim;
  std::uint32_t number = 1;
  const Encounter* encounter = nullptr;
  const Payer* payer = nullptr;
  const Procedure* procedure = nullptr;
  std::int64_t service_day = 0;
  std::int64_t units = 1;
  std::int64_t charged = 0;
  std::int64_t allowed = 0;
  std::int64_t paid = 0;
  std::string_view status;
  std::string note;
  std::int64_t submitted = 0;
};

void append_field(std::string& out, std::string_view text) {
  if (out.back() == '"') out += ',';
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

/// "12,345.60": with a thousands mark, as the billing software prints amounts.
std::string money(std::int64_t cents) {
  std::string text;
  append_decimal(text, cents, 2);
  for (std::size_t at = text.size() - 3; at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

std::string us_date(std::int64_t day) {
  const CivilDate date = civil_from_days(static_cast<std::int32_t>(day));
  return fmt::format("{:02}/{:02}/{:04}", date.month, date.day, date.year);
}

void append_header(std::string& out, Defect defect) {
  out += kByteOrderMark;
  for (const std::string_view column : kColumns) {
    if (defect == Defect::kMissingColumn && column == "SubmittedAt") continue;
    append_field(out, column);
  }
  if (defect == Defect::kUnknownColumn) append_field(out, "Clearinghouse");
  out += "\r\n";
}

void append_row(std::string& out, const ClaimLine& line, Defect defect) {
  std::string procedure(line.procedure->name);
  if (defect == Defect::kTextEncoding) procedure += "\xE9\xFE!";
  if (defect == Defect::kTextNul) procedure += '\0';
  append_field(out, defect == Defect::kMissingKey ? "" : line.claim);
  append_field(out, fmt::format("{}", line.number));
  append_field(out, line.encounter->id);
  append_field(out, patient_id(line.encounter->patient));
  append_field(out, facility_id(line.encounter->facility));
  append_field(out, line.payer->code);
  append_field(out, line.payer->name);
  append_field(out, line.procedure->code);
  append_field(out, procedure);
  append_field(out, us_date(line.service_day));
  append_field(out, fmt::format("{}", defect == Defect::kOutOfRange ? -3 : line.units));
  append_field(out, defect == Defect::kWrongType ? "see note" : money(line.charged));
  append_field(out, money(line.allowed));
  append_field(out, money(line.paid));
  append_field(out, defect == Defect::kNotAccepted ? "LOST" : line.status);
  append_field(out, line.note);
  if (defect != Defect::kMissingColumn && defect != Defect::kRaggedRow) {
    std::string submitted;
    append_iso(submitted, line.submitted - 5 * 3600);
    append_field(out, submitted + "-05:00");
  }
  if (defect == Defect::kUnknownColumn) append_field(out, "CH-4");
  out += "\r\n";
}

std::string draw_note(Random& random) {
  const auto sentences = note_sentences();
  const auto one = [&] {
    return std::string(sentences[random.below(static_cast<std::uint32_t>(sentences.size()))]);
  };
  const std::uint32_t kind = random.below(100);
  if (kind < 60) return "";
  if (kind < 80) return one();
  if (kind < 92) return "See \"" + one() + "\", line 2";
  std::string note = one();
  note += kind < 96 ? "\r\n" : "\n";
  note += one();
  return note;
}

/// What the payer agrees to, and what it pays.
void settle(ClaimLine& line, Random& random) {
  const std::int64_t percent = random.between(70, 100);
  line.allowed = line.charged * line.payer->allowed_percent / 100;
  line.paid = line.status == "PAID" || line.status == "ADJUSTED" ? line.allowed * percent / 100 : 0;
}

/// Makes the first line of an inpatient's claim the one for room and board, which follows the cost of the
/// stay.
void bill_stay(ClaimLine& line, Random& random) {
  static constexpr Procedure kRoomAndBoard = {"RB120", "Room and board, semi-private", 0};
  line.procedure = &kRoomAndBoard;
  line.units =
      std::clamp<std::int64_t>((line.encounter->discharged - line.encounter->admitted) / 86'400, 1, 999);
  line.charged = line.encounter->cost_cents * random.between(150, 240) / 100;
  settle(line, random);
}

ClaimLine draw_line(const Encounter& encounter, const Payer& payer, Random& random) {
  constexpr std::uint16_t kStatusWeights[] = {78, 9, 8, 5};
  constexpr std::string_view kStatuses[] = {"PAID", "DENIED", "PENDING", "ADJUSTED"};
  ClaimLine line;
  line.encounter = &encounter;
  line.payer = &payer;
  line.procedure = &procedures()[random.below(static_cast<std::uint32_t>(procedures().size()))];
  const std::int64_t end = std::max(encounter.admitted, encounter.discharged);
  line.service_day = random.between(encounter.admitted, end) / 86'400;
  line.units = random.chance(8500) ? 1 : random.between(2, 6);
  line.charged = line.procedure->cents * line.units * random.between(90, 130) / 100;
  line.status = kStatuses[random.weighted(kStatusWeights, 100)];
  settle(line, random);
  line.note = draw_note(random);
  line.submitted = end + random.between(86'400, 20 * 86'400);
  return line;
}

/// The ADT zips whose encounters this zip bills: the facility's, dealt out among its claims zips.
std::vector<std::uint32_t> billed_zips(const FeedZip& out) {
  const std::vector<std::uint32_t> sources = out.plan().sources(out.number());
  const std::size_t step = out.plan().claims[out.zip().facility].size();
  std::vector<std::uint32_t> billed;
  for (std::size_t i = out.zip().ordinal; i < sources.size() && billed.size() < kMaxSources; i += step) {
    billed.push_back(sources[i]);
  }
  return billed;
}

}  // namespace

void write_claims(FeedZip& out) {
  Random random(out.plan().options.seed ^ 0x436C61696DULL, out.number());
  const DefectDice dice(out.plan().options.defects, Feed::kClaims);
  constexpr std::uint16_t kLines[] = {30, 28, 20, 12, 10};
  const std::string name = fmt::format("claims/claims_{:07}.csv", out.number() + 1);
  std::string text;
  append_header(text, Defect::kNone);
  std::uint64_t rows = 0;
  std::uint32_t claims = 0;
  std::string sample;
  append_header(sample, out.zip().defect);
  for (const std::uint32_t zip : billed_zips(out)) {
    for (const EncounterHistory& history : make_encounters(out.plan(), zip)) {
      const Payer& payer = payers()[make_patient(out.plan(), history.latest.patient).payer];
      const std::string claim = fmt::format("C{:07}-{:05}", out.number() + 1, ++claims);
      const auto lines = static_cast<std::uint32_t>(1 + random.weighted(kLines, 100));
      for (std::uint32_t number = 1; number <= lines; ++number) {
        ClaimLine line = draw_line(history.latest, payer, random);
        if (number == 1 && history.latest.visit_class == 'I') bill_stay(line, random);
        line.claim = claim;
        line.number = number;
        const Defect defect = dice.draw(random);
        append_row(text, line, defect);
        ++rows;
        if (defect != Defect::kNone) {
          out.add_spoilt_record(Feed::kClaims, defect, name, rows);
        } else {
          out.add_row(Table::kClaimLine, fmt::format("{}|{}", claim, number),
                      {line.charged, line.allowed, line.paid, line.units});
        }
        line.claim[0] = 'X';
        if (rows <= 4) append_row(sample, line, out.zip().defect);
      }
    }
  }
  out.add_member(Feed::kClaims, name, text, rows);
  write_defect_member(out, Feed::kClaims, "claims", "csv", sample);
}

}  // namespace tarn::workload
