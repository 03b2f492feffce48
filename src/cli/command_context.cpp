#include "cli/command_context.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/errors.h"
#include "cli/storage/s3_settings.h"
#include "io/errors.h"
#include "io/routed_store.h"
#include "project/load.h"
#include "query/access/access_editor.h"
#include "state/errors.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kLargestProjectFile = 16U << 20;
// The part of `limits.memory` that parsed manifests may take.
constexpr std::uint64_t kManifestsOfMemory = 16;

std::optional<std::string> environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<std::string> read_text(const fs::path& path) {
  std::error_code failed;
  const std::uintmax_t size = fs::file_size(path, failed);
  if (failed) return Error(io::kFailed, fmt::format("cannot read {}: {}", path.string(), failed.message()));
  if (size > kLargestProjectFile)
    return Error(io::kFailed, fmt::format("{} is too large for a contract", path.string()));
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error(io::kFailed, fmt::format("cannot read {}", path.string()));
  return text;
}

Result<std::vector<project::ProjectFile>> read_project(const fs::path& folder) {
  std::vector<project::ProjectFile> files;
  std::error_code failed;
  std::vector<fs::path> found = {folder / "tarn.yaml"};
  for (const char* const name : {"feeds", "access"}) {
    const fs::path below = folder / name;
    // A folder that cannot be looked into is not one that is not there: policy must not be passed over.
    const fs::file_status status = fs::status(below, failed);
    if (status.type() == fs::file_type::not_found) continue;
    for (auto it = fs::recursive_directory_iterator(below, failed); !failed && it != fs::end(it);
         it.increment(failed)) {
      if (it->is_regular_file(failed)) found.push_back(it->path());
    }
    if (failed)
      return Error(io::kFailed, fmt::format("cannot list {}: {}", below.string(), failed.message()));
  }
  for (const fs::path& path : found) {
    std::string name = path.lexically_relative(folder).generic_string();
    if (!project::is_project_file(name)) continue;
    TARN_ASSIGN_OR_RETURN(std::string text, read_text(path));
    files.push_back({std::move(name), std::move(text)});
  }
  return files;
}

// Where a folder of the contracts really lies, links followed, so that no two of them are one in disguise.
std::string real_folder(const fs::path& project, std::string_view written) {
  if (project::is_s3_location(written)) return project::written_folder(written);
  fs::path path(written);
  if (written.starts_with("file:")) {
    const Result<std::string> local = io::local_path(written);
    if (local.ok()) path = *local;
  }
  std::error_code failed;
  const fs::path real = fs::weakly_canonical(project / path, failed);
  std::string text = (failed ? (project / path).lexically_normal() : real).string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

std::string without_slashes(std::string location) {
  while (location.size() > 1 && location.ends_with('/') && !location.ends_with("://")) location.pop_back();
  return location;
}

project::LoadOutcome outcome_of(const fs::path& folder, const std::vector<project::ProjectFile>& files) {
  return project::load(files, environment,
                       [&folder](std::string_view written) { return real_folder(folder, written); });
}

Error bad_project(const fs::path& folder, const project::LoadOutcome& outcome) {
  return Error(kBadProject, fmt::format("{} error{} in the project {}", outcome.errors.size(),
                                        outcome.errors.size() == 1 ? "" : "s", folder.string()));
}

}  // namespace

struct CommandContext::Parts {
  ~Parts() {
    // Whoever may still speak to S3 goes before its client does.
    catalog.reset();
    manifests.reset();
    store.reset();
    s3.reset();
    s3::shut_down();
  }

  std::optional<fs::path> folder;
  std::optional<project::Project> project;
  std::optional<project::Project> settings_alone;  // of tarn.yaml, when a contract has errors
  std::unique_ptr<s3::S3ObjectStore> s3;
  std::unique_ptr<io::RoutedObjectStore> store;
  std::unique_ptr<io::Clock> clock;
  std::unique_ptr<io::Random> random;
  std::once_flag manifests_made;
  std::unique_ptr<table::ManifestCache> manifests;
  std::unique_ptr<state::Database> database;
  std::unique_ptr<catalog::Catalog> catalog;
};

CommandContext::CommandContext()
    : out_(Terminal::of(1)), err_(Terminal::of(2)), parts_(std::make_unique<Parts>()) {
  std::vector<io::RoutedObjectStore::Route> routes;
  routes.push_back({{"s3", "s3a"}, [this]() -> Result<io::ObjectStore*> {
                      TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, s3());
                      return store;
                    }});
  parts_->store = std::make_unique<io::RoutedObjectStore>(io::make_local_object_store(), std::move(routes));
  parts_->clock = io::make_system_clock();
  parts_->random = io::make_system_random();
}

CommandContext::~CommandContext() = default;

