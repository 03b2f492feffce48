#include "ingest/read/converter.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "format/encoding.h"
#include "format/errors.h"
#include "format/time_format.h"
#include "format/values.h"
#include "ingest/errors.h"
#include "ingest/read/word_set.h"
#include "io/file_descriptor.h"

namespace tarn::ingest {
namespace {

using project::TypeKind;

struct Bound {
  Cell cell;
  std::string text;  // what a string bound's cell points into
};

format::TimeKind time_kind(TypeKind kind) {
  switch (kind) {
    case TypeKind::kDate:
      return format::TimeKind::kDate;
    case TypeKind::kTime:
      return format::TimeKind::kTime;
    case TypeKind::kTimestamptz:
      return format::TimeKind::kTimestampTz;
    default:
      return format::TimeKind::kTimestamp;
  }
}

constexpr std::string_view kZoneFolder = "/usr/share/zoneinfo/";

// The machine's zone that was probably meant by a name that it lacks: the same area and nearly the same
// place, or the same place elsewhere ("Eurpe/Berlin"). Empty when none is near.
std::string nearest_zone(const std::string& name) {
  namespace fs = std::filesystem;
  const auto parted = [](const std::string& zone) {
    const std::size_t slash = zone.rfind('/');
    return std::pair(zone.substr(0, slash + 1), zone.substr(slash + 1));
  };
  const auto [area, place] = parted(name);
  std::vector<std::string> places;
  std::string elsewhere;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(kZoneFolder, error); !error && it != fs::end(it);
       it.increment(error)) {
    const std::string zone = it->path().string().substr(kZoneFolder.size());
    if (zone == "posix" || zone == "right") it.disable_recursion_pending();
    if (it->is_directory(error)) continue;
    const auto [zone_area, zone_place] = parted(zone);
    if (zone_area == area) places.push_back(zone_place);
    if (!zone_area.empty() && zone_place == place) elsewhere = zone;
  }
  const std::vector<std::string_view> candidates(places.begin(), places.end());
  const std::string_view near = nearest_name(place, candidates);
  return near.empty() ? elsewhere : area + std::string(near);
}

// The IANA rules are the machine's own.
Result<format::TimeZone> load_zone(const project::Located<std::string>& name) {
  if (const auto fixed = format::TimeZone::parse_fixed(*name)) return *fixed;
  std::string bytes;
  const Status read = io::read_whole_file(std::string(kZoneFolder) + *name, bytes);
  if (!read.ok() || name->find("..") != std::string::npos) {
    const std::string near = nearest_zone(*name);
    return Error(format::kValueBadZone, fmt::format("this machine knows no time zone `{}`", *name))
        .with_span(name.span)
        .with_hint(near.empty() ? "install the package tzdata, or give a fixed offset such as \"+01:00\""
                                : fmt::format("did you mean `{}`?", near));
  }
  return format::TimeZone::from_tzif(*name, bytes);
}

// -1, 0, 1 in the type's order.
int compare(TypeKind kind, const Cell& a, const Cell& b) {
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (kind) {
    case TypeKind::kDouble:
      return sign(a.number, b.number);
    case TypeKind::kDecimal:
      return sign(a.decimal, b.decimal);
    case TypeKind::kString:
    case TypeKind::kBinary:
    case TypeKind::kUuid:
      return sign(a.text, b.text);
    default:
      return sign(a.integer, b.integer);
  }
}

std::string join(const std::vector<project::Located<std::string>>& values) {
  std::string text;
  for (const auto& value : values) text += (text.empty() ? "" : ", ") + *value;
  return text;
}

}  // namespace

struct Converter::Rules {
  std::string column;
  project::ColumnType type;  // of a list: its element's
  bool is_key = false;
  bool required = false;
  bool identifying = false;
  WordSet nulls;
  std::optional<std::string> default_text;
  std::vector<format::TimeFormat> times;
  std::optional<format::TimeZone> zone;
  format::BooleanWords booleans;
  format::NumberMarks marks;
  project::BinaryText binary = project::BinaryText::kBase64;
  WordSet accepted;
  std::optional<Bound> min;
  std::optional<Bound> max;
  project::LengthSpec length;
  std::unique_ptr<const RE2> pattern;
  std::string accepted_rule;
  std::string range_rule;
  std::string length_rule;
  std::string pattern_rule;
  std::string type_rule;
};

Converter::Converter(std::unique_ptr<const Rules> rules) : rules_(std::move(rules)) {}
Converter::Converter(Converter&&) noexcept = default;
Converter& Converter::operator=(Converter&&) noexcept = default;
Converter::~Converter() = default;

