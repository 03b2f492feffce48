#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/civil_time.h"
#include "workload/encounter.h"
#include "workload/feeds/feed_zip.h"
#include "workload/patient.h"
#include "workload/vocabulary.h"

namespace tarn::workload {
namespace {

enum class Encoding : std::uint8_t { kUtf8, kLatin1, kUtf16 };

/// How a facility's software writes XML.
struct Style {
  std::string prefix;       ///< "adt:" or nothing.
  std::string declaration;  ///< The root's namespace attribute, with a leading blank.
  Encoding encoding = Encoding::kUtf8;
  bool indented = true;
};

Style style_of(const Plan& plan, std::uint32_t facility) {
  Random random(plan.options.seed ^ 0x5374796C65ULL, facility);
  Style style;
  const std::uint32_t kind = random.below(100);
  if (kind < 25) {
    style.prefix = "adt:";
    style.declaration = " xmlns:adt=\"urn:example:adt:2\"";
  } else if (kind < 50) {
    style.declaration = " xmlns=\"urn:example:adt:2\"";
  }
  const std::uint32_t encoding = random.below(100);
  if (encoding < 4) style.encoding = Encoding::kLatin1;
  if (encoding == 4) style.encoding = Encoding::kUtf16;
  style.indented = random.chance(3500);
  return style;
}

/// Writes elements one after another; texts are escaped.
class Xml {
 public:
  Xml(const Style& style, std::string& out) : style_(style), out_(out) {}

  void open(std::string_view name, std::string_view attributes = {}) {
    line();
    out_.append("<").append(style_.prefix).append(name).append(attributes).append(">");
    ++depth_;
  }
  void close(std::string_view name) {
    --depth_;
    line();
    out_.append("</").append(style_.prefix).append(name).append(">");
  }
  void leaf(std::string_view name, std::string_view text) {
    line();
    out_.append("<").append(style_.prefix).append(name).append(">");
    escape(text);
    out_.append("</").append(style_.prefix).append(name).append(">");
  }
  void empty(std::string_view name, std::string_view attributes) {
    line();
    out_.append("<").append(style_.prefix).append(name).append(attributes).append("/>");
  }
  void cdata(std::string_view name, std::string_view text) {
    line();
    out_.append("<").append(style_.prefix).append(name).append("><![CDATA[").append(text).append("]]></");
    out_.append(style_.prefix).append(name).append(">");
  }

 private:
  void line() {
    if (!style_.indented) return;
    out_ += '\n';
    out_.append(depth_ * 2, ' ');
  }
  void escape(std::string_view text) {
    for (const char c : text) {
      if (c == '<') {
        out_ += "&lt;";
      } else if (c == '&') {
        out_ += "&amp;";
      } else {
        out_ += c;
      }
    }
  }

