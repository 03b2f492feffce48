#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "project/checks/checks.h"
#include "project/checks/constants.h"
#include "project/errors.h"
#include "project/source_text.h"

namespace tarn::project {
namespace {

/// Common names that are no zones here, in lower case, and a zone that they may stand for.
constexpr std::array<std::pair<std::string_view, std::string_view>, 23> kZoneNames = {{
    {"cet", "Europe/Berlin"},        {"cest", "Europe/Berlin"},    {"mez", "Europe/Berlin"},
    {"mesz", "Europe/Berlin"},       {"wet", "Europe/Lisbon"},     {"west", "Europe/Lisbon"},
    {"eet", "Europe/Helsinki"},      {"eest", "Europe/Helsinki"},  {"bst", "Europe/London"},
    {"msk", "Europe/Moscow"},        {"est", "America/New_York"},  {"edt", "America/New_York"},
    {"est5edt", "America/New_York"}, {"cst", "America/Chicago"},   {"cdt", "America/Chicago"},
    {"mst", "America/Denver"},       {"mdt", "America/Denver"},    {"pst", "America/Los_Angeles"},
    {"pdt", "America/Los_Angeles"},  {"jst", "Asia/Tokyo"},        {"ist", "Asia/Kolkata"},
    {"aest", "Australia/Sydney"},    {"aedt", "Australia/Sydney"},
}};

/// What was probably meant by a text that is no time zone.
std::string zone_hint(std::string_view zone) {
  std::string lower;
  std::string title;  // "europe/berlin" → "Europe/Berlin"
  for (const char c : zone) {
    const bool begins = title.empty() || title.back() == '/' || title.back() == '_' || title.back() == '-';
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    title += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : lower.back();
  }
  if (lower == "utc" || lower == "gmt" || lower == "z" || lower == "zulu") return "write `UTC`";
  for (const auto& [name, meant] : kZoneNames) {
    if (lower != name) continue;
    return fmt::format("an abbreviation tells no rules for summer time: write a place, for example `{}`",
                       meant);
  }
  static const RE2 kPlace("[a-z_]+(/[a-z_]+){1,2}");
  if (RE2::FullMatch(lower, kPlace)) return fmt::format("did you mean `{}`?", title);
  return "write `UTC`, an offset such as `\"+01:00\"`, or a name such as `Europe/Berlin`";
}

class ColumnCheck {
 public:
  ColumnCheck(const ColumnSpec& column, const FormatSpec& format, Diagnostics& out)
      : column_(column), format_(format), out_(out) {}

  void run() {
    check_column_name(column_.name, out_);
    check_list();
    check_format();
    check_marks();
    check_timezone();
    check_pattern();
    check_range();
    check_length();
    check_constants();
    if (column_.type->is_list_of_struct()) check_columns(column_.columns, format_, out_);
  }

 private:
  void fail(const ErrorCode& code, const SourceSpan& span, std::string message, std::string hint) {
    out_.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }

  void check_list() {
    if (!column_.type->is_list()) return;
    if (*format_.type != FormatType::kXml) {
      fail(kNotApplicable, column_.type.span,
           fmt::format("`{}` is a list, which only xml can hold", *column_.name),
           "read it as `string`, or correct `format: type:`");
    }
    if (column_.type->is_list_of_struct() && column_.columns.empty()) {
      fail(kMissingKey, column_.name.span,
           fmt::format("`{}` is a list<struct> without `columns`", *column_.name),
           "add `columns:` with `from:` relative to the repeated element");
    }
    if (column_.default_value) {
      fail(kNotApplicable, column_.default_value->span,
           fmt::format("`{}` is a list: it takes no default", *column_.name),
           "an absent list is empty: remove `default:`");
    }
  }

  void check_format() {
    const TypeKind kind = column_.type->element_type().kind;
    const ColumnFormat& format = column_.format;
    const bool has_words = !format.true_values.empty() || !format.false_values.empty();
    if (kind == TypeKind::kBoolean) {
      check_boolean_words();
    } else if (has_words) {
      fail(kBadFormat, column_.name.span,
           fmt::format("`{}` is no boolean: its `format:` cannot name true and false", *column_.name),
           "set `type: boolean`, or write letters as in `%d.%m.%Y`");
    }
    if (!column_.type->element_type().is_temporal()) return;
    for (const auto& pattern : format.patterns) {
      const Status status = check_time_pattern(*pattern, kind);
      if (!status) fail(status.error().code(), pattern.span, status.error().message(), status.error().hint());
    }
  }

