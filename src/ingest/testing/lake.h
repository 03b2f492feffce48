#pragma once

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "ingest/pipeline.h"
#include "io/errors.h"
#include "io/simulated.h"
#include "project/load.h"
#include "state/testing/state_location.h"
#include "table/manifest_cache.h"
#include "table/reader.h"
#include "table/scan.h"
#include "telemetry/log.h"

namespace tarn::ingest::testing {

/// A folder in memory, whose files are complete at once.
class MemorySource final : public connect::Source {
 public:
  MemorySource(std::map<std::string, std::string>& files, std::map<std::string, std::string>& released)
      : released_(released), files_(files) {}
  Result<connect::SourceScan> scan() override {
    connect::SourceScan scan;
    std::int64_t modified_ns = 1;
    for (const auto& [path, bytes] : files_) scan.complete.push_back({path, bytes.size(), ++modified_ns, 0});
    return scan;
  }
  Status read(const connect::SourceFile& file, std::string& out) override {
    out = files_.at(file.path);
    return ok_status();
  }
  Status acknowledge(const connect::SourceFile& file, const connect::Release& release) override {
    if (release.after == connect::After::kKeep) return ok_status();
    released_[file.path] = release.after == connect::After::kDelete ? "deleted" : release.move_to;
    files_.erase(file.path);
    return ok_status();
  }
  Result<bool> wait(std::chrono::milliseconds, std::stop_token) override { return true; }

