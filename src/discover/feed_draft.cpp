#include "discover/feed_draft.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <map>

namespace tarn::discover {
namespace {

using project::TypeKind;

/// How much a name sounds like a key: 0 not at all.
int key_rank(const std::string& name, const std::string& feed) {
  static const RE2 kKey("id|key|uuid|guid|(.*_)?(id|uuid|guid|no|nr|num|number|key|identifier)");
  if (name == "id" || name == feed + "_id" ||
      (feed.ends_with('s') && name == feed.substr(0, feed.size() - 1) + "_id"))
    return 3;
  if (name.find("ssn") != std::string::npos || name.find("phone") != std::string::npos) return 0;
  return RE2::FullMatch(name, kKey) ? 2 : 0;
}

bool may_be_key(const ColumnGuess& guess) {
  const auto& type = *guess.column.type;
  return guess.unique && guess.never_null && type.is_scalar() && type.kind != TypeKind::kDouble &&
         type.kind != TypeKind::kBoolean && type.kind != TypeKind::kBinary;
}

void find_key(const std::vector<ColumnGuess>& guesses, FeedDraft& draft) {
  const ColumnGuess* best = nullptr;
  int best_rank = 0;
  std::string others;
  for (const ColumnGuess& guess : guesses) {
    if (!may_be_key(guess)) continue;
    const int rank = key_rank(*guess.column.name, *draft.feed.name);
    if (rank > best_rank) {
      best = &guess;
      best_rank = rank;
    } else if (guess.filled >= 20 && guess.column.identifying == project::Identifying::kNone &&
               !guess.column.type->is_temporal() && guess.column.type->kind != TypeKind::kDecimal) {
      others += fmt::format("{}`{}`", others.empty() ? "" : ", ", *guess.column.name);
    }
  }
  if (best != nullptr) {
    draft.feed.key.emplace_back(*best->column.name);
    draft.remark("key", fmt::format("unique and never null in {} records", best->filled));
  } else {
    draft.head.push_back(others.empty()
                             ? "No single column is unique and named like a key: no key is proposed."
                             : fmt::format("No key is proposed; unique in the samples: {}.", others));
  }
}

bool is_version(const project::ColumnSpec& column) {
  static const RE2 kVersion(
      "(.*_)?(updated?(_?(at|on|date|time|ts|timestamp))?|modified(_?(at|on|date|time))?|changed(_?(at|on|"
      "date))?|"
      "last_(update|change|modified|modification)(_?(date|time|at))?|version(_?(number|no))?|revision|row_?"
      "version|"
      "geaendert(_am)?|mtime)");
  return column.type->is_scalar() && (column.type->is_temporal() || column.type->is_integer()) &&
         column.type->kind != TypeKind::kTime && RE2::FullMatch(*column.name, kVersion);
}

void suggest_upsert(FeedDraft& draft) {
  const auto version = std::ranges::find_if(draft.feed.columns, is_version);
  if (version == draft.feed.columns.end()) return;
  const std::string key = draft.feed.key.empty() ? "…" : *draft.feed.key.front();
  const std::string text = fmt::format(
      "every record is appended; where changed records arrive again, keep the latest of each key with\n"
      "mode: upsert\nkey: [{}]\nversion_column: {}",
      key, *version->name);
  if (draft.feed.key.empty())
    draft.head.push_back(text);
  else
    draft.remark("key", text);
}

/// Markers that stand for null in two columns or more, and are text in none, go to the format.
std::vector<std::string> shared_markers(const std::vector<ColumnGuess>& guesses) {
  std::map<std::string, int> seen;
  for (const ColumnGuess& guess : guesses) {
    for (const std::string& marker : guess.null_markers) ++seen[marker];
  }
  std::vector<std::string> markers;
  for (const auto& [marker, count] : seen) {
    const bool is_text = std::ranges::any_of(guesses, [&](const ColumnGuess& guess) {
      return std::ranges::find(guess.text_markers, marker) != guess.text_markers.end();
    });
    if (count >= 2 && !is_text) markers.push_back(marker);
  }
  return markers;
}

}  // namespace

void FeedDraft::remark(const std::string& place, const std::string& text) {
  std::string& comment = comments[place];
  comment += comment.empty() ? text : "\n" + text;
}

void remark_column(const std::string& place, const ColumnGuess& guess, FeedDraft& draft) {
  for (const std::string& remark : guess.remarks) draft.remark(place + "." + *guess.column.name, remark);
}

void set_null_markers(const std::vector<std::string>& format_markers, ColumnGuess& guess) {
  std::vector<std::string> own;
  for (const std::string& marker : guess.null_markers) {
    if (std::ranges::find(format_markers, marker) == format_markers.end()) own.push_back(marker);
  }
  if (own.empty()) return;
  std::vector<std::string> markers = {""};
  markers.insert(markers.end(), guess.null_markers.begin(), guess.null_markers.end());
  guess.column.null_markers = std::move(markers);
}

void take_columns(std::vector<ColumnGuess> guesses, FeedDraft& draft) {
  const std::vector<std::string> shared = shared_markers(guesses);
  draft.feed.format.null_markers.insert(draft.feed.format.null_markers.end(), shared.begin(), shared.end());
  for (ColumnGuess& guess : guesses) {
    set_null_markers(draft.feed.format.null_markers, guess);
    remark_column("columns", guess, draft);
  }
  find_key(guesses, draft);
  for (ColumnGuess& guess : guesses) {
    project::ColumnSpec& column = guess.column;
    if (!draft.feed.key.empty() && *draft.feed.key.front() == *column.name) column.required = true;
    draft.feed.columns.push_back(std::move(column));
  }
  suggest_upsert(draft);
}

}  // namespace tarn::discover
