#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <set>

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

/// The paths of an xml feed.
class PathCheck {
 public:
  PathCheck(const FeedSpec& feed, Diagnostics& out) : feed_(feed), out_(out) {}

  void run() {
    check_record();
    check_paths(feed_.columns);
    for (const ChildSpec& child : feed_.children) {
      check_paths(child.columns);
      check_repeated(child.from);
    }
  }

 private:
  /// Why a text is not a path; empty when it is one. Bytes beyond ASCII are taken for letters. A prefix that
  /// is not declared is told once.
  std::string problem(const std::string& path) {
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
      if (!feed_.format.namespaces.contains(prefix) && undeclared_.insert(prefix).second) {
        return fmt::format("declare the prefix: `namespaces: {{{}: \"urn:…\"}}`, or leave it out", prefix);
      }
    }
    return "";
  }

  void check_paths(const std::vector<ColumnSpec>& columns) {
    for (const ColumnSpec& column : columns) {
      if (column.name->empty()) continue;
      const std::string why = problem(*column.from);
      if (!why.empty()) {
        fail(out_, place_of(column), fmt::format("`{}` is not an XML path", *column.from), why);
      } else if (column.from->starts_with('/')) {
        fail(out_, place_of(column),
             fmt::format("`{}` is absolute, but columns are relative to the record", *column.from),
             fmt::format("write `{}`", column.from->substr(1)));
      }
      if (column.type->is_list_of_struct()) check_paths(column.columns);
    }
  }

  void check_record() {
    const Located<std::string>& record = feed_.format.record;
    if (record->empty()) return;
    if (!record->starts_with('/')) {
      fail(out_, record.span, fmt::format("`{}` is not an absolute path", *record),
           fmt::format("begin at the root element: `/Messages/{}`", *record));
      return;
    }
    const std::string why = problem(*record);
    if (why.empty() && !ends_in_value(*record)) return;
    fail(out_, record.span, fmt::format("`{}` does not name an element", *record),
         why.empty() ? "write elements only, as in `/Messages/Message`" : why);
  }

  void check_repeated(const Located<std::string>& from) {
    const std::string why = from->empty() ? "" : problem(*from);
    if (why.empty() && !from->starts_with('/') && !ends_in_value(*from)) return;
    fail(out_, from.span, fmt::format("`{}` does not name a repeated element", *from),
         why.empty() ? "write elements only, relative to the record, as in `Diagnoses/Diagnosis`" : why);
  }

  const FeedSpec& feed_;
  Diagnostics& out_;
  std::set<std::string> undeclared_;  // prefixes told already
};

}  // namespace

void check_places(const FeedSpec& feed, Diagnostics& out) {
  switch (*feed.format.type) {
    case FormatType::kCsv:
      return check_csv(feed, out);
    case FormatType::kFixed:
      return check_fixed(feed, out);
    case FormatType::kXml:
      return PathCheck(feed, out).run();
  }
}

}  // namespace tarn::project
