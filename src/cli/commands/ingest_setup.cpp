#include "cli/commands/ingest_setup.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

#include "drop_folder/drop_folder.h"
#include "io/errors.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

Result<connect::Release> release_of(CommandContext& context, const project::SourceSpec& source) {
  if (source.after == project::AfterIngest::kDelete) return connect::Release{connect::After::kDelete, ""};
  if (source.after != project::AfterIngest::kMove) return connect::Release();
  TARN_ASSIGN_OR_RETURN(const fs::path target, context.resolve(*source.move_to));
  return connect::Release{connect::After::kMove, target.string()};
}

Status make_folder(CommandContext& context, const fs::path& folder, telemetry::Log* log) {
  std::error_code error;
  if (fs::is_directory(folder, error)) return ok_status();
  fs::create_directories(folder, error);
  if (error) return Error(io::kFailed, "cannot make the folder " + folder.string() + ": " + error.message());
  if (log != nullptr)
    log->warning("source.folder_made", {{"folder", folder.string()}});
  else
    context.note("made the source folder " + folder.string() + ", which was not there");
  return ok_status();
}

Result<ingest::SourceBinding> open_source(CommandContext& context, const project::Project& project,
                                          const std::string& name) {
  ingest::SourceBinding binding{.name = name, .source = nullptr, .feeds = {}};
  drop_folder::DropFolderOptions options;
  options.settle = std::chrono::milliseconds(0);
  io::Clock& clock = context.clock();
  options.now_us = [&clock] { return clock.now_us(); };
  for (std::size_t i = 0; i < project.feeds.size(); ++i) {
    const project::SourceSpec& source = project.feeds[i].source;
    if (*source.folder != name) continue;
    options.settle = std::max(options.settle, std::chrono::milliseconds(source.settle_ms));
    binding.feeds.push_back(i);
    TARN_ASSIGN_OR_RETURN(connect::Release release, release_of(context, source));
    if (!release.move_to.empty()) options.excluded.push_back(release.move_to);
    if (release != connect::Release()) binding.releases[i] = std::move(release);
  }
  TARN_ASSIGN_OR_RETURN(const fs::path folder, context.resolve(name));
  options.folder = folder.string();
  TARN_ASSIGN_OR_RETURN(binding.source, drop_folder::open_drop_folder(std::move(options)));
  return binding;
}

}  // namespace

Result<OpenPipeline> open_pipeline(CommandContext& context, const std::string& command, telemetry::Log& log,
                                   catalog::CommitTurns* turns) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  TARN_ASSIGN_OR_RETURN(const fs::path state_folder, context.state_folder());
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(auto lock, state::ProcessLock::acquire(*database, command, context.clock()));
  TARN_ASSIGN_OR_RETURN(catalog::Catalog* const catalog, context.catalog(state::OpenMode::kReadWrite));
  TARN_ASSIGN_OR_RETURN(const std::string landing, context.landing());
  std::vector<ingest::SourceBinding> sources;
  for (const project::FeedSpec& feed : project->feeds) {
    if (std::ranges::find(sources, *feed.source.folder, &ingest::SourceBinding::name) != sources.end())
      continue;
    TARN_ASSIGN_OR_RETURN(auto source, open_source(context, *project, *feed.source.folder));
    sources.push_back(std::move(source));
  }
  ingest::Pipeline::Setup setup{.services = {*database, *catalog, context.store(), context.clock(),
                                             context.random(), context.manifests(), turns},
                                .project = *project,
                                .sources = std::move(sources),
                                .landing = landing,
                                .index_folder = (state_folder / "index").string(),
                                .command = command,
                                .log = &log};
  TARN_ASSIGN_OR_RETURN(auto pipeline, ingest::Pipeline::open(std::move(setup)));
  return OpenPipeline{std::move(lock), std::move(pipeline)};
}

Status make_source_folders(CommandContext& context, telemetry::Log* log) {
  TARN_ASSIGN_OR_RETURN(const project::Project* const project, context.project());
  for (const project::FeedSpec& feed : project->feeds) {
    TARN_ASSIGN_OR_RETURN(const fs::path folder, context.resolve(*feed.source.folder));
    TARN_RETURN_IF_ERROR(make_folder(context, folder, log));
  }
  return ok_status();
}

void note_blocked(CommandContext& context, const project::Project& project,
                  const std::vector<ingest::BlockedFeed>& blocked) {
  for (const ingest::BlockedFeed& one : blocked) {
    context.note(render_diagnostic(one.error, context.err().color));
    context.note("  feed `" + *project.feeds[one.feed].name +
                 "` is not loaded until this is mended; what arrives for it is kept and waits");
  }
}

telemetry::Log log_to_stderr(telemetry::Level threshold) {
  return telemetry::Log(std::cerr, threshold, [] {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  });
}

struct StopOnSignal::State {
  sigset_t signals{};
  std::stop_source stop;
  std::jthread waiter;
};

std::int64_t now_us() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since_epoch).count();
}

StopOnSignal::StopOnSignal() : state_(std::make_unique<State>()) {
  // Blocked before any thread starts, so that the waiting thread alone takes the first signal.
  sigemptyset(&state_->signals);
  sigaddset(&state_->signals, SIGINT);
  sigaddset(&state_->signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &state_->signals, nullptr);
  state_->waiter = std::jthread([state = state_.get()](const std::stop_token& ended) {
    const timespec slice{.tv_sec = 0, .tv_nsec = 100'000'000};
    while (!ended.stop_requested()) {
      if (sigtimedwait(&state->signals, nullptr, &slice) < 0) continue;
      state->stop.request_stop();
      pthread_sigmask(SIG_UNBLOCK, &state->signals, nullptr);
      return;
    }
  });
}

StopOnSignal::~StopOnSignal() {
  state_->waiter.request_stop();
  state_->waiter.join();
  pthread_sigmask(SIG_UNBLOCK, &state_->signals, nullptr);
}

std::stop_token StopOnSignal::token() const {
  return state_->stop.get_token();
}

}  // namespace tarn::cli
