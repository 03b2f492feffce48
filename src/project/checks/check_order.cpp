#include <fmt/format.h>

#include <set>

#include "project/checks/checks.h"
#include "project/errors.h"

namespace tarn::project {
namespace {

// A curve through more columns is hardly narrower in any of them than none.
constexpr std::size_t kMostColumns = 4;

}  // namespace

void check_row_order(const FeedSpec& feed, Diagnostics& out) {
  const auto fail = [&](const SourceSpan& span, std::string message, std::string hint) {
    out.error(Error(kBadSort, std::move(message)).with_span(span).with_hint(std::move(hint)));
  };
  const auto check_type = [&](const std::string& name, const SourceSpan& span) {
    const ColumnSpec* column = find_column(feed.columns, name);
    const bool is_known = column != nullptr && column->type.written() && !out.told(column->type.span);
    if (!is_known || column->type->is_scalar()) return;
    fail(span, fmt::format("`{}` is {}, which has no order", name, to_string(*column->type)),
         "choose a scalar column");
  };
  for (const auto& field : feed.sort) check_type(field->column, field.span);
  if (feed.zorder.empty()) return;
  const SourceSpan& first = feed.zorder.front().span;
  if (!feed.sort.empty())
    fail(first, "files are sorted by `sort` or along `zorder`, not both", "take one of the two out");
  if (feed.zorder.size() > kMostColumns)
    fail(first,
         fmt::format("`zorder` names {} columns; through so many no filter skips much", feed.zorder.size()),
         fmt::format("name the {} that most queries filter by", kMostColumns));
  std::set<std::string_view> seen;
  for (const auto& name : feed.zorder) {
    const bool again = !seen.insert(*name).second;
    if (name->empty() || out.told(name.span)) continue;
    if (again) fail(name.span, fmt::format("`{}` stands twice", *name), "remove one of the two");
    check_type(*name, name.span);
  }
}

}  // namespace tarn::project
