#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "project/checks/checks.h"
#include "project/errors.h"

namespace tarn::project {

void check_replace_columns(const FeedSpec& feed, Diagnostics& out) {
  const auto fail = [&](const ErrorCode& code, const SourceSpan& span, std::string message,
                        std::string hint) {
    out.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  };
  for (const ChildSpec& child : feed.children) {
    fail(kNotApplicable, child.table.span, "`mode: replace` cannot have `children` yet",
         "give them a feed of their own, or write `mode: upsert`");
  }
  if (feed.lateness_ms) {
    fail(kNotApplicable, feed.lateness_ms->span,
         "`lateness` has no meaning for `mode: replace`, whose deliveries repeat old records",
         "remove it: an older delivery never replaces a newer one");
  }
  std::set<std::string_view> seen;
  for (const auto& name : feed.replace.by) {
    if (name->empty() || out.told(name.span)) continue;
    if (!seen.insert(*name).second) {
      fail(kBadReplace, name.span, fmt::format("`{}` stands twice", *name), "remove one of the two");
    } else if (find_column(feed.columns, *name) != nullptr && !feed.key.empty() &&
               std::ranges::none_of(feed.key, [&](const auto& key) { return *key == *name; })) {
      fail(kBadReplace, name.span, fmt::format("`{}` is not part of the key", *name),
           fmt::format("add it to `key`: rows of two `{}` are then never the same row", *name));
    } else if (*name == *feed.version_column) {
      fail(kBadReplace, name.span, fmt::format("`{}` is the version, which differs in each delivery", *name),
           "remove it: no delivery would replace another");
    }
  }
}

}  // namespace tarn::project
