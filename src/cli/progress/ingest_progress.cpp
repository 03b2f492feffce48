#include "cli/progress/ingest_progress.h"

#include <fmt/format.h>

#include <chrono>

#include "base/size.h"

namespace tarn::cli {

IngestProgress::IngestProgress(CommandContext& context, const ingest::Progress& progress,
                               const std::string& label)
    : progress_(progress), bar_(context.clock(), context.err(), {.label = label, .unit = "files"}) {
  if (context.err().is_tty)
    thread_ = std::jthread([this, &context](const std::stop_token& stop) { run(context, stop); });
}

IngestProgress::~IngestProgress() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  bar_.finish();
}

void IngestProgress::run(CommandContext& context, const std::stop_token& stop) {
  const std::int64_t started_us = context.clock().monotonic_us();
  while (context.clock().sleep(std::chrono::milliseconds(100), stop)) {
    const double seconds = static_cast<double>(context.clock().monotonic_us() - started_us) / 1e6;
    const auto bytes = static_cast<double>(progress_.bytes_raw.load());
    bar_.set_total(static_cast<std::uint64_t>(progress_.files_total.load()));
    bar_.update(
        static_cast<std::uint64_t>(progress_.files_done.load()),
        fmt::format("{} records, {:.0f} MB/s", format_count(progress_.records), bytes / 1e6 / seconds));
  }
}

}  // namespace tarn::cli
