#include "discover/sampling/dialect.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <set>

#include "discover/column_guess.h"
#include "format/encoding.h"
#include "format/values.h"

namespace tarn::discover {
namespace {

constexpr std::size_t kMaxRecords = 500;
constexpr std::size_t kMaxPreamble = 50;

struct ReadRecord {
  std::vector<std::string> fields;
  std::uint64_t line = 0;
};

struct Reading {
  format::CsvOptions options;
  std::vector<ReadRecord> records;
  std::size_t problems = 0;
  std::size_t columns = 0;
  double agreement = 0;
  std::size_t stray_quotes = 0;
};

/// Records of the text's beginning. The last one may be cut and is left out where there are many.
Reading read_with(std::string_view text, const format::CsvOptions& options) {
  Reading reading;
  reading.options = options;
  auto reader = format::CsvReader::create(options);
  if (!reader.ok()) return reading;
  reader->reset(text);
  format::CsvRecord record;
  std::map<std::size_t, std::size_t> counts;
  for (std::size_t i = 0; i < kMaxRecords && reader->next(record); ++i) {
    if (record.problem != nullptr) {
      ++reading.problems;
      continue;
    }
    ReadRecord read{.fields = {}, .line = record.line};
    for (const format::CsvField& field : record.fields) {
      read.fields.emplace_back(field.text);
      const std::string_view trimmed = format::trim_blanks(field.text);
      if (!field.quoted && trimmed.size() > 1 && trimmed.front() == '"' && trimmed.back() == '"')
        ++reading.stray_quotes;
    }
    reading.records.push_back(std::move(read));
  }
  // What stands after the preamble decides: the count that most records have, two at least.
  for (const ReadRecord& read : reading.records) ++counts[read.fields.size()];
  std::size_t most = 0;
  for (const auto& [columns, count] : counts) {
    if (columns < 2 || count < most) continue;
    most = count;
    reading.columns = columns;
  }
  const std::size_t all = reading.records.size() + reading.problems;
  if (all > 0) reading.agreement = static_cast<double>(most) / static_cast<double>(all);
  return reading;
}

bool holds_doubled(std::string_view text, std::string_view what) {
  return text.find(what) != std::string_view::npos;
}

std::vector<format::CsvOptions> candidates(std::string_view text, char comment) {
  std::vector<format::CsvOptions> out;
  for (const char delimiter : {',', ';', '\t', '|'}) {
    if (text.find(delimiter) == std::string_view::npos) continue;
    format::CsvOptions options;
    options.delimiter = delimiter;
    options.comment = comment == delimiter ? '\0' : comment;
    out.push_back(options);
    if (holds_doubled(text, "\\\"")) {
      options.escape = '\\';
      out.push_back(options);
    }
    const std::string single = {delimiter, '\''};
    if (holds_doubled(text, single) || text.starts_with('\'')) {
      options.quote = options.escape = '\'';
      out.push_back(options);
    }
    if (text.find('"') != std::string_view::npos) {
      options.quote = options.escape = '\0';
      out.push_back(options);
    }
  }
  return out;
}

/// Agreement counts most, then what needs the fewest oddities: earlier candidates win ties.
double score(const Reading& reading) {
  if (reading.columns < 2) return 0;
  const double width = std::min<double>(static_cast<double>(reading.columns), 8) * 0.005;
  const double quotes = reading.options.quote == '\0' && reading.stray_quotes > 0 ? 0.3 : 0;
  return reading.agreement + width - quotes;
}

/// Whether every value of the column reads as a number, date or the like.
bool is_typed(const std::vector<std::vector<std::string>>& rows, std::size_t column, ColumnGuess& guess) {
  ColumnProfile profile;
  for (const auto& row : rows) {
    if (column < row.size()) profile.add(format::trim_blanks(row[column]));
  }
  guess = guess_column("value", profile, {});
  return guess.filled > 0 && guess.column.type->kind != project::TypeKind::kString;
}

bool is_value_of(const std::string& text, const std::vector<std::vector<std::string>>& rows,
                 std::size_t column, project::TypeKind kind) {
  std::vector<std::vector<std::string>> with = rows;
  with.push_back(std::vector<std::string>(column + 1, text));
  ColumnGuess guess;
  const bool typed = is_typed(with, column, guess);
  const auto is_number = [](project::TypeKind any) {
    return any == project::TypeKind::kInt || any == project::TypeKind::kLong ||
           any == project::TypeKind::kDecimal || any == project::TypeKind::kDouble;
  };
  return typed &&
         (guess.column.type->kind == kind || (is_number(kind) && is_number(guess.column.type->kind)));
}

void find_header(const Reading& reading, std::size_t first, Dialect& dialect) {
  const std::vector<std::string>& names = reading.records[first].fields;
  std::vector<std::vector<std::string>> rest;
  for (std::size_t i = first + 1; i < reading.records.size() && rest.size() < 200; ++i) {
    if (reading.records[i].fields.size() == names.size()) rest.push_back(reading.records[i].fields);
  }
  if (!is_header(names, rest)) return;
  dialect.names = names;
  std::set<std::string> seen;
  bool usable = true;
  for (const std::string& name : names) {
    std::string key(format::trim_blanks(name));
    std::ranges::transform(key, key.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    usable = usable && !key.empty() && seen.insert(key).second && format::find_bad_text(key) == key.size();
  }
  dialect.header = usable;
  if (usable) return;
  // A name that is empty or stands twice cannot say which column is meant: positions can.
  dialect.remarks.push_back("the header has empty or repeated names: it is skipped and columns go by number");
  const std::uint64_t next =
      first + 1 < reading.records.size() ? reading.records[first + 1].line : reading.records[first].line + 1;
  dialect.options.skip_rows = static_cast<std::uint32_t>(next - 1);
}

}  // namespace

char detect_comment(std::string_view text) {
  std::size_t comments = 0;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < text.size() && lines < kMaxRecords; ++lines) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (text[at] == '#') ++comments;
    at = end + 1;
  }
  // A header that begins with `#` is one line, and the first: it is a comment only where more of them follow.
  const bool only_first = comments == 1 && text.starts_with('#');
  return comments > 0 && comments * 2 < lines && !only_first ? '#' : '\0';
}

