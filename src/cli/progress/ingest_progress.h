#pragma once

#include <string>
#include <thread>

#include "cli/command_context.h"
#include "cli/progress/progress_bar.h"
#include "ingest/pipeline.h"

namespace tarn::cli {

/// Shows how far reading files is, from a thread of its own while it lives; on a TTY only.
class IngestProgress {
 public:
  IngestProgress(CommandContext& context, const ingest::Progress& progress, const std::string& label);
  ~IngestProgress();
  IngestProgress(const IngestProgress&) = delete;
  IngestProgress& operator=(const IngestProgress&) = delete;

 private:
  void run(CommandContext& context, const std::stop_token& stop);

  const ingest::Progress& progress_;
  ProgressBar bar_;
  std::jthread thread_;
};

}  // namespace tarn::cli
