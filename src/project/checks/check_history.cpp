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
  const std::string_view mode = to_string(*feed.mode);
  if (feed.version_column->empty() && !out.told(feed.version_column.span)) {
    fail(kMissingKey, feed.mode.span, fmt::format("`mode: {}` needs a `version_column`", mode),
         "add `version_column:` with the column that tells since when a record holds");
  }
  for (const ChildSpec& child : feed.children) {
    fail(kNotApplicable, child.table.span,
         fmt::format("`children` have no history yet: `mode: {}` cannot have any", mode),
         "give them a feed of their own, or write `mode: upsert`");
  }
  if (*feed.mode == LoadMode::kScd3 && feed.previous.empty()) {
    fail(kMissingKey, feed.mode.span, "`mode: scd3` needs `previous`",
         "add `previous:` with the columns whose former values are wanted, or write `mode: upsert`");
  }
  for (const auto& name : feed.previous) {
    const ColumnSpec* column = find_column(feed.columns, *name);
    if (column == nullptr || !column->type.written() || out.told(column->type.span)) continue;
    if (column->type->is_scalar()) continue;
    fail(kBadPrevious, name.span,
         fmt::format("`{}` is {}, which has no single value before", *name, to_string(*column->type)),
         "choose a scalar column");
  }
  const std::vector<std::string> added = added_column_names(feed);
  for (const ColumnSpec& column : feed.columns) {
    if (std::ranges::find(added, *column.name) == added.end()) continue;
    fail(kReservedName, column.name.span,
         fmt::format("`mode: {}` adds a column `{}` itself", mode, *column.name),
         fmt::format("call it `source_{}`; its `from:` may stay", *column.name));
  }
}

void check_tracked(const FeedSpec& feed, const std::vector<Located<std::string>>& names,
                   const ErrorCode& code, Diagnostics& out) {
  const auto fail = [&](const SourceSpan& span, std::string message, std::string hint) {
    out.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  };
  std::set<std::string_view> seen;
  for (const auto& name : names) {
    if (name->empty() || out.told(name.span)) continue;
    const bool is_key = std::ranges::any_of(feed.key, [&](const auto& key) { return *key == *name; });
    if (!seen.insert(*name).second) {
      fail(name.span, fmt::format("`{}` is tracked twice", *name), "remove one of the two");
    } else if (is_key) {
      fail(name.span, fmt::format("`{}` is part of the key, which never changes", *name), "remove it");
    } else if (*name == *feed.version_column) {
      fail(name.span, fmt::format("`{}` is the version, which differs in each record", *name),
           "remove it: a version that changes nothing else is no change");
    } else if (*name == *feed.delete_when.column) {
      fail(name.span, fmt::format("`{}` tells deletions, which are no values", *name), "remove it");
    }
  }
}

}  // namespace tarn::project
