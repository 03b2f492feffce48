#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "project/checks/checks.h"
#include "project/errors.h"

// Which folders of a project lie within one another: what Tarn writes must never be read as an arrival, and
// no part of it may clear away what another part keeps.
namespace tarn::project {
namespace {

namespace fs = std::filesystem;

bool holds(std::string_view outer, std::string_view inner) {
  if (outer == "/") return inner.starts_with('/');
  return inner.starts_with(outer) && (inner.size() == outer.size() || inner[outer.size()] == '/');
}

bool overlap(std::string_view a, std::string_view b) {
  return holds(a, b) || holds(b, a);
}

/// What only Tarn may write.
struct OwnFolder {
  std::string name;  ///< As a message calls it.
  std::string path;
  SourceSpan span;  ///< Of the setting; line 0 when it was not written.
};

class FolderCheck {
 public:
  FolderCheck(const Project& project, const FolderLookup& folders, Diagnostics& out)
      : project_(project), folders_(folders), out_(out) {}

  void run() {
    gather();
    for (std::size_t i = 0; i < own_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) check_own(own_[j], own_[i]);
    }
    for (const FeedSpec& feed : project_.feeds) {
      check_source(feed);
      check_target(feed);
    }
  }

 private:
  void fail(const SourceSpan& span, std::string message, std::string hint) {
    out_.error(Error(kFolderConflict, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }

  /// Where the folder lies; empty when an error was told of it.
  std::string path_of(const Located<std::string>& folder) const {
    return folder->empty() || out_.told(folder.span) ? "" : folders_(*folder);
  }

  void add(std::string name, std::string path, const SourceSpan& span) {
    if (!path.empty()) own_.push_back({std::move(name), std::move(path), span});
  }

  void gather() {
    const ProjectSpec& spec = project_.spec;
    add("the folder `feeds` of the contracts", folders_("feeds"), {});
    add("`warehouse`", path_of(spec.warehouse), spec.warehouse.span);
    add("`landing`", path_of(spec.landing), spec.landing.span);
    if (spec.state->find("://") != std::string::npos) return add_server(spec.state);
    const fs::path state(path_of(spec.state));
    if (state.empty()) return;
    // `/data/tarn.db` may stand beside `/data/lake`: then only the file and its index are Tarn's own.
    const std::string folder = state.parent_path().string();
    bool is_shared = holds(folder, folders_("tarn.yaml"));
    for (const OwnFolder& own : own_) is_shared = is_shared || holds(folder, own.path);
    if (is_shared) {
      add("`state`", state.string(), spec.state.span);
      add("the index beside `state`", (state.parent_path() / "index").string(), spec.state.span);
    } else {
      add("the folder of `state`", folder, spec.state.span);
    }
  }

  // The value is not repeated: it may hold a password.
  void add_server(const Located<std::string>& location) {
    if (location->starts_with("postgresql://") || location->starts_with("postgres://"))
      return add("the folder `state` of the key indices", folders_("state"), location.span);
    out_.error(Error(kBadValue, "`state` is a location that tarn does not know")
                   .with_span(location.span)
                   .with_hint("write the path of an SQLite file, or postgresql://user@host:5432/database"));
  }

  void check_own(const OwnFolder& a, const OwnFolder& b) {
    const SourceSpan& span = b.span.line > 0 ? b.span : a.span;
    if (!overlap(a.path, b.path) || out_.told(span)) return;  // once for each setting
    const bool a_is_outer = holds(a.path, b.path);
    const OwnFolder& outer = a_is_outer ? a : b;
    const OwnFolder& inner = a_is_outer ? b : a;
    fail(span,
         outer.path == inner.path ? fmt::format("{} and {} are the same folder", outer.name, inner.name)
                                  : fmt::format("{} lies within {}", inner.name, outer.name),
         "give each a folder of its own, as in `lake`, `landing` and `state/tarn.db`");
  }

  void check_source(const FeedSpec& feed) {
    const Located<std::string>& folder = feed.source.folder;
    const std::string path = path_of(folder);
    if (path.empty()) return;
    for (const OwnFolder& own : own_) {
      if (!overlap(path, own.path) || out_.told(own.span)) continue;
      fail(folder.span,
           holds(own.path, path)
               ? fmt::format("the source folder `{}` lies within {}, which is Tarn's own", *folder, own.name)
               : fmt::format("the source folder `{}` holds {}, which would be read as arrivals", *folder,
                             own.name),
           "give the feed a folder of its own, such as `inbox`");
      return;
    }
    const auto [first, is_new] = sources_.emplace(path, &feed);
    const std::string& other = *first->second->source.folder;
    if (is_new || other == *folder) return;
    fail(
        folder.span,
        fmt::format("`{}` is the folder that the feed `{}` calls `{}`", *folder, *first->second->name, other),
        fmt::format("write `{}` in both: feeds of one folder share its arrivals", other));
  }

  void check_target(const FeedSpec& feed) {
    const Located<std::string>& target = feed.source.move_to;
    const std::string path = path_of(target);
    if (path.empty()) return;
    for (const OwnFolder& own : own_) {
      if (!holds(own.path, path) || out_.told(own.span)) continue;
      fail(target.span, fmt::format("`move_to: {}` lies within {}, which is Tarn's own", *target, own.name),
           "choose a folder of its own, such as `done`");
      return;
    }
  }

  const Project& project_;
  const FolderLookup& folders_;
  Diagnostics& out_;
  std::vector<OwnFolder> own_;
  std::map<std::string, const FeedSpec*> sources_;
};

}  // namespace

std::string written_folder(std::string_view written) {
  // A place that no setting can name stands for the project's folder, deep enough for some `..`.
  static const fs::path kProject("/:project:/a/b/c/d/e/f/g");
  if (written.starts_with("file://")) written.remove_prefix(7);
  std::string path =
      is_s3_location(written) ? std::string(written) : (kProject / written).lexically_normal().string();
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void check_folders(const Project& project, const FolderLookup& folders, Diagnostics& out) {
  FolderCheck(project, folders, out).run();
}

}  // namespace tarn::project