void CommandContext::on_run(CLI::App& command, std::function<Result<int>()> action) {
  command.callback([this, run = std::move(action)] {
    const Result<int> outcome = run();
    if (outcome.ok()) {
      exit_code_ = *outcome;
      return;
    }
    note(render_diagnostic(outcome.error(), err_.color));
    exit_code_ = exit_code_of(outcome.error());
  });
}

Result<fs::path> CommandContext::project_folder() {
  if (parts_->folder) return *parts_->folder;
  std::error_code failed;
  const fs::path start =
      fs::absolute(project_option.empty() ? fs::path(".") : fs::path(project_option), failed)
          .lexically_normal();
  for (fs::path folder = start;; folder = folder.parent_path()) {
    if (fs::is_regular_file(folder / "tarn.yaml", failed)) {
      parts_->folder = folder.has_filename() ? folder : folder.parent_path();
      return *parts_->folder;
    }
    // A folder that was named is taken at its word.
    if (!project_option.empty() || !folder.has_relative_path()) break;
  }
  return Error(kNoProject,
               fmt::format("no tarn.yaml in {}{}", start.string(), project_option.empty() ? " or above" : ""))
      .with_hint("name the project's folder with -C, or make one with `tarn init`");
}

Result<const project::Project*> CommandContext::project() {
  if (parts_->project) return &*parts_->project;
  TARN_ASSIGN_OR_RETURN(const fs::path folder, project_folder());
  TARN_ASSIGN_OR_RETURN(const std::vector<project::ProjectFile> files, read_project(folder));
  project::LoadOutcome outcome = outcome_of(folder, files);
  note(project::render_outcome(outcome, err_.color));
  if (!outcome.project) return bad_project(folder, outcome);
  parts_->project = std::move(outcome.project);
  return &*parts_->project;
}

Result<const project::ProjectSpec*> CommandContext::settings() {
  if (parts_->project) return &parts_->project->spec;
  if (parts_->settings_alone) return &parts_->settings_alone->spec;
  TARN_ASSIGN_OR_RETURN(const fs::path folder, project_folder());
  TARN_ASSIGN_OR_RETURN(std::vector<project::ProjectFile> files, read_project(folder));
  project::LoadOutcome whole = outcome_of(folder, files);
  if (whole.project) {
    note(project::render_outcome(whole, err_.color));
    parts_->project = std::move(whole.project);
    return &parts_->project->spec;
  }
  std::erase_if(files, [](const project::ProjectFile& file) { return file.path != "tarn.yaml"; });
  project::LoadOutcome alone = outcome_of(folder, files);
  // What is wrong is not in the contracts alone: all of it is shown.
  if (!alone.project) {
    note(project::render_outcome(whole, err_.color));
    return bad_project(folder, whole);
  }
  note(project::render_warning(
      Error(kBadProject,
            fmt::format("the contracts have {} error{}: nothing is ingested until they are mended",
                        whole.errors.size(), whole.errors.size() == 1 ? "" : "s"))
          .with_hint("`tarn check` shows them"),
      err_.color));
  parts_->settings_alone = std::move(alone.project);
  return &parts_->settings_alone->spec;
}

Result<std::vector<project::ProjectFile>> CommandContext::project_files() {
  TARN_ASSIGN_OR_RETURN(const fs::path folder, project_folder());
  return read_project(folder);
}

Result<fs::path> CommandContext::resolve(const std::string& path) {
  TARN_ASSIGN_OR_RETURN(const fs::path folder, project_folder());
  return (folder / path).lexically_normal();
}

Result<std::string> CommandContext::warehouse() {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const spec, settings());
  const std::string& written = *spec->warehouse;
  // The SDK is started before any thread runs.
  if (project::is_s3_location(written)) TARN_RETURN_IF_ERROR(s3());
  if (written.starts_with("file:") || project::is_s3_location(written)) return without_slashes(written);
  TARN_ASSIGN_OR_RETURN(const fs::path path, resolve(written));
  return without_slashes(io::file_uri(path.string()));
}

Result<std::string> CommandContext::landing() {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const spec, settings());
  const std::string& written = *spec->landing;
  if (project::is_s3_location(written)) {
    TARN_RETURN_IF_ERROR(s3());
    return without_slashes(written);
  }
  if (written.starts_with("file:")) return io::local_path(written);
  TARN_ASSIGN_OR_RETURN(const fs::path path, resolve(written));
  return without_slashes(path.string());
}

Result<s3::S3ObjectStore*> CommandContext::s3() {
  if (parts_->s3 == nullptr) {
    TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const spec, settings());
    TARN_ASSIGN_OR_RETURN(const fs::path folder, project_folder());
    TARN_ASSIGN_OR_RETURN(const s3::Settings known, s3_settings(spec->s3, folder));
    TARN_ASSIGN_OR_RETURN(parts_->s3,
                          s3::S3ObjectStore::open(known, *parts_->clock, io::make_system_random()));
  }
  return parts_->s3.get();
}

