#include "cli/progress/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/size.h"

namespace tarn::cli {
namespace {

constexpr std::int64_t kRedrawUs = 100'000;
constexpr std::size_t kBarWidth = 20;

std::string bar_of(double share, bool unicode) {
  const auto filled = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * kBarWidth);
  std::string bar = unicode ? "" : "[";
  for (std::size_t i = 0; i < kBarWidth; ++i) {
    bar += i < filled ? (unicode ? "█" : "#") : (unicode ? "░" : ".");
  }
  return unicode ? bar : bar + "]";
}

}  // namespace

ProgressBar::ProgressBar(io::Clock& clock, Terminal terminal, Options options)
    : clock_(clock), terminal_(terminal), options_(std::move(options)), started_us_(clock.monotonic_us()) {}

ProgressBar::~ProgressBar() {
  finish();
}

std::string ProgressBar::line(std::uint64_t done, double seconds, std::string_view note) const {
  const bool bytes = options_.unit == "bytes";
  const auto amount = [&](std::uint64_t value) {
    return bytes ? format_size(value) : format_count(static_cast<std::int64_t>(value));
  };
  std::string text = options_.label;
  const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
  if (options_.total > 0) {
    const double share = static_cast<double>(done) / static_cast<double>(options_.total);
    text += fmt::format(" {} {:3.0f}%  {} / {}", bar_of(share, terminal_.unicode), std::min(share, 1.0) * 100,
                        amount(done), amount(options_.total));
  } else {
    text += " " + amount(done);
  }
  if (!bytes) text += " " + options_.unit;
  text += fmt::format("  {}/s", amount(static_cast<std::uint64_t>(rate)));
  if (options_.total > done && rate > 0) {
    text += "  " + format_duration(static_cast<double>(options_.total - done) / rate) + " left";
  }
  if (!note.empty()) text += fmt::format("  {}", note);
  return text;
}

void ProgressBar::update(std::uint64_t done, std::string_view note) {
  if (!terminal_.is_tty) return;
  const std::int64_t now_us = clock_.monotonic_us();
  if (visible_ && now_us - drawn_us_ < kRedrawUs) return;
  drawn_us_ = now_us;
  visible_ = true;
  const std::string text = line(done, static_cast<double>(now_us - started_us_) / 1e6, note);
  const std::size_t width = terminal_.width > 1 ? terminal_.width - 1 : 79;
  std::fputs(("\r\x1B[2K" + fit_width(text, width, terminal_.unicode)).c_str(), stderr);
  std::fflush(stderr);
}

void ProgressBar::finish() {
  if (!visible_) return;
  visible_ = false;
  std::fputs("\r\x1B[2K", stderr);
  std::fflush(stderr);
}

}  // namespace tarn::cli