const std::string& Converter::column() const {
  return rules_->column;
}

Result<Converter> Converter::compile(const project::ColumnSpec& column, const project::FormatSpec& format,
                                     const Use& use) {
  auto rules = std::make_unique<Rules>();
  rules->column = *column.name;
  rules->type = column.type->is_list() ? column.type->element_type() : *column.type;
  rules->is_key = use.is_key;
  rules->required = column.required || use.is_key;
  rules->identifying = column.identifying != project::Identifying::kNone;
  for (const std::string& marker : project::null_markers_of(format, column)) rules->nulls.insert(marker);
  if (column.default_value) rules->default_text = **column.default_value;
  if (rules->type.is_temporal()) {
    for (const auto& pattern : column.format.patterns) {
      TARN_ASSIGN_OR_RETURN(auto compiled,
                            format::TimeFormat::compile(*pattern, time_kind(rules->type.kind)));
      rules->times.push_back(std::move(compiled));
    }
    if (rules->times.empty()) rules->times.push_back(format::TimeFormat::iso(time_kind(rules->type.kind)));
    if (!column.timezone->empty()) {
      TARN_ASSIGN_OR_RETURN(rules->zone, load_zone(column.timezone));
    }
  }
  if (!column.format.true_values.empty()) {
    TARN_ASSIGN_OR_RETURN(
        rules->booleans, format::BooleanWords::create(column.format.true_values, column.format.false_values));
  }
  rules->binary = column.format.binary;
  rules->marks = {column.decimal_mark, column.thousands_mark.value_or('\0')};
  for (const auto& value : column.accepted) rules->accepted.insert(*value);
  rules->accepted_rule = "accepted: " + join(column.accepted);
  rules->length = column.length;
  rules->length_rule =
      fmt::format("length: {}..{}", column.length.min ? std::to_string(*column.length.min) : "",
                  column.length.max ? std::to_string(*column.length.max) : "");
  if (!column.pattern->empty()) {
    rules->pattern = std::make_unique<const RE2>(*column.pattern);
    rules->pattern_rule = "pattern: " + *column.pattern;
  }
  rules->type_rule = "type: " + project::to_string(*column.type);
  rules->range_rule = fmt::format("range: {}..{}", column.range.min ? **column.range.min : "",
                                  column.range.max ? **column.range.max : "");
  const project::RangeSpec range = column.range;
  Rules* filled = rules.get();
  Converter converter(std::move(rules));
  // Bounds are read as the column's values are.
  const auto bind = [&converter](const std::optional<project::Located<std::string>>& text,
                                 std::optional<Bound>& bound) {
    if (!text) return ok_status();
    Arena arena;
    Cell cell;
    if (const Violation bad = converter.parse(**text, arena, cell)) {
      return Status(Error(*bad.code, fmt::format("the bound `{}` of column `{}` is not a value of its type",
                                                 **text, converter.column()))
                        .with_span(text->span));
    }
    cell.is_null = false;
    bound = Bound{cell, std::string(cell.text)};
    return ok_status();
  };
  TARN_RETURN_IF_ERROR(bind(range.min, filled->min));
  TARN_RETURN_IF_ERROR(bind(range.max, filled->max));
  for (auto* bound : {&filled->min, &filled->max}) {
    if (*bound) (*bound)->cell.text = (*bound)->text;
  }
  if (use.least && (!filled->min || compare(filled->type.kind, filled->min->cell, *use.least) < 0)) {
    filled->min = Bound{*use.least, {}};
    filled->range_rule += use.least_rule;
  }
  return converter;
}

Violation Converter::violation(const ErrorCode& code, std::string_view rule, std::string_view value) const {
  return {&code, rules_->column, rule, rules_->identifying ? std::string_view() : value, {}};
}

Violation Converter::null_value(Cell& out) const {
  out = Cell();
  if (rules_->is_key) return violation(kMissingKey, "key", {});
  if (rules_->required) return violation(kRequired, "required: true", {});
  return {};
}

Violation Converter::absent(Arena& arena, Cell& out) const {
  if (!rules_->default_text) return null_value(out);
  out = Cell();
  out.is_null = false;
  return parse(*rules_->default_text, arena, out);
}

Violation Converter::convert(std::string_view text, Arena& arena, Cell& out) const {
  if (rules_->nulls.contains(text)) return absent(arena, out);
  out.is_null = false;
  if (Violation bad = parse(text, arena, out)) return bad;
  return check(text, out);
}

