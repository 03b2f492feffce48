#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tarn::cli {

/// Lines from a person at a terminal, with editing, history in a file and completion by Tab. One thread.
class LineReader {
 public:
  /// The words that may follow `text`, the line up to the cursor; each replaces the last word of `text`.
  using Complete = std::function<std::vector<std::string>(std::string_view text)>;

  /// `history_file` may be empty (no history is kept); its folder should exist.
  LineReader(std::string history_file, Complete complete);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Event { kLine, kInterrupted, kEnd };
  struct Read {
    Event event = Event::kEnd;
    std::string line;  ///< Without the line break.
  };
  /// Waits for a line. Ctrl-C gives kInterrupted, Ctrl-D on an empty line kEnd.
  Read read(const std::string& prompt);
  /// Remembers a whole statement, on one line.
  void remember(std::string statement);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where the word that ends at the end of `text` begins: names may have dots and start with a backslash.
std::size_t last_word(std::string_view text);

/// The longest text that all words begin with, ignoring case.
std::string common_prefix(const std::vector<std::string>& words);

}  // namespace tarn::cli