 private:
  std::map<std::string, std::string>& released_;
  std::map<std::string, std::string>& files_;
};

/// A project with everything it needs: real state (in a temporary folder or the tests' server), the rest
/// simulated. What `files` holds has arrived in the folder `in`; open() may be called again and again, as
/// processes start and end.
class Lake {
 public:
  explicit Lake(std::vector<std::string> feeds,
                const std::string& tarn_yaml = "project: test\nlimits:\n  threads: 2\n")
      : folder_(std::filesystem::path(::testing::TempDir()) /
                ("tarn-lake-" + std::to_string(::getpid()) + "-" +
                 ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    set_feeds(std::move(feeds), tarn_yaml);
    start();
  }
  ~Lake() {
    stop();
    std::filesystem::remove_all(folder_);
  }
  Lake(const Lake&) = delete;
  Lake& operator=(const Lake&) = delete;

  void set_feeds(std::vector<std::string> feeds, const std::string& tarn_yaml = "project: test\n") {
    std::vector<project::ProjectFile> texts = {{"tarn.yaml", tarn_yaml}};
    for (std::size_t i = 0; i < feeds.size(); ++i)
      texts.push_back({"feeds/f" + std::to_string(i) + ".yaml", feeds[i]});
    auto outcome = project::load(texts, [](std::string_view) { return std::nullopt; });
    EXPECT_TRUE(outcome.project.has_value()) << project::render_outcome(outcome, false);
    project_ = std::make_unique<project::Project>(std::move(*outcome.project));
  }

  /// As a process that starts: the state is opened anew, caches are empty.
  void start() {
    auto opened = state::Database::open(state::state_location((folder_ / "tarn.db").string()),
                                        state::OpenMode::kReadWrite);
    ASSERT_TRUE(opened.ok()) << opened.error().to_string();
    database = std::move(opened).value();
    catalog = std::make_unique<catalog::Catalog>(*database, store, clock, random, "file:///lake");
    manifests = std::make_unique<table::ManifestCache>(store);
  }
  void stop() {
    catalog.reset();
    database.reset();
  }

  Result<std::unique_ptr<Pipeline>> open() {
    std::vector<SourceBinding> sources;
    SourceBinding binding{
        .name = "in", .source = std::make_unique<MemorySource>(files, released), .feeds = {}};
    for (std::size_t i = 0; i < project_->feeds.size(); ++i) {
      binding.feeds.push_back(i);
      const project::SourceSpec& source = project_->feeds[i].source;
      if (source.after == project::AfterIngest::kDelete)
        binding.releases[i] = {connect::After::kDelete, ""};
      else if (source.after == project::AfterIngest::kMove)
        binding.releases[i] = {connect::After::kMove, *source.move_to};
    }
    sources.push_back(std::move(binding));
    return Pipeline::open({.services = {*database, *catalog, store, clock, random, *manifests},
                           .project = *project_,
                           .sources = std::move(sources),
                           .landing = "/landing",
                           .index_folder = index_folder(),
                           .command = "test",
                           .log = &log});
  }

  Result<RunReport> ingest() {
    TARN_ASSIGN_OR_RETURN(const auto pipeline, open());
    Progress progress;
    return pipeline->run_once(progress, {});
  }

  /// The live rows of a table as text: the named columns, separated by `|`, sorted; "~" for null.
  std::vector<std::string> rows(const TableName& name, const std::vector<std::string>& columns) {
    std::vector<std::string> texts;
    auto loaded = catalog->load_table(name);
    if (!loaded.ok()) return {loaded.error().to_string()};
    table::ManifestCache cache(store);
    auto scan = table::plan_scan(cache, *loaded->metadata);
    if (!scan.ok()) return {scan.error().to_string()};
    auto batches = table::read_all(store, *scan);
    if (!batches.ok()) return {batches.error().to_string()};
    for (const auto& batch : *batches) {
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        std::string text;
        for (const std::string& column : columns) {
          const auto array = batch->GetColumnByName(column);
          if (!text.empty() || &column != &columns.front()) text += "|";
          if (!array)
            text += "<no column>";
          else
            text += array->IsNull(row) ? "~" : (*array->GetScalar(row))->ToString();
        }
        texts.push_back(text);
      }
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  /// The quarantine as "code level member record field", in order.
  std::vector<std::string> quarantine() {
    std::vector<std::string> texts;
    auto entries = state::list_quarantine(*database, {});
    if (!entries.ok()) return {entries.error().to_string()};
    for (const auto& entry : *entries) {
      if (entry.status != state::QuarantineStatus::kOpen) continue;
      texts.push_back(entry.code + " " + std::string(state::to_string(entry.level)) + " " +
                      entry.source_file + (entry.member.empty() ? "" : "!" + entry.member) +
                      (entry.record ? " #" + std::to_string(*entry.record) : "") +
                      (entry.field.empty() ? "" : " " + entry.field));
    }
    std::sort(texts.begin(), texts.end());
    return texts;
  }

  /// From this operation of the store on, counted from now, none works: files of a batch are written side by
  /// side, so that which one it is may differ.
  void lose_power_at(std::uint64_t operation) {
    operations_ = 0;
    power_lost_ = false;
    store.set_fault(
        [this, operation](std::uint64_t, std::string_view, const std::string& location) -> Status {
          if (++operations_ >= operation) power_lost_ = true;
          return power_lost_ ? Status(Error(io::kFailed, "the power is gone at " + location)) : ok_status();
        });
  }
  bool power_was_lost() const { return power_lost_; }
  /// A process after that: what was not synced is gone.
  void come_back() {
    stop();
    store.set_fault({});
    store.lose_unsynced();
    start();
  }

  /// A commit is refused, or done and its reply lost, whatever the process makes of that; a new one follows.
  void ingest_with_faulty_commit(state::CommitFault fault) {
    bool faulty = true;
    store.set_fault([&](std::uint64_t, std::string_view, const std::string& location) -> Status {
      if (faulty && location.ends_with(".metadata.json"))
        database->set_commit_fault(
            [&] { return std::exchange(faulty, false) ? fault : state::CommitFault::kNone; });
      return ok_status();
    });
    static_cast<void>(ingest());
    store.set_fault({});
    stop();
    start();
  }

  std::string index_folder() const { return (folder_ / "index").string(); }
  project::ProjectSpec& spec() { return project_->spec; }

  std::map<std::string, std::string> files;
  std::map<std::string, std::string> released;  ///< Files that were deleted, or where they were moved.
  io::MemoryObjectStore store;
  io::ManualClock clock{1'700'000'000'000'000};
  io::SeededRandom random{7};
  std::ostringstream logged;
  telemetry::Log log{logged, telemetry::Level::kWarning, [] { return std::int64_t{0}; }};
  std::unique_ptr<state::Database> database;
  std::unique_ptr<catalog::Catalog> catalog;
  std::unique_ptr<table::ManifestCache> manifests;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<project::Project> project_;
  std::atomic<std::uint64_t> operations_ = 0;
  std::atomic<bool> power_lost_ = false;
};

}  // namespace tarn::ingest::testing