Result<std::string> CommandContext::state_location() {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const spec, settings());
  if (state::is_server_location(*spec->state)) return *spec->state;
  TARN_ASSIGN_OR_RETURN(const fs::path file, resolve(*spec->state));
  return file.string();
}

Result<fs::path> CommandContext::state_folder() {
  TARN_ASSIGN_OR_RETURN(const std::string location, state_location());
  if (state::is_server_location(location)) return resolve("state");
  return fs::path(location).parent_path();
}

Result<state::Database*> CommandContext::database(state::OpenMode mode) {
  if (parts_->database == nullptr) {
    TARN_ASSIGN_OR_RETURN(const std::string location, state_location());
    TARN_ASSIGN_OR_RETURN(const fs::path folder, state_folder());
    if (mode == state::OpenMode::kReadWrite) {
      std::error_code failed;
      fs::create_directories(folder, failed);
      if (failed)
        return Error(io::kFailed, fmt::format("cannot make {}: {}", folder.string(), failed.message()));
    }
    auto opened = state::Database::open(location, mode);
    if (!opened.ok() && opened.error().name() == state::kNotFound.name) {
      return std::move(opened).error().with_hint(
          "nothing was ingested into this project yet: run `tarn ingest`");
    }
    TARN_ASSIGN_OR_RETURN(parts_->database, std::move(opened));
  }
  return parts_->database.get();
}

Result<catalog::Catalog*> CommandContext::catalog(state::OpenMode mode) {
  if (parts_->catalog == nullptr) {
    TARN_ASSIGN_OR_RETURN(state::Database* const state, database(mode));
    TARN_ASSIGN_OR_RETURN(std::string location, warehouse());
    TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const spec, settings());
    if (uses_s3(*spec)) TARN_RETURN_IF_ERROR(s3());
    parts_->catalog =
        std::make_unique<catalog::Catalog>(*state, *parts_->store, *parts_->clock, *parts_->random,
                                           std::move(location), spec->listeners.rest.locations);
  }
  return parts_->catalog.get();
}

io::ObjectStore& CommandContext::store() {
  return *parts_->store;
}
table::ManifestCache& CommandContext::manifests() {
  std::call_once(parts_->manifests_made, [this] {
    const auto spec = settings();
    const std::uint64_t memory = spec.ok() ? (*spec)->limits.memory : project::ProcessLimits().memory;
    parts_->manifests = std::make_unique<table::ManifestCache>(*parts_->store, memory / kManifestsOfMemory);
  });
  return *parts_->manifests;
}
io::Clock& CommandContext::clock() {
  return *parts_->clock;
}
io::Random& CommandContext::random() {
  return *parts_->random;
}

RenderOptions CommandContext::render_options() const {
  return {.format = output, .terminal = out_};
}

Status CommandContext::print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0)
    return ok_status();
  return Error(io::kFailed,
               fmt::format("cannot write to standard output: {}", std::generic_category().message(errno)));
}

void CommandContext::note(std::string_view text) {
  if (text.empty()) return;
  std::fwrite(text.data(), 1, text.size(), stderr);
  if (text.back() != '\n') std::fputc('\n', stderr);
}

void add_output_option(CLI::App& command, CommandContext& context) {
  static const std::vector<std::pair<std::string, OutputFormat>> kFormats = {
      {"table", OutputFormat::kTable}, {"json", OutputFormat::kJson}, {"csv", OutputFormat::kCsv}};
  command.add_option("-o,--output", context.output, "Form of the answer: table, json or csv")
      ->transform(CLI::CheckedTransformer(kFormats, CLI::ignore_case).description(""))
      ->type_name("FORM");
}

CLI::Validator at_least_one() {
  CLI::Validator validator(
      [](std::string& text) {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool fits = error == std::errc() && end == text.data() + text.size() && value >= 1;
        return fits ? std::string() : fmt::format("`{}` is not a whole number of at least 1", text);
      },
      "");
  return validator;
}

Result<project::Project> read_project_with(const fs::path& folder, const std::string& rules) {
  TARN_ASSIGN_OR_RETURN(std::vector<project::ProjectFile> files, read_project(folder));
  project::LoadOutcome outcome = outcome_of(folder, files);
  if (outcome.project && !rules.empty()) {
    const project::AccessSpec in_files = outcome.project->access.value_or(project::AccessSpec());
    files.push_back({std::string(project::kRulesBySql), query::effective_rules(rules, in_files)});
    outcome = outcome_of(folder, files);
    if (!outcome.project && !outcome.errors.empty())
      return Error(kBadProject, outcome.errors.front().message()).with_hint(outcome.errors.front().hint());
  }
  if (outcome.project) return *std::move(outcome.project);
  Error error = bad_project(folder, outcome);
  if (!outcome.errors.empty()) error = std::move(error).with_context(outcome.errors.front().message());
  return std::move(error).with_hint("`tarn check` shows them");
}

}  // namespace tarn::cli
