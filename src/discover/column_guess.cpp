#include "discover/column_guess.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "discover/column_names.h"
#include "discover/identifying_guess.h"
#include "discover/time_guess.h"
#include "format/values.h"

namespace tarn::discover {
namespace {

using project::ColumnType;
using project::TypeKind;
using Values = std::span<const std::string_view>;

constexpr std::array<std::string_view, 12> kMarkers = {"NA",  "N/A", "n/a", "NULL", "null", "Null",
                                                       "\\N", "-",   "--",  "NaN",  "nan",  "None"};
constexpr std::uint64_t kEnough = 20;  // values that make a rule of what held for all of them

bool is_marker(std::string_view text) {
  return std::ranges::find(kMarkers, text) != kMarkers.end();
}

/// Markers that may well be words of a text column.
bool is_doubtful(std::string_view marker) {
  return marker == "NA" || marker == "None";
}

struct NumberShape {
  std::size_t whole = 0;  ///< Digits before the mark, without leading zeros.
  std::size_t scale = 0;
  bool has_exponent = false;
  bool has_leading_zero = false;
  bool has_thousands = false;
};

/// Reads a number as the contract would; nothing when it is none.
std::optional<NumberShape> scan_number(std::string_view text, format::NumberMarks marks) {
  double parsed = 0;
  if (format::parse_double(text, {.marks = marks, .allow_non_finite = false}, parsed) != nullptr)
    return std::nullopt;
  NumberShape shape;
  if (text.front() == '+' || text.front() == '-') text.remove_prefix(1);
  const std::size_t exponent = text.find_first_of("eE");
  shape.has_exponent = exponent != std::string_view::npos;
  text = text.substr(0, exponent);
  const std::size_t mark = text.find(marks.decimal);
  if (mark != std::string_view::npos) shape.scale = text.size() - mark - 1;
  const std::string_view whole = text.substr(0, mark);
  shape.has_thousands = marks.thousands != '\0' && whole.find(marks.thousands) != std::string_view::npos;
  const auto digits =
      static_cast<std::size_t>(std::ranges::count_if(whole, [](char c) { return c >= '0' && c <= '9'; }));
  shape.has_leading_zero = digits > 1 && whole.front() == '0';
  shape.whole = shape.has_leading_zero ? digits : whole == "0" ? 0 : digits;
  return shape;
}

/// Shapes of all values under one choice of marks.
struct NumberRange {
  std::size_t whole = 0;
  std::size_t min_scale = SIZE_MAX;
  std::size_t max_scale = 0;
  bool has_exponent = false;
  bool has_leading_zero = false;
  bool has_thousands = false;
};

std::optional<NumberRange> scan_numbers(Values values, format::NumberMarks marks) {
  NumberRange range;
  for (const std::string_view text : values) {
    const auto shape = scan_number(text, marks);
    if (!shape) return std::nullopt;
    range.whole = std::max(range.whole, shape->whole);
    range.min_scale = std::min(range.min_scale, shape->scale);
    range.max_scale = std::max(range.max_scale, shape->scale);
    range.has_exponent |= shape->has_exponent;
    range.has_leading_zero |= shape->has_leading_zero;
    range.has_thousands |= shape->has_thousands;
  }
  return range;
}

class Guesser {
 public:
  Guesser(const std::string& name, const ColumnProfile& profile, const GuessContext& context)
      : name_(name), profile_(profile), context_(context) {
    guess_.column.name = name;
    guess_.column.from = name;
  }

  ColumnGuess run() {
    collect();
    if (values_.empty()) {
      remark("no value was seen: the type is a guess");
    } else if (!guess_boolean() && !guess_number() && !guess_moment() && !guess_uuid()) {
      keep_doubtful_markers();
    }
    settle_nulls();
    guess_.column.identifying = guess_identifying(name_, profile_);
    suggest_accepted();
    return std::move(guess_);
  }

 private:
  void remark(std::string text) { guess_.remarks.push_back(std::move(text)); }
  void set_type(TypeKind kind) { guess_.column.type = ColumnType{.kind = kind}; }