namespace {

format::ValueProblem parse_moment(const std::vector<format::TimeFormat>& formats,
                                  const format::TimeZone* zone, TypeKind kind, std::string_view text,
                                  Cell& out) {
  format::ValueProblem first = nullptr;
  for (const format::TimeFormat& format : formats) {
    format::ValueProblem problem = nullptr;
    std::int32_t days = 0;
    switch (kind) {
      case TypeKind::kDate:
        problem = format.parse_date(text, days);
        out.integer = days;
        break;
      case TypeKind::kTime:
        problem = format.parse_time(text, out.integer);
        break;
      case TypeKind::kTimestamptz:
        problem = format.parse_timestamptz(text, zone, out.integer);
        break;
      default:
        problem = format.parse_timestamp(text, out.integer);
        break;
    }
    if (problem == nullptr) return nullptr;
    // A format that the text is written in says more of it than one that it is not.
    if (first == nullptr || first == &format::kValueNotATime) first = problem;
  }
  return first;
}

format::ValueProblem parse_bytes(project::BinaryText notation, std::string_view text, Arena& arena,
                                 Cell& out) {
  thread_local std::string decoded;
  const format::ValueProblem problem = notation == project::BinaryText::kHex
                                           ? format::parse_hex(text, decoded)
                                           : format::parse_base64(text, decoded);
  if (problem == nullptr) out.text = arena.copy(decoded);
  return problem;
}

}  // namespace

Violation Converter::parse(std::string_view text, Arena& arena, Cell& out) const {
  const Rules& rules = *rules_;
  format::ValueProblem problem = nullptr;
  switch (rules.type.kind) {
    case TypeKind::kString:
      out.text = text;
      break;
    case TypeKind::kInt: {
      std::int32_t value = 0;
      problem = format::parse_int32(text, value);
      out.integer = value;
      break;
    }
    case TypeKind::kLong:
      problem = format::parse_int64(text, out.integer);
      break;
    case TypeKind::kDecimal:
      problem =
          format::parse_decimal(text, {rules.type.precision, rules.type.scale}, rules.marks, out.decimal);
      break;
    case TypeKind::kDouble:
      problem = format::parse_double(text, {rules.marks, false}, out.number);
      break;
    case TypeKind::kBoolean: {
      bool value = false;
      problem = rules.booleans.parse(text, value);
      out.integer = value ? 1 : 0;
      break;
    }
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
      problem = parse_moment(rules.times, rules.zone ? &*rules.zone : nullptr, rules.type.kind, text, out);
      break;
    case TypeKind::kUuid: {
      format::UuidBytes bytes{};
      problem = format::parse_uuid(text, bytes);
      out.text = arena.copy({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      break;
    }
    case TypeKind::kBinary:
      problem = parse_bytes(rules.binary, text, arena, out);
      break;
    case TypeKind::kStruct:
    case TypeKind::kList:
      break;  // members have converters of their own
  }
  return problem == nullptr ? Violation() : violation(*problem, rules.type_rule, text);
}

Violation Converter::check(std::string_view text, const Cell& cell) const {
  const Rules& rules = *rules_;
  if (!rules.accepted.empty() && !rules.accepted.contains(text))
    return violation(kNotAccepted, rules.accepted_rule, text);
  if ((rules.min && compare(rules.type.kind, cell, rules.min->cell) < 0) ||
      (rules.max && compare(rules.type.kind, cell, rules.max->cell) > 0)) {
    return violation(kOutOfRange, rules.range_rule, text);
  }
  if (!rules.length.empty()) {
    const std::size_t characters = format::count_characters(text);
    if ((rules.length.min && characters < *rules.length.min) ||
        (rules.length.max && characters > *rules.length.max)) {
      return violation(kBadLength, rules.length_rule, text);
    }
  }
  if (rules.pattern && !RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *rules.pattern)) {
    return violation(kPatternMismatch, rules.pattern_rule, text);
  }
  return {};
}

std::string reason_of(const Violation& violation) {
  constexpr std::size_t kShown = 80;
  if (violation.code == &kRequired || violation.code == &kMissingKey) {
    return fmt::format("`{}` has no value", violation.column);
  }
  std::string value;
  if (!violation.value.empty()) {
    std::size_t shown = std::min(violation.value.size(), kShown);
    // A cut never splits a character.
    while (shown < violation.value.size() && shown > 0 &&
           (static_cast<unsigned char>(violation.value[shown]) & 0xC0) == 0x80)
      --shown;
    value = fmt::format(" is `{}{}`", violation.value.substr(0, shown),
                        shown < violation.value.size() ? "…" : "");
  }
  return fmt::format("`{}`{}, which breaks `{}`: {}", violation.column, value, violation.rule,
                     violation.code->meaning);
}

}  // namespace tarn::ingest