  const Style& style_;
  std::string& out_;
  std::size_t depth_ = 0;
};

std::string iso(std::int64_t seconds) {
  std::string text;
  append_iso(text, seconds);
  return text;
}

/// Whole years, as people count them.
std::int64_t age_at(std::int32_t birth_day, std::int64_t seconds) {
  const CivilDate born = civil_from_days(birth_day);
  const CivilDate now = civil_from_days(static_cast<std::int32_t>(seconds / 86'400));
  const bool before = std::pair(now.month, now.day) < std::pair(born.month, born.day);
  return now.year - born.year - (before ? 1 : 0);
}

std::string_view event_of(const Encounter& encounter, bool correction) {
  if (encounter.discharged < 0) return encounter.visit_class == 'O' ? "A04" : "A01";
  return correction ? "A08" : encounter.disposition == "TRANSFER" ? "A02" : "A03";
}

void write_patient(Xml& xml, const Plan& plan, const Encounter& encounter, Defect defect) {
  const Patient patient = make_patient(plan, encounter.patient);
  xml.open("Patient", fmt::format(" id=\"{}\" sex=\"{}\"", patient_id(patient.number), patient.sex));
  xml.open("Name");
  xml.leaf("Family",
           defect == Defect::kXmlEncoding ? std::string("Mu\xFCller\xC3(") : std::string(patient.family));
  xml.leaf("Given", patient.given);
  xml.close("Name");
  xml.leaf("BirthDate", format_date(patient.birth_day));
  xml.leaf("Age", fmt::format("{}", age_at(patient.birth_day, encounter.admitted)));
  xml.close("Patient");
}

void write_visit(Xml& xml, const Encounter& encounter, Defect defect) {
  const char visit_class = defect == Defect::kNotAccepted ? 'Q' : encounter.visit_class;
  xml.open("Visit", fmt::format(" class=\"{}\" department=\"{}\"", visit_class,
                                departments()[encounter.department].code));
  xml.leaf("AdmittedAt", defect == Defect::kWrongType ? "yesterday" : iso(encounter.admitted));
  if (encounter.discharged >= 0) xml.leaf("DischargedAt", iso(encounter.discharged));
  if (!encounter.disposition.empty()) xml.leaf("Disposition", encounter.disposition);
  xml.empty("Location",
            fmt::format(" ward=\"{}{}\" bed=\"{}\"", departments()[encounter.department].code.substr(0, 1),
                        encounter.ward, encounter.bed));
  xml.leaf("Attending", fmt::format("D{:06}", encounter.attending));
  xml.leaf("Severity", fmt::format("{}", defect == Defect::kOutOfRange ? 11 : encounter.severity));
  std::string cost;
  append_decimal(cost, encounter.cost_cents, 2);
  xml.leaf("TotalCost", cost);
  if (defect == Defect::kUnknownElement) xml.leaf("TriageColour", "yellow");
  if (defect != Defect::kMalformedXml) xml.close("Visit");
}

void write_document(std::string& out, const Plan& plan, const Style& style, const Encounter& encounter,
                    bool correction, Defect defect) {
  constexpr std::string_view kEncodings[] = {"UTF-8", "ISO-8859-1", "UTF-16"};
  out.clear();
  fmt::format_to(std::back_inserter(out), "<?xml version=\"1.0\" encoding=\"{}\"?>",
                 kEncodings[static_cast<std::size_t>(style.encoding)]);
  if (defect == Defect::kDoctype)
    out += "<!DOCTYPE Encounter [<!ENTITY who SYSTEM \"file:///etc/hostname\">]>";
  Xml xml(style, out);
  const std::string id = defect == Defect::kMissingKey ? "" : fmt::format(" id=\"{}\"", encounter.id);
  xml.open("Encounter", fmt::format("{}{} facility=\"{}\" event=\"{}\" updated=\"{}Z\"", style.declaration,
                                    id, facility_id(encounter.facility), event_of(encounter, correction),
                                    iso(encounter.updated)));
  write_patient(xml, plan, encounter, defect);
  write_visit(xml, encounter, defect);
  xml.open("Diagnoses");
  for (std::uint8_t i = 0; i < encounter.diagnosis_count; ++i) {
    const Diagnosis& diagnosis = diagnoses()[encounter.diagnoses[i]];
    xml.open("Diagnosis", fmt::format(" code=\"{}\" rank=\"{}\"", diagnosis.code, i + 1));
    xml.leaf("Name", diagnosis.name);
    xml.leaf("PresentOnAdmission", ((encounter.present_on_admission >> i) & 1U) != 0 ? "Y" : "N");
    xml.close("Diagnosis");
  }
  xml.close("Diagnoses");
  const std::string_view note = note_sentences()[encounter.note];
  if (defect == Defect::kDoctype) {
    out += fmt::format("<{0}Note>&who;</{0}Note>", style.prefix);
  } else if (defect == Defect::kEntity) {
    out += fmt::format("<{0}Note>stable&nbsp;patient</{0}Note>", style.prefix);
  } else if (defect == Defect::kXmlNul) {
    xml.leaf("Note", std::string_view("before\0after", 12));
  } else if (encounter.note % 3 == 0) {
    xml.cdata("Note", note);
  } else {
    xml.leaf("Note", note);
  }
  xml.close("Encounter");
  if (style.indented) out += '\n';
}

/// The document's bytes; every character in use is one of Latin-1.
void encode(const std::string& text, Encoding encoding, std::string& out) {
  out.clear();
  if (encoding == Encoding::kUtf16) out += "\xFF\xFE";
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto code = static_cast<unsigned char>(text[i]);
    if (code >= 0xC0 && i + 1 < text.size()) {
      code = static_cast<unsigned char>(((code & 0x03U) << 6U) |
                                        (static_cast<unsigned char>(text[++i]) & 0x3FU));
    }
    out += static_cast<char>(code);
    if (encoding == Encoding::kUtf16) out += '\0';
  }
}

struct Record {
  const Encounter* encounter;
  bool correction;
  bool may_spoil;
};

/// What the lake holds of an encounter in the end, as far as its zips can be read.
void add_truth(FeedZip& out, const EncounterHistory& history) {
  const Plan& plan = out.plan();
  const Encounter* kept = nullptr;
  if (!plan.lost(history.latest_zip)) {
    kept = &history.latest;
  } else if (history.corrected && !plan.lost(history.earlier_zip)) {
    kept = &history.earlier;
  }
  if (kept == nullptr) return;
  const std::int32_t birth_day = make_patient(plan, kept->patient).birth_day;
  const std::int64_t sums[] = {kept->cost_cents, age_at(birth_day, kept->admitted), kept->severity};
  out.truth().add_row(Table::kEncounter, kept->id, sums);
  for (std::int64_t i = 1; i <= kept->diagnosis_count; ++i) {
    const std::int64_t child[] = {i, i};
    out.truth().add_row(Table::kDiagnosis, fmt::format("{}|{}", kept->id, i), child);
  }
}

/// The encounters whose later or earlier versions come into this zip from the facility's previous one.
std::vector<EncounterHistory> encounters_from_before(const FeedZip& out) {
  const auto& mine = out.plan().adt[out.zip().facility];
  if (out.zip().ordinal == 0) return {};
  return make_encounters(out.plan(), mine[out.zip().ordinal - 1]);
}

}  // namespace

void write_adt(FeedZip& out) {
  const Plan& plan = out.plan();
  const std::uint32_t zip = out.number();
  const Style style = style_of(plan, out.zip().facility);
  Random random(plan.options.seed ^ 0x416474ULL, zip);
  const DefectDice dice(plan.options.defects, Feed::kAdmissions);

  const std::vector<EncounterHistory> before = encounters_from_before(out);
  const std::vector<EncounterHistory> own = make_encounters(plan, zip);
  std::vector<Record> records;
  for (const auto* histories : {&before, &own}) {
    for (const EncounterHistory& history : *histories) {
      if (history.corrected && history.earlier_zip == zip)
        records.push_back({&history.earlier, false, false});
      if (history.latest_zip == zip)
        records.push_back({&history.latest, history.corrected, !history.corrected});
    }
  }
  std::string text;
  std::string encoded;
  for (std::size_t i = records.size(); i > 1; --i) {
    std::swap(records[i - 1], records[random.below(static_cast<std::uint32_t>(i))]);
  }
  std::vector<std::string_view> lost_ids;
  for (const Record& record : records) {
    Defect defect = record.may_spoil ? dice.draw(random) : Defect::kNone;
    if (style.encoding != Encoding::kUtf8 && (defect == Defect::kXmlEncoding || defect == Defect::kXmlNul)) {
      defect = Defect::kNone;
    }
    write_document(text, plan, style, *record.encounter, record.correction, defect);
    const std::string* content = &text;
    if (style.encoding != Encoding::kUtf8) {
      encode(text, style.encoding, encoded);
      content = &encoded;
    }
    std::string name = fmt::format("adt/{}_", record.encounter->id);
    append_compact(name, record.encounter->updated);
    name += ".xml";
    if (defect != Defect::kNone) lost_ids.push_back(record.encounter->id);
    if (defect != Defect::kNone && kind_of(defect).level == DefectLevel::kMember) {
      out.add_spoilt_member(Feed::kAdmissions, defect, name, *content);
      continue;
    }
    out.add_member(Feed::kAdmissions, name, *content, 1);
    if (defect != Defect::kNone) out.add_spoilt_record(Feed::kAdmissions, defect, name, 1);
  }
  for (const EncounterHistory& history : own) {
    if (std::find(lost_ids.begin(), lost_ids.end(), history.latest.id) == lost_ids.end())
      add_truth(out, history);
  }
  Encounter extra = own.front().latest;
  extra.id = fmt::format("X{:07}-000", zip + 1);
  write_document(text, plan, style, extra, false, Defect::kNone);
  if (style.encoding != Encoding::kUtf8) encode(std::string(text), style.encoding, text);
  write_defect_member(out, Feed::kAdmissions, "adt", "xml", text);
}

}  // namespace tarn::workload
