#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "catalog/commit_turns.h"
#include "cli/command_context.h"
#include "ingest/pipeline.h"
#include "state/process_lock.h"
#include "telemetry/log.h"

namespace tarn::cli {

/// A pipeline over the project's folders, with the lock that it needs. The lock is held as long as this
/// lives.
struct OpenPipeline {
  state::ProcessLock lock;
  std::unique_ptr<ingest::Pipeline> pipeline;
};

/// Makes the folders of feeds that do not exist, so that a new project can be started before its first file.
/// Each is told to `log`, or to people when it is null: it may have been misspelt, or not be mounted.
Status make_source_folders(CommandContext& context, telemetry::Log* log);

/// Locks the project for `command` ("tarn ingest"), opens its sources, whose folders must exist, and the
/// pipeline, whose commits take turns with those of others when `turns` is not null. Errors: state.locked and
/// those of Pipeline::open().
Result<OpenPipeline> open_pipeline(CommandContext& context, const std::string& command, telemetry::Log& log,
                                   catalog::CommitTurns* turns = nullptr);

/// The log of a command that moves data: JSON lines on standard error.
telemetry::Log log_to_stderr(telemetry::Level threshold);

/// Tells people which feeds cannot be loaded, and why.
void note_blocked(CommandContext& context, const project::Project& project,
                  const std::vector<ingest::BlockedFeed>& blocked);

/// Microseconds since the epoch, for logs.
std::int64_t now_us();

/// Asks every thread to stop at SIGINT and SIGTERM while it lives; a second signal ends the process as usual.
class StopOnSignal {
 public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  std::stop_token token() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tarn::cli
