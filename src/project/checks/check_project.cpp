#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "project/checks/checks.h"
#include "project/errors.h"

namespace tarn::project {
namespace {

std::string place(const SourceSpan& span) {
  return fmt::format("{}:{}", span.file, span.line);
}

class ProjectCheck {
 public:
  ProjectCheck(const Project& project, const std::vector<bool>& clean, Diagnostics& out)
      : project_(project), clean_(clean), out_(out) {}

  void run() {
    for (std::size_t i = 0; i < project_.feeds.size(); ++i) {
      const FeedSpec& feed = project_.feeds[i];
      check_name(feed);
      if (!clean_[i]) continue;  // what could not be read cannot be compared
      check_table(feed);
      check_companion(feed);
      for (const ChildSpec& child : feed.children) check_child(feed, child);
      for (std::size_t j = 0; j < i; ++j) {
        if (clean_[j]) check_sources(project_.feeds[j], feed);
      }
    }
  }

 private:
  struct Writer {
    const FeedSpec* feed;
    std::string_view role;  ///< Of what is not the feed's own table.
    SourceSpan span;
  };

  void fail(const ErrorCode& code, const SourceSpan& span, std::string message, std::string hint) {
    out_.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }

  void check_name(const FeedSpec& feed) {
    if (feed.name->empty()) return;
    const auto [first, is_new] = names_.emplace(*feed.name, &feed);
    if (is_new) return;
    fail(kDuplicateFeed, feed.name.span, fmt::format("a feed called `{}` exists already", *feed.name),
         fmt::format("it stands at {}: rename one", place(first->second->name.span)));
  }

  void check_child(const FeedSpec& feed, const ChildSpec& child) {
    const auto [first, is_new] =
        writers_.emplace(*child.table, Writer{&feed, "as a child table", child.table.span});
    if (is_new || first->second.feed == &feed) return;
    fail(kTableConflict, child.table.span,
         fmt::format("`{}` is written by the feed `{}` already", child.table->to_string(),
                     *first->second.feed->name),
         fmt::format("see {}: give the child a table of its own", place(first->second.span)));
  }

  void check_companion(const FeedSpec& feed) {
    const auto name = companion_table(feed);
    if (!name || feed.table->name.empty()) return;
    const std::string_view role = *feed.mode == LoadMode::kScd2      ? "for its unchanged versions"
                                  : *feed.mode == LoadMode::kScd3    ? "for its older versions"
                                  : *feed.mode == LoadMode::kReplace ? "for its deliveries"
                                                                     : "for its deletions";
    const std::string_view what = role.substr(std::string_view("for its ").size());
    const SourceSpan& span = what == "deletions" ? feed.delete_when.column.span : feed.mode.span;
    const auto [first, is_new] = writers_.emplace(*name, Writer{&feed, role, span});
    if (is_new) return;
    fail(kTableConflict, span,
         fmt::format("the {} of `{}` are remembered in `{}`, which the feed `{}` writes", what,
                     feed.table->to_string(), name->to_string(), *first->second.feed->name),
         fmt::format("see {}: give that feed another table", place(first->second.span)));
  }

  void check_table(const FeedSpec& feed) {
    if (feed.table->name.empty()) return;
    const auto [first, is_new] = writers_.emplace(*feed.table, Writer{&feed, "", feed.table.span});
    if (is_new) return;
    const Writer& other = first->second;
    const std::string reason =
        other.role.empty() ? difference(*other.feed, feed) : fmt::format("one of them {}", other.role);
    if (reason.empty()) return;
    fail(kTableConflict, feed.table.span,
         fmt::format("the feeds `{}` and `{}` both write `{}`, {}", *other.feed->name, *feed.name,
                     feed.table->to_string(), reason),
         fmt::format("see {}: only feeds that append the same columns share a table", place(other.span)));
  }

  /// Why two feeds cannot share a table; empty when they can.
  static std::string difference(const FeedSpec& a, const FeedSpec& b) {
    if (*a.mode != *b.mode) return "in different modes";
    if (*a.mode != LoadMode::kAppend) return "and not by append";
    if (a.columns.size() != b.columns.size()) return "with different columns";
    for (std::size_t i = 0; i < a.columns.size(); ++i) {
      const ColumnSpec& left = a.columns[i];
      const ColumnSpec& right = b.columns[i];
      if (*left.name != *right.name)
        return fmt::format("with different columns (`{}`, `{}`)", *left.name, *right.name);
      if (*left.type != *right.type) return fmt::format("with different types of `{}`", *left.name);
      if (left.required != right.required) return fmt::format("and only one requires `{}`", *left.name);
      if (!same_members(left, right)) return fmt::format("with different columns in `{}`", *left.name);
    }
    if (a.key != b.key) return "with different keys";
    if (a.partition != b.partition) return "with different partitions";
    if (a.sort != b.sort) return "with different sort orders";
    if (a.zorder != b.zorder) return "with different curves";
    return "";
  }

  static bool same_members(const ColumnSpec& a, const ColumnSpec& b) {
    return std::ranges::equal(a.columns, b.columns, [](const ColumnSpec& left, const ColumnSpec& right) {
      return *left.name == *right.name && *left.type == *right.type && left.required == right.required;
    });
  }

  void check_sources(const FeedSpec& a, const FeedSpec& b) {
    if (*a.source.folder != *b.source.folder || a.source.folder->empty()) return;
    check_after(a, b);
    if (a.source.files != b.source.files || a.source.members != b.source.members) return;
    out_.warning(
        Error(kAmbiguousSource, fmt::format("`{}` and `{}` read the same files and members of `{}`", *a.name,
                                            *b.name, *b.source.folder))
            .with_span(b.source.files.front().written() ? b.source.files.front().span : b.source.folder.span)
            .with_hint("tell them apart by `files:` or `members:`, unless both are to read all of them"));
  }

  // A file has one copy at its sender's: whoever takes it must say the same of it.
  void check_after(const FeedSpec& a, const FeedSpec& b) {
    const SourceSpec& first = a.source;
    const SourceSpec& second = b.source;
    const bool same_target = first.after != AfterIngest::kMove || *first.move_to == *second.move_to;
    if (first.after == second.after && same_target) return;
    for (const Located<Pattern>& theirs : first.files) {
      for (const Located<Pattern>& ours : second.files) {
        if (!theirs->meets(*ours)) continue;
        Error error(kAmbiguousSource,
                    fmt::format("`{}` and `{}` take the same files of `{}` (`{}`, `{}`) and do not agree on "
                                "`{}`",
                                *a.name, *b.name, *second.folder, theirs->text(), ours->text(),
                                first.after == second.after ? "move_to" : "after"));
        error = std::move(error)
                    .with_span(ours.written() ? ours.span : second.folder.span)
                    .with_hint("write the same in both, or tell them apart by `files:`");
        // What is ignored may be just the files that both would take.
        if (first.ignore.empty() && second.ignore.empty()) return out_.error(std::move(error));
        return out_.warning(std::move(error));
      }
    }
  }

  const Project& project_;
  const std::vector<bool>& clean_;
  Diagnostics& out_;
  std::map<std::string_view, const FeedSpec*> names_;
  std::map<TableName, Writer> writers_;
};

}  // namespace

void check_project(const Project& project, const std::vector<bool>& clean, Diagnostics& out) {
  ProjectCheck(project, clean, out).run();
}

}  // namespace tarn::project
