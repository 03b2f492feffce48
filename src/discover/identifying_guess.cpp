#include "discover/identifying_guess.h"

#include <re2/re2.h>

#include <array>

namespace tarn::discover {
namespace {

using project::Identifying;

struct NameRule {
  std::string_view pattern;
  Identifying kind;
};

// Over a whole snake_case name; the first that matches counts.
constexpr std::array<NameRule, 14> kRules = {{
    {"(.*_)?(dob|date_of_birth|birth_?(date|day|time)?|geburts(datum|tag)|date_naissance|geb_datum)(_.*)?",
     Identifying::kBirthDate},
    {"(.*_)?(e_?mail|mail|email_address|e_mail_address)(_address)?(_\\d+)?", Identifying::kContact},
    {"(.*_)?(phone|tele?phone|tel|mobile|cell(_?phone)?|fax|pager|telefon|handy|telecom)(_?(number|no|nr|"
     "value|home|work))?(_\\d+)?",
     Identifying::kContact},
    {"(.*_)?(ssn|social_security(_.*)?|mrn|medical_record(_.*)?|passport(_.*)?|drivers?(_licen[cs]e)?(_.*)?|"
     "licen[cs]e(_number|_no)?|nhs_?(number|no)?|national_id|tax_?id|tin|iban|account_(number|no)|"
     "(insurance|policy|member|subscriber)_?(number|no|id)|health_card(_.*)?|versicherten_?(nummer|nr)|kvnr|"
     "patient_?(id|number|no|nr|identifier)|person_?(id|number|no))",
     Identifying::kIdentifier},
    {"(.*_)?(first|last|middle|maiden|given|family|fore|sur|full|nick|birth|legal|preferred)_?names?(_\\d+)?",
     Identifying::kName},
    {"first|last|middle|maiden|given|family|surname|forename|vorname|nachname|(.*_)?(given|family)",
     Identifying::kName},
    {"(.*_)?(patient|person|contact|employee|member|guardian|mother|father|spouse|doctor|physician|user|"
     "provider|practitioner|guarantor|subscriber|resident)_?name",
     Identifying::kName},
    {"(.*_)?(postal_?code|post_?code|zip(_?code)?|plz|lat|lon|lng|latitude|longitude|city|county|town|"
     "birthplace|ort)(_\\d+)?",
     Identifying::kLocation},
    {"(.*_)?(street(_?(name|address|line))?|strasse|address(_?line)?|addr(_?line)?|address_?line|house_"
     "number|"
     "hausnummer)(_?\\d+)?",
     Identifying::kAddress},
    {"(.*_)?(death_?date|date_of_death|deceased(_?(date|time|at))|(admission|discharge|admit)_?(date|time))",
     Identifying::kDate},
    {"(.*_)?(notes?|comments?|remarks?|narrative|free_?text|bemerkung(en)?)", Identifying::kFreeText},
    {"(.*_)?(photo|portrait|fingerprint|voice_?print|face_?print|biometric.*|genome)",
     Identifying::kBiometric},
    {"(.*_)?ip_?(address|addr)", Identifying::kIdentifier},
    {"(.*_)?(license|number)_?plate", Identifying::kIdentifier},
}};

enum class ValueShape : std::uint8_t { kOther, kMail, kPhone, kSsn };

ValueShape shape_of(const std::string& text) {
  static const RE2 kMail("[^@\\s,;]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*\\.[A-Za-z]{2,}");
  static const RE2 kSsn("\\d{3}-\\d{2}-\\d{4}");
  static const RE2 kPhone(
      "(tel:)?(\\+\\d[\\d ()./-]{6,18}\\d|\\(\\d{2,5}\\) ?[\\d ./-]{5,14}\\d|\\d{3}[-. ]\\d{3}[-. "
      "]\\d{4}|\\d{3}-\\d{4})");
  if (RE2::FullMatch(text, kMail)) return ValueShape::kMail;
  if (RE2::FullMatch(text, kSsn)) return ValueShape::kSsn;
  if (RE2::FullMatch(text, kPhone)) return ValueShape::kPhone;
  return ValueShape::kOther;
}

Identifying guess_by_values(const ColumnProfile& profile) {
  std::array<std::uint64_t, 4> counts = {};
  std::uint64_t filled = 0;
  for (const auto& [text, count] : profile.values()) {
    if (text.empty()) continue;
    filled += count;
    counts[static_cast<std::size_t>(shape_of(text))] += count;
  }
  const auto most = [&](ValueShape shape) {
    return filled > 0 && counts[static_cast<std::size_t>(shape)] * 5 >= filled * 4;
  };
  if (most(ValueShape::kMail) || most(ValueShape::kPhone)) return Identifying::kContact;
  if (most(ValueShape::kSsn)) return Identifying::kIdentifier;
  return Identifying::kNone;
}

}  // namespace

Identifying guess_identifying(std::string_view snake_name, const ColumnProfile& profile) {
  for (const NameRule& rule : kRules) {
    if (RE2::FullMatch(snake_name, RE2(rule.pattern))) return rule.kind;
  }
  return guess_by_values(profile);
}

bool is_text_by_name(std::string_view snake_name) {
  static const RE2 kText(
      "(.*_)?(phone|tele?phone|tel|mobile|cell|fax|pager|telefon|postal_?code|post_?code|zip(_?code)?|plz|"
      "ssn|mrn|npi|"
      "iban|passport|nhs_?number|tax_?id|kvnr)(_?(number|no|nr|home|work))?(_\\d+)?");
  return RE2::FullMatch(snake_name, kText);
}

}  // namespace tarn::discover
