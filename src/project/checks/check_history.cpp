#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "project/checks/checks.h"
#include "project/errors.h"

namespace tarn::project {

void check_history_columns(const FeedSpec& feed, Diagnostics& out) {
  const auto fail = [&](const ErrorCode& code, const SourceSpan& span, std::string message,
                        std::string hint) {
    out.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  };
  if (feed.version_column->empty() && !out.told(feed.version_column.span)) {
    fail(kMissingKey, feed.mode.span, "`mode: scd2` needs a `version_column`",
         "add `version_column:` with the column that tells since when a record holds");
  }
  for (const ChildSpec& child : feed.children) {
    fail(kNotApplicable, child.table.span, "`children` have no history yet: `mode: scd2` cannot have any",
         "give them a feed of their own, or write `mode: upsert`");
  }
  const auto added = history_column_names();
  for (const ColumnSpec& column : feed.columns) {
    if (std::ranges::find(added, *column.name) == added.end()) continue;
    fail(kReservedName, column.name.span, fmt::format("`mode: scd2` adds a column `{}` itself", *column.name),
         fmt::format("call it `source_{}`; its `from:` may stay", *column.name));
  }
  std::set<std::string_view> seen;
  for (const auto& name : feed.track) {
    if (name->empty() || out.told(name.span)) continue;
    const bool is_key = std::ranges::any_of(feed.key, [&](const auto& key) { return *key == *name; });
    if (!seen.insert(*name).second) {
      fail(kBadTrack, name.span, fmt::format("`{}` is tracked twice", *name), "remove one of the two");
    } else if (is_key) {
      fail(kBadTrack, name.span, fmt::format("`{}` is part of the key, which never changes", *name),
           "remove it");
    } else if (*name == *feed.version_column) {
      fail(kBadTrack, name.span, fmt::format("`{}` is the version, which differs in each record", *name),
           "remove it: a version that changes nothing else is no row");
    } else if (*name == *feed.delete_when.column) {
      fail(kBadTrack, name.span, fmt::format("`{}` tells deletions, which end a row by themselves", *name),
           "remove it");
    }
  }
}

}  // namespace tarn::project
