#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "project/checks/checks.h"
#include "project/errors.h"

namespace tarn::project {
namespace {

void complete_columns(std::vector<ColumnSpec>& columns, Diagnostics& out) {
  for (ColumnSpec& column : columns) {
    if (column.from->empty()) column.from.value = *column.name;
    complete_columns(column.columns, out);
    if (column.type->element_type().kind != TypeKind::kBinary || column.format.patterns.empty()) continue;
    const Located<std::string> word = column.format.patterns.front();
    const bool known = (*word == "hex" || *word == "base64") && column.format.patterns.size() == 1;
    if (!known) {
      out.error(Error(kBadFormat, fmt::format("`{}` is not a notation of binary values", *word))
                    .with_span(word.span)
                    .with_hint("write `base64` or `hex`"));
    }
    column.format.binary = *word == "hex" ? BinaryText::kHex : BinaryText::kBase64;
    column.format.patterns.clear();
  }
}

class FeedCheck {
 public:
  FeedCheck(const FeedSpec& feed, Diagnostics& out)
      : feed_(feed),
        out_(out),
        mode_known_(!out.told(feed.mode.span)),
        format_known_(feed.format.type.written() && !out.told(feed.format.type.span)),
        columns_known_(!feed.columns.empty() &&
                       std::ranges::all_of(feed.columns, [&](const ColumnSpec& column) {
                         return !column.name->empty() && !out.told(column.name.span);
                       })) {}

  void values() {
    check_source();
    check_dialect();
    check_columns(feed_.columns, feed_.format, out_);
    check_places(feed_, out_);
    for (const ChildSpec& child : feed_.children) {
      check_columns(child.columns, feed_.format, out_);
      if (child.columns.empty())
        fail(kBadChild, child.table.span, "the child has no columns", "add `columns:`");
    }
    if (feed_.columns.empty()) {
      fail(kMissingKey, feed_.name.span, "the feed has no columns",
           "add `columns:` with at least one `- name:`");
    }
    if (feed_.lateness_ms && feed_.event_time->empty()) {
      fail(kBadEventTime, feed_.lateness_ms->span, "`lateness` needs `event_time`",
           "add `event_time:` with a timestamp column");
    }
  }

  /// What refers to columns.
  void references() {
    check_key();
    check_version();
    check_deletes();
    check_history();
    check_replace();
    check_event_time();
    check_partition();
    check_order();
    check_children();
  }