  void check_boolean_words() {
    const ColumnFormat& format = column_.format;
    constexpr std::string_view kShape = "write `format: {true: [Y], false: [N]}`";
    if (!format.patterns.empty()) {
      fail(kBadFormat, format.patterns.front().span, "the `format:` of a boolean names its words",
           std::string(kShape));
    } else if (format.true_values.empty() != format.false_values.empty()) {
      fail(kBadFormat, column_.name.span,
           fmt::format("the `format:` of `{}` has words for one side only", *column_.name),
           std::string(kShape));
    }
    for (const std::string& word : format.true_values) {
      if (std::ranges::find(format.false_values, word) == format.false_values.end()) continue;
      fail(kBadFormat, column_.name.span,
           fmt::format("`{}` means both true and false in `{}`", word, *column_.name), std::string(kShape));
    }
    check_null_words();
  }

  // Null comes first, so that the word would never be read.
  void check_null_words() {
    const std::vector<std::string>& nulls = null_markers_of(format_, column_);
    for (const auto* words : {&column_.format.true_values, &column_.format.false_values}) {
      for (const std::string& word : *words) {
        if (std::ranges::find(nulls, word) == nulls.end()) continue;
        out_.warning(Error(kBadFormat, fmt::format("`{}` means {} in `{}`, and null before that", word,
                                                   words == &column_.format.true_values ? "true" : "false",
                                                   *column_.name))
                         .with_span(column_.name.span)
                         .with_hint("give the column a `null:` list of its own without it"));
      }
    }
  }

  void check_marks() {
    const char decimal = column_.decimal_mark;
    if (decimal != '.' && decimal != ',') {
      fail(kBadDialect, column_.name.span,
           fmt::format("the decimal mark of `{}` is `{}`", *column_.name, decimal), "it is `.` or `,`");
    }
    if (!column_.thousands_mark) return;
    const char thousands = *column_.thousands_mark;
    if (thousands == decimal) {
      fail(kBadDialect, column_.name.span,
           fmt::format("`{}` has `{}` as decimal mark and as thousands mark", *column_.name, decimal),
           decimal == '.' ? "add `decimal_mark: \",\"`" : "write `thousands_mark: \".\"`");
    } else if ((thousands >= '0' && thousands <= '9') || thousands == '-' || thousands == '+') {
      fail(kBadDialect, column_.name.span,
           fmt::format("the thousands mark of `{}` is `{}`", *column_.name, thousands),
           "it is `.`, `,`, a blank or an apostrophe");
    }
  }

  void check_timezone() {
    static const RE2 kZone(
        "UTC|Z|GMT|[+-][0-9]{1,2}(:?[0-5][0-9])?|[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){1,2}");
    const std::string& zone = *column_.timezone;
    if (zone.empty() || RE2::FullMatch(zone, kZone)) return;
    fail(kBadTimezone, column_.timezone.span, fmt::format("`{}` is not a time zone", zone), zone_hint(zone));
  }

  void check_pattern() {
    if (column_.pattern->empty()) return;
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(1 << 20);
    pattern_ = std::make_unique<const RE2>(*column_.pattern, options);
    if (pattern_->ok()) return;
    fail(kBadPattern, column_.pattern.span,
         fmt::format("the pattern does not compile: {}", pattern_->error()),
         "the syntax is RE2's: no look-ahead, no back-references");
    pattern_.reset();
  }

  /// A default or accepted value: a value of the type that the column's other rules let pass.
  void check_constant(const Located<std::string>& text, std::string_view role) {
    const Result<Constant> value = read_constant(*text, column_);
    if (!value) return fail(value.error().code(), text.span, value.error().message(), value.error().hint());
    const std::string broken = broken_rule(*text, *value);
    if (broken.empty()) return;
    fail(kBadConstant, text.span,
         fmt::format("{} `{}` of `{}` breaks its `{}`", role, *text, *column_.name, broken),
         fmt::format("correct the value, or `{}:`", broken));
  }

  /// The rule, besides `accepted`, that a value breaks; empty when none.
  std::string broken_rule(const std::string& text, const Constant& value) const {
    const auto beyond = [&](const std::optional<Located<std::string>>& bound, bool is_min) {
      if (!bound || is_range_empty_) return false;
      const Result<Constant> limit = read_constant(**bound, column_);
      return limit && limit->index() == value.index() && (is_min ? value < *limit : value > *limit);
    };
    if (beyond(column_.range.min, true) || beyond(column_.range.max, false)) return "range";
    const LengthSpec& length = column_.length;
    const std::uint64_t characters = count_characters(text);
    const bool is_short = length.min && characters < *length.min;
    const bool is_long = length.max && characters > *length.max;
    if (is_short != is_long) return "length";  // both: the bounds contradict each other, which is told
    if (pattern_ != nullptr && !RE2::PartialMatch(text, *pattern_)) return "pattern";
    return "";
  }

