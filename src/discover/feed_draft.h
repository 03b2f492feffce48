#pragma once

#include <optional>
#include <string>
#include <vector>

#include "discover/column_guess.h"
#include "project/feed_spec.h"
#include "project/render.h"

namespace tarn::discover {

/// A contract in the making: what is written, and what is said about it.
struct FeedDraft {
  project::FeedSpec feed;
  project::Comments comments;
  std::vector<std::string> head;  ///< Lines for the head of the file.
  std::uint64_t records = 0;      ///< That were looked at.

  /// Adds a remark to a place, see project::Comments.
  void remark(const std::string& place, const std::string& text);
};

/// Puts guessed columns (in order, `from` filled) into the draft: null markers of the format or of columns,
/// remarks, key, version column.
void take_columns(std::vector<ColumnGuess> guesses, FeedDraft& draft);

/// The comment of a column with its remarks, at "<place>.<name>".
void remark_column(const std::string& place, const ColumnGuess& guess, FeedDraft& draft);

/// The markers of `null:` that a column needs, given the format's.
void set_null_markers(const std::vector<std::string>& format_markers, ColumnGuess& guess);

}  // namespace tarn::discover
