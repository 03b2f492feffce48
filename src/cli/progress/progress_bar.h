#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cli/terminal.h"
#include "io/clock.h"

namespace tarn::cli {

/// One line that says how far a long work is: label, bar, done of total, rate, time left. Writes to standard
/// error, and only when that is a TTY; redraws at most ten times a second. One thread at a time.
///
///   ProgressBar bar(clock, Terminal::of(2), {.label = "ingest", .unit = "files", .total = 77'000});
///   bar.update(done, "1,204 MB/s");
///   bar.finish();                     // clears the line: print the summary then
class ProgressBar {
 public:
  struct Options {
    std::string label;
    std::string unit;         ///< "files", "rows"; "bytes" are shown as sizes.
    std::uint64_t total = 0;  ///< 0: not known; no bar and no time left.
  };

  ProgressBar(io::Clock& clock, Terminal terminal, Options options);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void set_total(std::uint64_t total) { options_.total = total; }
  /// `note` stands at the end of the line ("812,000 records, 61 MB/s").
  void update(std::uint64_t done, std::string_view note = {});
  /// Clears the line. Also done by the destructor.
  void finish();

  /// The line for `done` after `seconds`, without escape sequences; public for tests.
  std::string line(std::uint64_t done, double seconds, std::string_view note) const;

 private:
  io::Clock& clock_;
  Terminal terminal_;
  Options options_;
  std::int64_t started_us_;
  std::int64_t drawn_us_ = 0;
  bool visible_ = false;
};

}  // namespace tarn::cli
