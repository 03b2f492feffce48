#include "project/column_type.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <charconv>
#include <utility>

#include "project/errors.h"
#include "project/feed_spec.h"
#include "project/keys/key_table.h"

namespace tarn::project {
namespace {

std::string scalar_name(TypeKind kind, unsigned precision, unsigned scale) {
  if (kind == TypeKind::kDecimal) return fmt::format("decimal({},{})", precision, scale);
  if (kind == TypeKind::kStruct) return "struct";
  return std::string(name_of(choices_of(TypeKind{}), static_cast<int>(kind)));
}

/// What other systems call a type, and what it is called here.
constexpr std::array<std::pair<std::string_view, std::string_view>, 31> kForeignNames = {{
    {"varchar", "string"},
    {"text", "string"},
    {"char", "string"},
    {"nvarchar", "string"},
    {"str", "string"},
    {"clob", "string"},
    {"integer", "int"},
    {"int32", "int"},
    {"smallint", "int"},
    {"tinyint", "int"},
    {"bigint", "long"},
    {"int64", "long"},
    {"float", "double"},
    {"real", "double"},
    {"float64", "double"},
    {"number", "decimal(18,2)"},
    {"numeric", "decimal(18,2)"},
    {"money", "decimal(18,2)"},
    {"bool", "boolean"},
    {"bit", "boolean"},
    {"datetime", "timestamp"},
    {"datetime2", "timestamp"},
    {"timestamp_tz", "timestamptz"},
    {"timestamp with time zone", "timestamptz"},
    {"datetimeoffset", "timestamptz"},
    {"guid", "uuid"},
    {"blob", "binary"},
    {"bytes", "binary"},
    {"varbinary", "binary"},
    {"array", "list<string>"},
    {"struct", "list<struct>"},
}};

Error bad_type(std::string_view text) {
  Error error(kBadType, fmt::format("`{}` is not a column type", text));
  std::string lower(text.substr(0, text.find('(')));
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  for (const auto& [foreign, own] : kForeignNames) {
    if (lower == foreign) return std::move(error).with_hint(fmt::format("write `{}`", own));
  }
  std::vector<std::string_view> names;
  std::string list;
  for (const Choice& choice : choices_of(TypeKind{})) {
    names.push_back(choice.name);
    list += fmt::format("{}{}", list.empty() ? "" : ", ",
                        choice.name == "decimal" ? "decimal(p,s)" : choice.name);
  }
  const std::string_view near = nearest_name(lower, names);
  return std::move(error).with_hint(near.empty() ? "known: " + list
                                                 : fmt::format("did you mean `{}`?", near));
}

Result<ColumnType> parse_scalar(const std::string& text, std::string_view whole) {
  static const RE2 kDecimalText("decimal\\(([0-9]{1,4}),([0-9]{1,4})\\)");
  static const RE2 kDecimalAlone("decimal(\\([0-9]*\\))?");
  ColumnType type;
  unsigned precision = 0, scale = 0;
  if (RE2::FullMatch(text, kDecimalText, &precision, &scale)) {
    if (precision < 1 || precision > 38 || scale > precision) {
      return Error(kBadType,
                   fmt::format("`{}` cannot be: precision is 1 to 38, scale 0 to the precision", whole))
          .with_hint("for amounts of money `decimal(18,2)` is common");
    }
    type.kind = TypeKind::kDecimal;
    type.precision = static_cast<std::uint8_t>(precision);
    type.scale = static_cast<std::uint8_t>(scale);
    return type;
  }
  if (RE2::FullMatch(text, kDecimalAlone)) {
    return Error(kBadType, fmt::format("`{}` lacks its precision and scale", whole))
        .with_hint("write `decimal(18,2)`");
  }
  for (const Choice& choice : choices_of(TypeKind{})) {
    if (choice.name != text || choice.value == static_cast<int>(TypeKind::kStruct)) continue;
    type.kind = static_cast<TypeKind>(choice.value);
    return type;
  }
  return bad_type(whole);
}

}  // namespace

bool ColumnType::is_temporal() const {
  return kind == TypeKind::kDate || kind == TypeKind::kTime || kind == TypeKind::kTimestamp ||
         kind == TypeKind::kTimestamptz;
}

ColumnType ColumnType::element_type() const {
  ColumnType type = *this;
  if (is_list()) type.kind = element;
  type.element = TypeKind::kString;
  return type;
}

std::string to_string(const ColumnType& type) {
  if (!type.is_list()) return scalar_name(type.kind, type.precision, type.scale);
  return fmt::format("list<{}>", scalar_name(type.element, type.precision, type.scale));
}

Result<ColumnType> parse_column_type(std::string_view text) {
  std::string bare;
  for (const char c : text) {
    if (c != ' ' && c != '\t') bare += c;
  }
  if (bare.size() > 64) return bad_type(text.substr(0, 40));
  if (!bare.starts_with("list<") || !bare.ends_with(">"))
    return parse_scalar(bare, bare.empty() ? text : bare);
  const std::string inner = bare.substr(5, bare.size() - 6);
  ColumnType type;
  type.kind = TypeKind::kList;
  if (inner == "struct") {
    type.element = TypeKind::kStruct;
    return type;
  }
  if (inner.starts_with("list")) {
    return Error(kBadType, fmt::format("`{}`: a list cannot hold lists", bare))
        .with_hint("use `list<struct>`, or a child table under `children:`");
  }
  TARN_ASSIGN_OR_RETURN(const ColumnType element, parse_scalar(inner, inner));
  type.element = element.kind;
  type.precision = element.precision;
  type.scale = element.scale;
  return type;
}

namespace {

std::optional<std::uint32_t> number_between(std::string_view text, std::uint32_t minimum,
                                            std::uint32_t maximum) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value < minimum || value > maximum) return std::nullopt;
  return value;
}

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::optional<CharacterRange> parse_character_range(std::string_view text) {
  constexpr std::uint32_t kLast = 1'000'000;
  const std::size_t dash = text.find('-');
  const auto first = number_between(without_blanks(text.substr(0, dash)), 1, kLast);
  if (!first) return std::nullopt;
  if (dash == std::string_view::npos) return CharacterRange{*first, *first};
  const auto last = number_between(without_blanks(text.substr(dash + 1)), *first, kLast);
  if (!last) return std::nullopt;
  return CharacterRange{*first, *last};
}