  void check_constants() {
    if (column_.type->is_list_of_struct()) return;
    std::set<std::string_view> seen;
    for (const auto& value : column_.accepted) {
      check_constant(value, "the accepted value");
      if (seen.insert(*value).second) continue;
      fail(kBadConstant, value.span,
           fmt::format("`{}` stands twice in the accepted values of `{}`", *value, *column_.name),
           "remove one of the two");
    }
    if (!column_.default_value || column_.type->is_list()) return;
    check_constant(*column_.default_value, "the default");
    if (!column_.accepted.empty() && !seen.contains(**column_.default_value)) {
      fail(kBadConstant, column_.default_value->span,
           fmt::format("the default of `{}` is not one of its accepted values", *column_.name),
           "add it to `accepted:`, or choose another default");
    }
  }

  void check_range() {
    const auto bound = [&](const std::optional<Located<std::string>>& text) -> std::optional<Constant> {
      if (!text) return std::nullopt;
      const Result<Constant> value = read_constant(**text, column_);
      if (value) return *value;
      fail(kBadRange, text->span, value.error().message(), value.error().hint());
      return std::nullopt;
    };
    if (column_.type->is_list_of_struct()) return;
    const std::optional<Constant> min = bound(column_.range.min);
    const std::optional<Constant> max = bound(column_.range.max);
    is_range_empty_ = min && max && min->index() == max->index() && *min > *max;
    if (!is_range_empty_) return;
    fail(kBadRange, column_.range.min->span,
         fmt::format("the range of `{}` is empty: {} is greater than {}", *column_.name, **column_.range.min,
                     **column_.range.max),
         "write the lesser bound as `min`");
  }

  void check_length() {
    const LengthSpec& length = column_.length;
    if (!length.min || !length.max || *length.min <= *length.max) return;
    fail(kBadRange, column_.name.span,
         fmt::format("the length of `{}` is empty: {} is greater than {}", *column_.name, *length.min,
                     *length.max),
         "write the lesser bound as `min`");
  }

  const ColumnSpec& column_;
  const FormatSpec& format_;
  Diagnostics& out_;
  std::unique_ptr<const RE2> pattern_;  // once it is known to compile
  bool is_range_empty_ = false;
};

}  // namespace

void check_column_name(const Located<std::string>& name, Diagnostics& out) {
  const auto reserved = audit_column_names();
  const bool is_reserved = std::ranges::find(reserved, *name) != reserved.end() ||
                           name->starts_with("_tarn") || name->starts_with("_source_");
  if (!is_reserved) return;
  out.error(Error(kReservedName, fmt::format("`{}` is the name of one of Tarn's own columns", *name))
                .with_span(name.span)
                .with_hint(fmt::format("call it `{}`; its `from:` may stay", name->substr(1))));
}

std::string column_hint(std::string_view name, const std::vector<ColumnSpec>& columns) {
  std::vector<std::string_view> names;
  std::string list;
  for (const ColumnSpec& column : columns) {
    names.push_back(*column.name);
    if (names.size() <= 12) list += fmt::format("{}{}", list.empty() ? "" : ", ", *column.name);
    if (*column.from == name) return fmt::format("the table's column is called `{}`", *column.name);
  }
  const std::string_view near = nearest_name(name, names);
  if (!near.empty()) return fmt::format("did you mean `{}`?", near);
  return fmt::format("the columns are {}{}", list, names.size() > 12 ? ", …" : "");
}

void check_columns(const std::vector<ColumnSpec>& columns, const FormatSpec& format, Diagnostics& out) {
  std::map<std::string_view, const ColumnSpec*> names;
  std::map<std::string_view, const ColumnSpec*> places;
  for (const ColumnSpec& column : columns) {
    ColumnCheck(column, format, out).run();
    if (column.name->empty()) continue;
    const auto [first, is_new] = names.emplace(*column.name, &column);
    if (!is_new) {
      out.error(
          Error(kDuplicateColumn, fmt::format("two columns are called `{}`", *column.name))
              .with_span(column.name.span)
              .with_hint(fmt::format("the first is at line {}: rename one", first->second->name.span.line)));
      continue;
    }
    const auto [place, is_new_place] = places.emplace(*column.from, &column);
    if (is_new_place) continue;
    out.warning(Error(kDuplicateFrom, fmt::format("`{}` and `{}` are both read from `{}`",
                                                  *place->second->name, *column.name, *column.from))
                    .with_span(column.from.written() ? column.from.span : column.name.span)
                    .with_hint("correct `from:` of one, unless both are meant to hold it"));
  }
  for (const ColumnSpec& column : columns) {
    if (column.renamed_from->empty() || !names.contains(*column.renamed_from)) continue;
    out.error(Error(kDuplicateColumn, fmt::format("`{}` is renamed from `{}`, which is still a column",
                                                  *column.name, *column.renamed_from))
                  .with_span(column.renamed_from.span)
                  .with_hint("remove `renamed_from:`, or the former column"));
  }
}

}  // namespace tarn::project
