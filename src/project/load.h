#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "project/project_spec.h"

/// From the bytes of a project's files to a checked Project, or to everything that is wrong with it.
///
///   std::vector<ProjectFile> files = …;   // tarn.yaml, feeds/*.yaml and access/*.yaml, read by the caller
///   LoadOutcome outcome = load(files, [](std::string_view name) { return environment(name); });
///   std::cerr << render_outcome(outcome, color);
///   if (!outcome.project) return kExitFailed;
///
/// Pure: no I/O, no clock, no globals; any thread may call it. Hostile bytes cost bounded time and memory.
namespace tarn::project {

/// A file of the project: its path relative to the project's folder with `/` between the parts, and its
/// bytes.
struct ProjectFile {
  std::string path;
  std::string text;
};

/// The file that load() reads as what SQL said of users and roles, in JSON: it adds to access/*.yaml, and has
/// no variables of the environment. What it holds was checked when it was said, and may not fit the files any
/// more.
inline constexpr std::string_view kRulesBySql = "the rules by SQL";

/// The value of an environment variable, or nothing. Serves `${NAME}` in the scalars of a contract.
using EnvironmentLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Where a folder or file that a contract names really lies: absolute, without `..` and a trailing slash,
/// links followed where they exist. Serves the check that no two folders of a project lie within one another.
using FolderLookup = std::function<std::string(std::string_view written)>;

/// What the text alone tells of it: relative paths start at a project folder that is nowhere.
std::string written_folder(std::string_view written);

/// `project` is there exactly when there are no errors. Warnings never stop anything. Both are in the order
/// of file, then line.
struct LoadOutcome {
  std::optional<Project> project;
  std::vector<Error> errors;
  std::vector<Error> warnings;
};

/// Whether load() reads a file of this path: `tarn.yaml`, or `*.yaml` and `*.yml` under `feeds/` and
/// `access/`.
bool is_project_file(std::string_view path);

/// Reads, checks and joins a project's files; those that is_project_file() refuses are passed over.
LoadOutcome load(const std::vector<ProjectFile>& files, const EnvironmentLookup& environment,
                 const FolderLookup& folders = written_folder);

/// One feed's contract by itself (an editor's buffer, a proposal of `tarn discover`): checks what can be
/// checked without its project.
struct FeedOutcome {
  std::optional<FeedSpec> feed;
  std::vector<Error> errors;
  std::vector<Error> warnings;
};
FeedOutcome load_feed(const ProjectFile& file, const EnvironmentLookup& environment);

/// render_diagnostic() of each error, then of each warning (which says `warning[…]`).
std::string render_outcome(const LoadOutcome& outcome, bool color);
/// render_diagnostic() of one warning.
std::string render_warning(const Error& warning, bool color);

}  // namespace tarn::project