std::optional<std::uint32_t> parse_column_number(std::string_view text) {
  return number_between(text, 1, 4096);
}

const ColumnSpec* find_column(const std::vector<ColumnSpec>& columns, std::string_view name) {
  for (const ColumnSpec& column : columns) {
    if (*column.name == name) return &column;
  }
  return nullptr;
}

const FeedSpec* Project::find_feed(std::string_view name) const {
  for (const FeedSpec& feed : feeds) {
    if (*feed.name == name) return &feed;
  }
  return nullptr;
}

const std::vector<std::string>& null_markers_of(const FormatSpec& format, const ColumnSpec& column) {
  return column.null_markers ? *column.null_markers : format.null_markers;
}

std::vector<std::string_view> audit_column_names() {
  return {"_source_file",    "_source_member", "_source_record", "_source_sha256",
          "_source_arrival", "_ingested_at",   "_batch_id",      "_contract_version"};
}

std::string_view to_string(AfterIngest value) {
  return name_of(choices_of(value), static_cast<int>(value));
}

std::vector<std::string_view> history_column_names() {
  return {"valid_from", "valid_to", "is_current", "_tracked_hash", "_is_deletion"};
}

std::vector<PreviousNames> previous_names(const FeedSpec& feed) {
  std::vector<PreviousNames> names;
  for (const auto& name : feed.previous) names.push_back({*name, "previous_" + *name, *name + "_changed_at"});
  return names;
}

std::vector<std::string> added_column_names(const FeedSpec& feed) {
  std::vector<std::string> names;
  if (*feed.mode == LoadMode::kScd2) {
    for (const std::string_view name : history_column_names()) names.emplace_back(name);
  } else if (*feed.mode == LoadMode::kScd3) {
    for (const PreviousNames& previous : previous_names(feed)) {
      names.push_back(previous.before);
      names.push_back(previous.changed_at);
    }
    names.emplace_back(history_column_names().back());  // whether a version deletes
  }
  return names;
}

std::optional<TableName> companion_table(const FeedSpec& feed) {
  if (*feed.mode == LoadMode::kScd2) return TableName{feed.table->schema, feed.table->name + "__unchanged"};
  if (*feed.mode == LoadMode::kScd3) return TableName{feed.table->schema, feed.table->name + "__versions"};
  if (*feed.mode == LoadMode::kReplace)
    return TableName{feed.table->schema, feed.table->name + "__deliveries"};
  if (feed.delete_when.column->empty()) return std::nullopt;
  return TableName{feed.table->schema, feed.table->name + "__deleted"};
}

bool tracks(const FeedSpec& feed, std::string_view column) {
  const auto names_it = [&](const Located<std::string>& name) { return *name == column; };
  if (!feed.track.empty()) return std::ranges::any_of(feed.track, names_it);
  const auto own = [&](const std::vector<std::string_view>& names) {
    return std::ranges::find(names, column) != names.end();
  };
  return !std::ranges::any_of(feed.key, names_it) && *feed.version_column != column &&
         *feed.delete_when.column != column && !own(audit_column_names()) && !own(history_column_names());
}

std::string_view to_string(LoadMode value) {
  return name_of(choices_of(value), static_cast<int>(value));
}
std::string_view to_string(FormatType value) {
  return name_of(choices_of(value), static_cast<int>(value));
}
std::string_view to_string(Encoding value) {
  return name_of(choices_of(value), static_cast<int>(value));
}
std::string_view to_string(Drift value) {
  return name_of(choices_of(value), static_cast<int>(value));
}
std::string_view to_string(Transform value) {
  return name_of(choices_of(value), static_cast<int>(value));
}
std::string_view to_string(Identifying value) {
  return name_of(choices_of(value), static_cast<int>(value));
}

std::string to_string(const PartitionField& field) {
  if (field.transform == Transform::kIdentity) return field.column;
  if (field.transform == Transform::kBucket || field.transform == Transform::kTruncate) {
    return fmt::format("{}({}, {})", to_string(field.transform), field.parameter, field.column);
  }
  return fmt::format("{}({})", to_string(field.transform), field.column);
}

std::string to_string(const SortField& field) {
  return field.descending ? field.column + " desc" : field.column;
}

}  // namespace tarn::project
