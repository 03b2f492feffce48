#include "project/load.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "project/checks/checks.h"
#include "project/errors.h"
#include "project/keys/key_table.h"

namespace tarn::project {
namespace {

std::vector<Error> sorted(std::vector<Error> list) {
  const auto place = [](const Error& error) {
    return error.span() ? std::tuple(error.span()->file, error.span()->line, error.span()->column)
                        : std::tuple(std::string(), 0u, 0u);
  };
  std::ranges::stable_sort(list, {}, place);
  return list;
}

struct ReadFeed {
  FeedSpec spec;
  bool whole = false;  ///< It could be read at all.
  bool clean = false;  ///< No error was told of it.
};

ReadFeed read_feed(const ProjectFile& file, const EnvironmentLookup& environment, Diagnostics& out) {
  ReadFeed feed;
  Document document;
  const std::size_t errors_before = out.error_count();
  if (!parse_yaml(file, document, out)) return feed;
  substitute_environment(document, environment, out);
  Reader reader(document, out);
  feed_block().read(document.root, reader, feed.spec);
  if (document.root.kind != NodeKind::kMap) return feed;
  complete_feed(feed.spec, out);
  check_feed(feed.spec, out.error_count() == errors_before, out);
  feed.whole = true;
  feed.clean = out.error_count() == errors_before;
  return feed;
}

ProjectSpec read_project(const ProjectFile& file, const EnvironmentLookup& environment, Diagnostics& out) {
  ProjectSpec spec;
  Document document;
  if (!parse_yaml(file, document, out)) return spec;
  substitute_environment(document, environment, out);
  Reader reader(document, out);
  project_block().read(document.root, reader, spec);
  return spec;
}

void read_access(const ProjectFile& file, const EnvironmentLookup& environment, AccessSpec& spec,
                 Diagnostics& out) {
  Document document;
  if (!parse_yaml(file, document, out)) return;
  substitute_environment(document, environment, out);
  Reader reader(document, out);
  access_block().read(document.root, reader, spec);
}

void read_rules(const ProjectFile& file, AccessSpec& spec, Diagnostics& out) {
  Document document;
  if (!parse_yaml(file, document, out)) return;
  Reader reader(document, out);
  AccessSpec rules;
  access_block().read(document.root, reader, rules);
  add_rules(spec, std::move(rules));
}

bool is_access_file(std::string_view path) {
  return path.starts_with("access/");
}

}  // namespace

void Diagnostics::error(Error error) {
  if (error.span()) places_.emplace(error.span()->file, error.span()->line, error.span()->column);
  errors_.push_back(std::move(error));
}

bool Diagnostics::told(const SourceSpan& span) const {
  if (span.line == 0) return false;
  const auto first = places_.lower_bound(Place(span.file, span.line, span.column));
  return first != places_.end() &&
         *first < Place(span.file, span.line, span.column + std::max(1u, span.length));
}

std::vector<Error> Diagnostics::take_errors() {
  return sorted(std::exchange(errors_, {}));
}
std::vector<Error> Diagnostics::take_warnings() {
  return sorted(std::exchange(warnings_, {}));
}

bool is_project_file(std::string_view path) {
  if (path == "tarn.yaml") return true;
  return (path.starts_with("feeds/") || is_access_file(path)) &&
         (path.ends_with(".yaml") || path.ends_with(".yml"));
}

LoadOutcome load(const std::vector<ProjectFile>& files, const EnvironmentLookup& environment,
                 const FolderLookup& folders) {
  Diagnostics out;
  Project project;
  std::vector<const ProjectFile*> feeds;
  std::vector<const ProjectFile*> access;
  const ProjectFile* own = nullptr;
  const ProjectFile* rules = nullptr;
  for (const ProjectFile& file : files) {
    if (file.path == "tarn.yaml") {
      own = &file;
    } else if (file.path == kRulesBySql) {
      rules = &file;
    } else if (is_project_file(file.path)) {
      (is_access_file(file.path) ? access : feeds).push_back(&file);
    }
  }
  if (own != nullptr) {
    project.spec = read_project(*own, environment, out);
  } else {
    out.error(Error(kNoProjectFile, "the folder holds no tarn.yaml")
                  .with_hint("run `tarn init`, or name the project's folder with -C"));
  }
  std::ranges::sort(feeds, {}, &ProjectFile::path);
  std::vector<bool> clean;
  for (const ProjectFile* file : feeds) {
    ReadFeed feed = read_feed(*file, environment, out);
    if (!feed.whole) continue;
    project.feeds.push_back(std::move(feed.spec));
    clean.push_back(feed.clean);
  }
  if (feeds.empty() && own != nullptr) {
    out.warning(Error(kNoFeeds, "the project has no feeds yet")
                    .with_span({"feeds/", 0, 0, 1, ""})
                    .with_hint("write a contract in feeds/, or let `tarn discover FILE` propose one"));
  }
  std::ranges::sort(access, {}, &ProjectFile::path);
  for (const ProjectFile* file : access) {
    if (!project.access) project.access.emplace();
    read_access(*file, environment, *project.access, out);
  }
  if (rules != nullptr) {
    if (!project.access) project.access.emplace();
    read_rules(*rules, *project.access, out);
  }
  check_project(project, clean, out);
  check_locations(project, out);
  if (own != nullptr) check_folders(project, folders, out);
  if (project.access) {
    const bool all_clean = clean.size() == feeds.size() && std::ranges::all_of(clean, std::identity());
    check_access(project, all_clean, out);
  }
  LoadOutcome outcome{std::nullopt, out.take_errors(), out.take_warnings()};
  if (outcome.errors.empty()) outcome.project = std::move(project);
  return outcome;
}

FeedOutcome load_feed(const ProjectFile& file, const EnvironmentLookup& environment) {
  Diagnostics out;
  ReadFeed feed = read_feed(file, environment, out);
  FeedOutcome outcome{std::nullopt, out.take_errors(), out.take_warnings()};
  if (outcome.errors.empty() && feed.whole) outcome.feed = std::move(feed.spec);
  return outcome;
}

std::string render_warning(const Error& warning, bool color) {
  std::string text = render_diagnostic(warning, color);
  const std::string_view error = color ? "\x1b[1;31merror[" : "error[";
  const std::string_view replacement = color ? "\x1b[1;33mwarning[" : "warning[";
  if (text.starts_with(error)) text.replace(0, error.size(), replacement);
  return text;
}

std::string render_outcome(const LoadOutcome& outcome, bool color) {
  std::string text;
  for (const Error& error : outcome.errors) text += render_diagnostic(error, color);
  for (const Error& warning : outcome.warnings) text += render_warning(warning, color);
  return text;
}

}  // namespace tarn::project