 private:
  void fail(const ErrorCode& code, const SourceSpan& span, std::string message, std::string hint) {
    out_.error(Error(code, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }

  /// The column of that name; null when there is none, which is said unless it only follows from what was
  /// told.
  const ColumnSpec* column(std::string_view setting, std::string_view name, const SourceSpan& span) {
    const ColumnSpec* found = find_column(feed_.columns, name);
    if (found != nullptr || !columns_known_ || name.empty() || out_.told(span)) return found;
    if (unknown_.insert(name).second) {  // a column that is misnamed itself is missed by many
      fail(kUnknownColumn, span,
           fmt::format("`{}` names `{}`, which is not a column of the feed", setting, name),
           column_hint(name, feed_.columns));
    }
    return found;
  }

  /// Whether the type is what someone wrote, rather than what stands in for what could not be read.
  bool type_known(const ColumnSpec& column) const {
    return column.type.written() && !out_.told(column.type.span);
  }

  void check_source() {
    const SourceSpec& source = feed_.source;
    if (source.after == AfterIngest::kMove && source.move_to->empty()) {
      fail(kBadMoveTo, source.folder.span, "`after: move` needs `move_to`", "add `move_to: done`");
    } else if (source.after != AfterIngest::kMove && !source.move_to->empty()) {
      fail(kBadMoveTo, source.move_to.span,
           fmt::format("`move_to` has no meaning with `after: {}`", to_string(source.after)),
           "write `after: move`, or remove `move_to`");
    } else if (!source.move_to->empty() && moves_into_itself()) {
      fail(kBadMoveTo, source.move_to.span,
           "files would be moved into the folder that is watched, and be found again", move_hint());
    }
  }

  /// "./inbox/" → "inbox".
  static std::string plain_folder(std::string_view folder) {
    while (folder.starts_with("./")) folder.remove_prefix(2);
    while (folder.size() > 1 && folder.ends_with('/')) folder.remove_suffix(1);
    return std::string(folder);
  }

  /// The part of `move_to` below the watched folder; nothing when it lies elsewhere.
  std::optional<std::string> moved_below() const {
    const std::string folder = plain_folder(*feed_.source.folder);
    const std::string target = plain_folder(*feed_.source.move_to);
    if (target == folder) return "";
    if (folder == "." && !target.starts_with("/") && !target.starts_with("../")) return target;
    if (target.starts_with(folder + "/")) return target.substr(folder.size() + 1);
    return std::nullopt;
  }
  bool moves_into_itself() const {
    const auto below = moved_below();
    return below && (below->empty() || !matches_any(feed_.source.ignore, *below + "/x/x.zip") ||
                     !matches_any(feed_.source.ignore, *below + "/x.zip"));
  }
  std::string move_hint() const {
    const std::string below = *moved_below();
    return below.empty() ? "choose a folder outside of it"
                         : fmt::format("add `ignore: [\"{}/**\"]`, or choose a folder outside of it", below);
  }

  void check_dialect() {
    const FormatSpec& format = feed_.format;
    if (*format.type != FormatType::kCsv) return;
    const auto clash = [&](char a, std::string_view first, char b, std::string_view second) {
      if (a != b) return;
      fail(kBadDialect, format.type.span, fmt::format("`{}` and `{}` are the same character", first, second),
           fmt::format("give `{}` another one{}", second, second == "quote" ? ", or `none`" : ""));
    };
    if (format.quote) {
      clash(format.delimiter, "delimiter", *format.quote, "quote");
      if (format.escape != *format.quote && format.escape != '\\') {
        fail(kBadDialect, format.type.span, fmt::format("`escape` is `{}`", format.escape),
             fmt::format("it is the quote itself (`{}`, doubled) or `\\`", *format.quote));
      }
    }
    if (format.comment) {
      clash(format.delimiter, "delimiter", *format.comment, "comment");
      if (format.quote) clash(*format.quote, "quote", *format.comment, "comment");
    }
    for (const auto& [prefix, uri] : format.namespaces) {
      if (uri.empty())
        fail(kBadValue, format.type.span, fmt::format("the prefix `{}` has no namespace", prefix),
             "write its URI");
    }
  }

  void check_key() {
    if (mode_known_ && *feed_.mode != LoadMode::kAppend && feed_.key.empty()) {
      fail(kBadKey, feed_.mode.written() ? feed_.mode.span : feed_.name.span,
           fmt::format("`mode: {}` needs a key", to_string(*feed_.mode)),
           "add `key: [column]`, or write `mode: append`");
    }
    std::set<std::string_view> seen;
    for (const auto& name : feed_.key) {
      if (name->empty() || out_.told(name.span)) continue;  // it could not be read
      if (!seen.insert(*name).second) {
        fail(kBadKey, name.span, fmt::format("`{}` stands twice in the key", *name), "remove one of the two");
        continue;
      }
      const ColumnSpec* found = column("key", *name, name.span);
      if (found == nullptr) continue;
      const bool exact = found->type->is_scalar() && found->type->kind != TypeKind::kDouble;
      if (type_known(*found) && !exact) {
        fail(kBadKey, name.span,
             fmt::format("`{}` is {}, which cannot identify a record", *name, to_string(*found->type)),
             found->type->is_scalar() ? "use an exact type: `decimal(p,s)`, `long` or `string`"
                                      : "choose a scalar column");
      }
      if (found->default_value) {
        fail(kBadKey, found->default_value->span,
             fmt::format("`{}` is part of the key and has a default", *name),
             "records without it would all become one: remove `default:`");
      }
    }
  }

  void check_version() {
    const auto& name = feed_.version_column;
    if (name->empty()) return;
    if (mode_known_ && *feed_.mode == LoadMode::kAppend) {
      fail(kNotApplicable, name.span, "`version_column` has no meaning for `mode: append`",
           "write `mode: upsert` with a key, or remove it");
    }
    const ColumnSpec* found = column("version_column", *name, name.span);
    if (found == nullptr || !type_known(*found)) return;
    if (found->type->is_number() || (found->type->is_temporal() && found->type->kind != TypeKind::kTime))
      return;
    fail(kBadVersionColumn, name.span,
         fmt::format("`{}` is {}, which tells no order of versions", *name, to_string(*found->type)),
         found->type->kind == TypeKind::kString
             ? "texts order by their letters, \"9\" after \"10\": give the column the type that it holds, a "
               "timestamp, a date or a number"
             : "choose a timestamp, a date or a number that grows with each change");
  }

  void check_deletes() {
    const auto& name = feed_.delete_when.column;
    if (name->empty()) return;
    if (mode_known_ && (*feed_.mode == LoadMode::kAppend || *feed_.mode == LoadMode::kReplace)) {
      fail(kNotApplicable, name.span,
           fmt::format("`delete_when` has no meaning for `mode: {}`", to_string(*feed_.mode)),
           "write `mode: upsert` with a key, or remove it");
    }
    if (std::ranges::any_of(feed_.key, [&](const auto& key) { return *key == *name; })) {
      fail(kBadDeleteRule, name.span, fmt::format("`{}` is part of the key", *name),
           "a deletion has the key of the row that it deletes: choose another column");
    }
    const ColumnSpec* found = column("delete_when", *name, name.span);
    if (found != nullptr && type_known(*found)) check_delete_values(*found, feed_.delete_when, out_);
  }

  void check_history() {
    if (!mode_known_) return;
    const LoadMode mode = *feed_.mode;
    if (mode == LoadMode::kScd2 || mode == LoadMode::kScd3) check_history_columns(feed_, out_);
    check_names("track", feed_.track, mode == LoadMode::kScd2, kBadTrack, "scd2");
    check_names("previous", feed_.previous, mode == LoadMode::kScd3, kBadPrevious, "scd3");
  }

  /// Columns whose changes a mode tells.
  void check_names(std::string_view setting, const std::vector<Located<std::string>>& names, bool applies,
                   const ErrorCode& code, std::string_view mode) {
    if (names.empty()) return;
    if (applies) {
      check_tracked(feed_, names, code, out_);
    } else {
      fail(kNotApplicable, names.front().span,
           fmt::format("`{}` has no meaning for `mode: {}`", setting, to_string(*feed_.mode)),
           fmt::format("write `mode: {}` with a key and a `version_column`, or remove it", mode));
    }
    for (const auto& name : names) {
      if (!name->empty() && !out_.told(name.span)) column(setting, *name, name.span);
    }
  }

  void check_replace() {
    const auto& by = feed_.replace.by;
    if (mode_known_ && *feed_.mode == LoadMode::kReplace) check_replace_columns(feed_, out_);
    if (mode_known_ && *feed_.mode != LoadMode::kReplace && feed_.replace != ReplaceSpec()) {
      fail(kNotApplicable, by.empty() ? feed_.mode.span : by.front().span,
           fmt::format("`replace` has no meaning for `mode: {}`", to_string(*feed_.mode)),
           "write `mode: replace` with a key, or remove it");
    }
    for (const auto& name : by) column("replace", *name, name.span);
  }

  void check_event_time() {
    const auto& name = feed_.event_time;
    if (name->empty()) return;
    const ColumnSpec* found = column("event_time", *name, name.span);
    if (found == nullptr || !type_known(*found)) return;
    if (found->type->is_temporal() && found->type->kind != TypeKind::kTime) return;
    fail(kBadEventTime, name.span,
         fmt::format("`{}` is {}, not a point in time", *name, to_string(*found->type)),
         "choose a date, timestamp or timestamptz column");
  }

  /// What a transform asks of a type (Iceberg spec, "Partition Transforms").
  static bool fits(Transform transform, const ColumnType& type) {
    const TypeKind kind = type.kind;
    const bool is_moment = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
    switch (transform) {
      case Transform::kIdentity:
        return type.is_scalar();
      case Transform::kBucket:
        return type.is_scalar() && kind != TypeKind::kDouble && kind != TypeKind::kBoolean;
      case Transform::kTruncate:
        return type.is_integer() || kind == TypeKind::kDecimal || kind == TypeKind::kString ||
               kind == TypeKind::kBinary;
      case Transform::kYear:
      case Transform::kMonth:
      case Transform::kDay:
        return kind == TypeKind::kDate || is_moment;
      case Transform::kHour:
        return is_moment;
    }
    return false;
  }

  void check_partition() {
    std::set<std::string> seen;
    for (const auto& field : feed_.partition) {
      if (field->column.empty()) continue;  // it could not be read
      const ColumnSpec* found = column("partition", field->column, field.span);
      if (found == nullptr) continue;
      if (type_known(*found) && !fits(field->transform, *found->type)) {
        fail(kBadPartition, field.span,
             fmt::format("`{}` does not fit `{}`, which is {}", to_string(field->transform), field->column,
                         to_string(*found->type)),
             partition_hint(field->transform, *found));
      }
      if (!seen.insert(to_string(*field)).second) {
        fail(kBadPartition, field.span, fmt::format("`{}` stands twice", to_string(*field)),
             "remove one of the two");
      }
    }
  }

  static std::string partition_hint(Transform transform, const ColumnSpec& column) {
    const std::string& name = *column.name;
    if (!column.type->is_scalar()) return "a list cannot part a table: choose a scalar column";
    if (transform == Transform::kHour && column.type->kind == TypeKind::kDate)
      return fmt::format("write `day({})`", name);
    if (column.type->kind == TypeKind::kDouble) return "choose a column of an exact type";
    if (column.type->kind == TypeKind::kBoolean || transform == Transform::kTruncate)
      return fmt::format("write `{}`", name);
    return fmt::format("write `bucket(16, {})`, or read the column as a date or timestamp", name);
  }

  void check_order() {
    for (const auto& field : feed_.sort) column("sort", field->column, field.span);
    for (const auto& name : feed_.zorder) column("zorder", *name, name.span);
    check_row_order(feed_, out_);
  }

  void check_children() {
    std::set<TableName> tables = {*feed_.table};
    for (const ChildSpec& child : feed_.children) {
      const SourceSpan& span = child.table.span;
      if (format_known_ && *feed_.format.type != FormatType::kXml) {
        fail(kBadChild, span,
             fmt::format("`children` need `type: xml`, and this feed is {}", to_string(*feed_.format.type)),
             "give the table a feed of its own");
      }
      if (feed_.key.empty()) {
        fail(kBadChild, span, "`children` carry the parent's key, and this feed has none",
             "add `key: [column]` to the feed");
      }
      if (!child.table->name.empty() && !tables.insert(*child.table).second) {
        fail(kBadChild, span, fmt::format("`{}` is written by this feed already", child.table->to_string()),
             "give the child a table of its own");
      }
      check_added_columns(child);
    }
  }

  void check_added_columns(const ChildSpec& child) {
    for (const ColumnSpec& own : child.columns) {
      const bool is_key = std::ranges::any_of(feed_.key, [&](const auto& key) { return *key == *own.name; });
      if (!is_key && *own.name != "ordinal") continue;
      fail(kDuplicateColumn, own.name.span,
           fmt::format("Tarn adds `{}` to a child's table itself", *own.name),
           is_key ? "remove the column: it is the parent's key" : "remove the column, or rename it");
    }
  }

  const FeedSpec& feed_;
  Diagnostics& out_;
  // What was read as it was written, so that whatever depends on it may be judged.
  bool mode_known_;
  bool format_known_;
  bool columns_known_;
  std::set<std::string_view> unknown_;  // columns that were named, and told not to exist
};

}  // namespace

void complete_feed(FeedSpec& feed, Diagnostics& out) {
  // The quote doubled, whatever the quote is.
  if (feed.format.quote && feed.format.escape == FormatSpec().escape) feed.format.escape = *feed.format.quote;
  complete_columns(feed.columns, out);
  for (ChildSpec& child : feed.children) complete_columns(child.columns, out);
  for (ColumnSpec& column : feed.columns) {
    const auto names_it = [&](const Located<std::string>& name) { return *name == *column.name; };
    const bool orders_all =
        *feed.mode != LoadMode::kAppend && *feed.mode != LoadMode::kUpsert && names_it(feed.version_column);
    if (orders_all || std::ranges::any_of(feed.key, names_it)) column.required = true;
  }
}

void check_feed(const FeedSpec& feed, bool clean, Diagnostics& out) {
  FeedCheck check(feed, out);
  if (clean) check.values();
  check.references();
}

}  // namespace tarn::project
