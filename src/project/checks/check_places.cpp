#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "project/checks/checks.h"
#include "project/errors.h"

// Where values stand in the source: numbers, character ranges and XML paths.
namespace tarn::project {
namespace {

const SourceSpan& place_of(const ColumnSpec& column) {
  return column.from.written() ? column.from.span : column.name.span;
}

void fail(Diagnostics& out, const SourceSpan& span, std::string message, std::string hint) {
  out.error(Error(kBadFrom, std::move(message)).with_span(span).with_hint(std::move(hint)));
}

void check_csv(const FeedSpec& feed, Diagnostics& out) {
  if (feed.format.header) return;
  for (const ColumnSpec& column : feed.columns) {
    if (column.name->empty() || parse_column_number(*column.from)) continue;
    fail(out, place_of(column),
         fmt::format("`{}` has no column number, and the file has no header", *column.name),
         fmt::format("write `from: {}`, or set `header: true`", &column - feed.columns.data() + 1));
  }
}

void check_fixed(const FeedSpec& feed, Diagnostics& out) {
  struct Taken {
    CharacterRange range;
    const ColumnSpec* column;
  };
  std::vector<Taken> taken;
  for (const ColumnSpec& column : feed.columns) {
    if (column.name->empty()) continue;
    if (const auto range = parse_character_range(*column.from)) {
      taken.push_back({*range, &column});
    } else {
      fail(out, place_of(column),
           column.from.written() ? fmt::format("`{}` is not a range of characters", *column.from)
                                 : fmt::format("`{}` has no position", *column.name),
           "write first and last character, from 1: `from: \"1-10\"`");
    }
  }
  std::ranges::stable_sort(taken, {}, [](const Taken& entry) { return entry.range.first; });
  for (std::size_t i = 1; i < taken.size(); ++i) {
    const Taken& before = taken[i - 1];
    const Taken& entry = taken[i];
    // The same range twice has been told by check_columns() already.
    if (entry.range.first > before.range.last || entry.range == before.range) continue;
    out.warning(Error(kOverlap, fmt::format("`{}` and `{}` share characters {} to {}", *before.column->name,
                                            *entry.column->name, entry.range.first,
                                            std::min(entry.range.last, before.range.last)))
                    .with_span(place_of(*entry.column))
                    .with_hint("correct one of the two, unless the overlap is meant"));
  }
}

/// Whether the path ends in an attribute or a text, not in an element.
bool ends_in_value(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? path : path.substr(slash + 1);
  return last.starts_with('@') || last == "text()" || last == ".";
}

/// Why a text is not a path; empty when it is one. Bytes beyond ASCII are taken for letters.
std::string path_problem(const std::string& path, const FormatSpec& format) {
  static constexpr std::string_view kStart = "[A-Za-z_\\x80-\\xff]";
  static const std::string kWord = fmt::format("{}[A-Za-z0-9_.\\x80-\\xff-]*", kStart);
  static const std::string kName = fmt::format("(?:{0}:)?{0}", kWord);
  static const std::string kStep = fmt::format("{}(?:\\[[^\\]]+\\])*", kName);
  static const RE2 kPath(fmt::format("/?(?:{0}/)*(?:{0}|@{1}|text\\(\\))|\\.(?:/@{1})?", kStep, kName),
                         RE2::Latin1);
  if (path.find("//") != std::string::npos) return "`//` is not supported: write every step";
  if (path.starts_with("../") || path.find("/../") != std::string::npos) {
    return "`..` is not supported: start from the record";
  }
  if (!RE2::FullMatch(path, kPath)) {
    return "write steps as in `Patient/@id`, `Visit/AdmitTime`, `Note/text()` or `.`";
  }
  static const RE2 kPrefix(fmt::format("({}):{}", kWord, kStart), RE2::Latin1);
  static const RE2 kPredicate("\\[[^\\]]*\\]", RE2::Latin1);
  std::string steps = path;
  RE2::GlobalReplace(&steps, kPredicate, "");
  re2::StringPiece rest(steps);
  std::string prefix;
  while (RE2::FindAndConsume(&rest, kPrefix, &prefix)) {
    if (!format.namespaces.contains(prefix)) {
      return fmt::format("declare the prefix: `namespaces: {{{}: \"urn:…\"}}`, or leave it out", prefix);
    }
  }
  return "";
}

void check_paths(const std::vector<ColumnSpec>& columns, const FormatSpec& format, Diagnostics& out) {
  for (const ColumnSpec& column : columns) {
    if (column.name->empty()) continue;
    const std::string problem = path_problem(*column.from, format);
    if (!problem.empty()) {
      fail(out, place_of(column), fmt::format("`{}` is not an XML path", *column.from), problem);
    } else if (column.from->starts_with('/')) {
      fail(out, place_of(column),
           fmt::format("`{}` is absolute, but columns are relative to the record", *column.from),
           fmt::format("write `{}`", column.from->substr(1)));
    }
    if (column.type->is_list_of_struct()) check_paths(column.columns, format, out);
  }
}

void check_xml(const FeedSpec& feed, Diagnostics& out) {
  const Located<std::string>& record = feed.format.record;
  if (!record->empty()) {
    const std::string problem = path_problem(*record, feed.format);
    if (!record->starts_with('/')) {
      fail(out, record.span, fmt::format("`{}` is not an absolute path", *record),
           fmt::format("begin at the root element: `/Messages/{}`", *record));
    } else if (!problem.empty() || ends_in_value(*record)) {
      fail(out, record.span, fmt::format("`{}` does not name an element", *record),
           problem.empty() ? "write elements only, as in `/Messages/Message`" : problem);
    }
  }
  check_paths(feed.columns, feed.format, out);
  for (const ChildSpec& child : feed.children) {
    check_paths(child.columns, feed.format, out);
    const std::string problem = child.from->empty() ? "" : path_problem(*child.from, feed.format);
    if (problem.empty() && !child.from->starts_with('/') && !ends_in_value(*child.from)) continue;
    fail(out, child.from.span, fmt::format("`{}` does not name a repeated element", *child.from),
         problem.empty() ? "write elements only, relative to the record, as in `Diagnoses/Diagnosis`"
                         : problem);
  }
}

}  // namespace

void check_places(const FeedSpec& feed, Diagnostics& out) {
  switch (*feed.format.type) {
    case FormatType::kCsv:
      return check_csv(feed, out);
    case FormatType::kFixed:
      return check_fixed(feed, out);
    case FormatType::kXml:
      return check_xml(feed, out);
  }
}

}  // namespace tarn::project