bool is_header(const std::vector<std::string>& first, const std::vector<std::vector<std::string>>& rest) {
  std::size_t typed = 0;
  std::size_t values = 0;
  bool repeats = false;
  for (std::size_t i = 0; i < first.size(); ++i) {
    const std::string text(format::trim_blanks(first[i]));
    ColumnGuess guess;
    if (is_typed(rest, i, guess)) {
      ++typed;
      if (!text.empty() && is_value_of(text, rest, i, guess.column.type->kind)) ++values;
      if (text.empty()) ++values;
    }
    repeats = repeats || (!text.empty() && std::ranges::any_of(rest, [&](const auto& row) {
                return i < row.size() && format::trim_blanks(row[i]) == text;
              }));
  }
  if (typed > 0) return values * 2 < typed;
  // All text: names are filled, differ from one another, do not begin with a digit and are not values.
  const std::set<std::string> distinct(first.begin(), first.end());
  const bool like_names = std::ranges::all_of(first, [](const std::string& text) {
    const std::string_view trimmed = format::trim_blanks(text);
    return trimmed.size() <= 64 &&
           (trimmed.empty() || std::isdigit(static_cast<unsigned char>(trimmed.front())) == 0);
  });
  const auto filled = std::ranges::count_if(
      first, [](const std::string& text) { return !format::trim_blanks(text).empty(); });
  return !repeats && like_names && distinct.size() == first.size() &&
         static_cast<std::size_t>(filled) + 1 >= first.size() && filled > 0;
}

std::optional<Dialect> detect_dialect(std::string_view text) {
  const char comment = detect_comment(text);
  std::optional<Reading> best;
  for (const format::CsvOptions& options : candidates(text, comment)) {
    Reading reading = read_with(text, options);
    if (!best || score(reading) > score(*best) + 1e-9) best = std::move(reading);
  }
  if (!best || best->columns < 2 || best->records.empty()) return std::nullopt;
  const auto first = std::ranges::find_if(
      best->records, [&](const ReadRecord& record) { return record.fields.size() == best->columns; });
  const auto position = static_cast<std::size_t>(first - best->records.begin());
  const std::size_t after = best->records.size() - position;
  const auto alike = std::ranges::count_if(
      best->records, [&](const ReadRecord& record) { return record.fields.size() == best->columns; });
  if (static_cast<double>(alike) < 0.6 * static_cast<double>(after)) return std::nullopt;

  Dialect dialect;
  dialect.options = best->options;
  dialect.columns = best->columns;
  dialect.agreement = static_cast<double>(alike) / static_cast<double>(after + best->problems);
  if (position > 0 && position <= kMaxPreamble) {
    dialect.options.skip_rows = static_cast<std::uint32_t>(first->line - 1);
    dialect.remarks.push_back(fmt::format("{} lines stand before the table", first->line - 1));
  }
  if (best->problems > 0) {
    dialect.remarks.push_back(fmt::format("{} of the first {} records do not parse: they go to quarantine",
                                          best->problems, best->problems + best->records.size()));
  }
  find_header(*best, position, dialect);
  return dialect;
}

}  // namespace tarn::discover