  void collect() {
    for (const auto& [text, count] : profile_.values()) {
      if (text.empty()) {
        empty_ += count;
      } else if (is_marker(text)) {
        guess_.null_markers.push_back(text);
        marked_ += count;
      } else {
        values_.push_back(text);
        guess_.filled += count;
      }
    }
  }

  bool all_in(std::initializer_list<std::string_view> words) const {
    return std::ranges::all_of(values_, [&](std::string_view text) {
      std::string lower(text);
      std::ranges::transform(lower, lower.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      return std::ranges::find(words, lower) != words.end();
    });
  }

  bool guess_boolean() {
    static const RE2 kFlag(
        "(is|has|was|can|ist|hat)_.*|(.*_)?(flag|flg|active|enabled|deleted|yn|indicator|deceased)");
    const bool is_flag = RE2::FullMatch(name_, kFlag);
    const bool both = values_.size() >= 2;
    const bool words = all_in({"true", "false"}) || (all_in({"yes", "no"}) && (both || is_flag));
    const bool letters = (both || is_flag) && (all_in({"y", "n"}) || all_in({"t", "f"}));
    const bool digits = is_flag && all_in({"0", "1"});
    if (words || letters || digits) {
      set_type(TypeKind::kBoolean);
      return true;
    }
    if (both && all_in({"0", "1"})) remark("only 0 and 1 were seen: `boolean` if it is a flag");
    if (both && all_in({"j", "n"})) {
      set_type(TypeKind::kBoolean);
      for (const std::string_view text : values_) {
        auto& side =
            text == "j" || text == "J" ? guess_.column.format.true_values : guess_.column.format.false_values;
        side.emplace_back(text);
      }
      return true;
    }
    return false;
  }

  bool guess_number() {
    if (is_text_by_name(name_)) return false;
    static constexpr std::array<format::NumberMarks, 4> kMarks = {
        {{'.', '\0'}, {'.', ','}, {',', '\0'}, {',', '.'}}};
    for (const format::NumberMarks marks : kMarks) {
      const auto range = scan_numbers(values_, marks);
      if (!range) continue;
      if (range->has_leading_zero && !range->has_exponent) {
        if (range->max_scale == 0) remark("leading zeros: kept as text");
        return range->max_scale == 0 ? compact_moment() : false;
      }
      if (range->max_scale == 0 && compact_moment()) return true;
      take_number(*range, marks);
      return true;
    }
    return false;
  }

  /// Dates such as 20240131 are numbers too.
  bool compact_moment() {
    const bool long_digits =
        std::ranges::all_of(values_, [](std::string_view text) { return text.size() >= 8; });
    return long_digits && guess_moment();
  }

  void take_number(const NumberRange& range, format::NumberMarks marks) {
    const bool grouped = range.has_thousands;
    if (range.max_scale == 0 && !grouped && !range.has_exponent) return take_integer(range);
    project::ColumnSpec& column = guess_.column;
    column.decimal_mark = marks.decimal;
    if (grouped) {
      column.thousands_mark = marks.thousands;
      if (range.max_scale == 0)
        remark(fmt::format("`{}` taken as thousands mark: make sure", marks.thousands));
    } else if (marks.decimal == ',' && range.min_scale == 3 && range.max_scale == 3) {
      remark("`,` taken as decimal mark: make sure");
    }
    const bool varies = range.min_scale != range.max_scale && range.max_scale > 2;
    const std::size_t scale =
        std::max<std::size_t>(range.max_scale, range.max_scale == 0 ? 0 : 2) + (varies ? 2 : 0);
    const std::size_t precision = std::max<std::size_t>(range.whole + 4 + scale, scale <= 4 ? 12 : 18);
    if (range.has_exponent || range.max_scale > 8 || precision > 38) return set_type(TypeKind::kDouble);
    column.type = ColumnType{.kind = TypeKind::kDecimal,
                             .precision = static_cast<std::uint8_t>(precision),
                             .scale = static_cast<std::uint8_t>(scale)};
  }

  void take_integer(const NumberRange& range) {
    static const RE2 kIdentity("(.*_)?(id|no|nr|number|num|key|count|bytes|size)");
    constexpr std::size_t kAlwaysFits = 18;  // digits
    const auto fits = [](std::string_view text) {
      std::int64_t value = 0;
      return format::parse_int64(text, value) == nullptr;
    };
    if (range.whole > kAlwaysFits && !std::ranges::all_of(values_, fits)) {
      remark("more digits than `long` holds: kept as text");
      return;
    }
    const bool small = range.whole <= 8 && !(RE2::FullMatch(name_, kIdentity) && range.whole > 4);
    set_type(small ? TypeKind::kInt : TypeKind::kLong);
  }

  bool guess_moment() {
    static const RE2 kDateName(
        "(.*_)?(date|datum|day|dob|dt|time|datetime|timestamp|at|on|start|stop|end|birth.*)(_.*)?|.*(date|"
        "time)");
    if (is_text_by_name(name_)) return false;
    const auto time = guess_time(
        values_, {.is_date_name = RE2::FullMatch(name_, kDateName), .month_first = context_.month_first});
    if (!time) return false;
    std::erase_if(guess_.remarks, [](const std::string& text) { return text.starts_with("leading zeros"); });
    set_type(time->kind);
    if (!time->pattern.empty()) guess_.column.format.patterns.emplace_back(time->pattern);
    if (!time->also.empty()) {
      remark(fmt::format("`{}` reads every sample as well: make sure which is meant", time->also));
    } else if (time->pattern.find("%m/%d") != std::string::npos) {
      guess_.month_is_sure = true;
    }
    return true;
  }

  bool guess_uuid() {
    format::UuidBytes bytes;
    const bool all = std::ranges::all_of(values_, [&](std::string_view text) {
      return text.size() == 36 && format::parse_uuid(text, bytes) == nullptr;
    });
    if (all) set_type(TypeKind::kUuid);
    return all;
  }

  /// In a column of words "NA" may be a word (Namibia), and a column that is nothing else has no nulls.
  void keep_doubtful_markers() {
    const bool short_codes = values_.size() <= 30 || std::ranges::all_of(values_, [](std::string_view text) {
                               return text.size() <= 5;
                             });
    std::erase_if(guess_.null_markers, [&](const std::string& marker) {
      if (!is_doubtful(marker) || !short_codes) return false;
      guess_.text_markers.push_back(marker);
      remark(fmt::format("`{}` is kept as text, it may be a code: `null: [\"\", {}]` if it means none",
                         marker, marker));
      guess_.filled += profile_.values().at(marker);
      marked_ -= profile_.values().at(marker);
      return true;
    });
  }

  void settle_nulls() {
    guess_.never_null = empty_ == 0 && marked_ == 0 && profile_.absent() == 0 && guess_.filled > 0;
    guess_.column.required = guess_.never_null && guess_.filled >= kEnough;
    guess_.unique = guess_.filled >= 2 && guess_.filled == values_.size() + guess_.text_markers.size();
  }

  /// Never for identifying columns: a value of theirs does not belong in a contract.
  void suggest_accepted() {
    const bool is_code = guess_.column.type->kind == TypeKind::kString &&
                         guess_.column.identifying == project::Identifying::kNone;
    if (!is_code || values_.size() < 2 || values_.size() > 12 || guess_.filled < kEnough ||
        guess_.filled < 5 * values_.size())
      return;
    std::string list;
    for (const std::string_view text : values_) {
      const bool plain = text.size() <= 30 && text.find_first_of("\"\\\n\r\t") == std::string_view::npos;
      if (!plain) return;
      list += fmt::format("{}\"{}\"", list.empty() ? "" : ", ", text);
    }
    remark(fmt::format("seen: accepted: [{}]", list));
  }

  const std::string& name_;
  const ColumnProfile& profile_;
  const GuessContext& context_;
  ColumnGuess guess_;
  std::vector<std::string_view> values_;
  std::uint64_t empty_ = 0;
  std::uint64_t marked_ = 0;
};

}  // namespace

ColumnGuess guess_column(const std::string& name, const ColumnProfile& profile, const GuessContext& context) {
  return Guesser(name, profile, context).run();
}

}  // namespace tarn::discover
