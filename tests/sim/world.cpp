#include "sim/world.h"

#include <algorithm>
#include <utility>

#include "io/errors.h"
#include "sim/oracle.h"
#include "state/ledger.h"

namespace tarn::sim {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kHourUs = 3'600'000'000;
// One thread: then landing, parsing and committing follow one another, and all faults come in one order.
constexpr const char* kProject = "project: sim\nlimits:\n  threads: 1\nbatch:\n  max_files: 3\n";

/// The folder that files arrive in.
class Inbox final : public connect::Source {
 public:
  Inbox(std::map<std::string, std::string>& files, Power& power) : files_(files), power_(power) {}
  Result<connect::SourceScan> scan() override {
    connect::SourceScan scan;
    for (const auto& [path, bytes] : files_) scan.complete.push_back({path, bytes.size(), 1, 0});
    return scan;
  }
  Status read(const connect::SourceFile& file, std::string& out) override {
    if (power_.use(false) != Fate::kWorks) return Error(io::kFailed, "reading " + file.path + " (simulated)");
    out = files_.at(file.path);
    return ok_status();
  }
  Status acknowledge(const connect::SourceFile& file, const connect::Release& release) override {
    if (release.after == connect::After::kKeep) return ok_status();
    if (power_.use(false) != Fate::kWorks)
      return Error(io::kFailed, "removing " + file.path + " (simulated)");
    files_.erase(file.path);
    return ok_status();
  }
  Result<bool> wait(std::chrono::milliseconds, std::stop_token) override { return true; }

 private:
  std::map<std::string, std::string>& files_;
  Power& power_;
};

/// Every third lake deletes by deletion vectors.
std::unique_ptr<project::Project> load_project(std::uint64_t seed) {
  std::vector<project::ProjectFile> files = {
      {"tarn.yaml", std::string(kProject) + (seed % 3 == 0 ? "format_version: 3\n" : "")}};
  for (const std::string& contract : contracts())
    files.push_back({"feeds/f" + std::to_string(files.size()) + ".yaml", contract});
  auto outcome = project::load(files, [](std::string_view) { return std::nullopt; });
  TARN_CHECK(outcome.project.has_value());
  return std::make_unique<project::Project>(std::move(*outcome.project));
}

}  // namespace

std::optional<Plant> parse_plant(const std::string& name) {
  if (name == "store-never-syncs") return Plant::kStoreNeverSyncs;
  if (name == "disk-never-syncs") return Plant::kDiskNeverSyncs;
  if (name == "store-loses-writes") return Plant::kStoreLosesWrites;
  return std::nullopt;
}

World::World(std::uint64_t seed, Plant plant, const std::string& folder, std::ostream* trace)
    : dice_(seed),
      power_(dice_),
      random_(seed),
      store_(power_, dice_, clock_),
      vfs_(power_, dice_),
      folder_(folder),
      trace_(trace),
      log_(logged_, telemetry::Level::kWarning, [] { return std::int64_t{0}; }),
      project_(load_project(seed)),
      keeps_copies_(dice_.chance(600)),
      lives_(static_cast<int>(dice_.between(2, 7))),
      senders_(Senders::make(dice_, lives_)) {
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  if (plant == Plant::kStoreNeverSyncs) store_.forget_to_sync();
  if (plant == Plant::kStoreLosesWrites) store_.forget_writes();
  if (plant == Plant::kDiskNeverSyncs) vfs_.forget_to_sync();
}

World::~World() {
  stop();
  fs::remove_all(folder_);
}

void World::say(const std::string& text) const {
  if (trace_ != nullptr) *trace_ << text << "\n";
}

std::vector<std::string> World::run() {
  for (int number = 0; number < lives_ && violations_.empty(); ++number) live(number);
  if (violations_.empty()) live_without_faults();
  return violations_;
}

Power::Plan World::plan_faults() {
  Power::Plan plan;
  if (dice_.chance(200)) return plan;  // all goes well
  const auto up_to = [this](std::int64_t most) { return static_cast<std::uint64_t>(dice_.between(1, most)); };
  if (dice_.chance(300)) plan.fails_per_mille = up_to(20);
  if (dice_.chance(350)) plan.loses_reply_per_mille = up_to(20);
  if (dice_.chance(250)) {
    plan.full_from = up_to(120);
    plan.full_until = plan.full_from + up_to(200);
  }
  if (dice_.chance(450)) plan.dies_at = up_to(160);
  return plan;
}

void World::live(int number) {
  clock_.pass_us(dice_.between(1, kHourUs));
  if (dice_.chance(300)) clock_.jump_us(dice_.between(-2 * kHourUs, 2 * kHourUs));
  for (; delivered_ < senders_.files.size() && senders_.files[delivered_].life <= number; ++delivered_)
    inbox_[senders_.files[delivered_].path] = senders_.files[delivered_].bytes;
  const Power::Plan plan = plan_faults();
  power_.begin_life(plan);
  Status outcome = start();
  ingest::RunReport report;
  if (outcome.ok()) outcome = ingest(report);
  if (outcome.ok() && dice_.chance(500)) outcome = maintain(settings(kHourUs));
  say("life " + std::to_string(number) + ": " + std::to_string(power_.operations()) + " operations, " +
      std::to_string(power_.faults()) + " faults: " + (outcome.ok() ? "done" : outcome.error().to_string()));
  stop();
  if (!outcome.ok() && power_.faults() == 0)
    violations_.push_back("an error without a fault: " + outcome.error().to_string());
  if (!power_.is_on()) lose(dice_.chance(600));
  if (violations_.empty() && dice_.chance(300)) spoil_index();
}

void World::lose(bool power) {
  say(power ? "the power was cut" : "the process was killed");
  if (power) {
    store_.lose_power();
    vfs_.lose_power();
  }
  // The memory that connections share is gone with them.
  fs::remove(folder_ / "tarn.db-shm");
}

void World::spoil_index() {
  // The index is a cache: lost, or of an older time.
  const fs::path index = folder_ / "index";
  const fs::path kept = folder_ / "index-kept";
  if (fs::exists(kept) && dice_.chance(500)) {
    fs::remove_all(index);
    fs::copy(kept, index, fs::copy_options::recursive);
    say("the index is an older one");
    return;
  }
  fs::remove_all(kept);
  if (fs::exists(index)) fs::copy(index, kept, fs::copy_options::recursive);
  if (!dice_.chance(300)) return;
  fs::remove_all(index);
  say("the index is lost");
}

Status World::start() {
  TARN_ASSIGN_OR_RETURN(database_,
                        state::Database::open((folder_ / "tarn.db").string(), state::OpenMode::kReadWrite));
  catalog_ = std::make_unique<catalog::Catalog>(*database_, store_, clock_, random_, "file:///lake");
  manifests_ = std::make_unique<table::ManifestCache>(store_);
  return ok_status();
}

void World::stop() {
  manifests_.reset();
  catalog_.reset();
  database_.reset();
}

Status World::ingest(ingest::RunReport& report) {
  std::vector<ingest::SourceBinding> sources;
  sources.push_back({.name = "in",
                     .source = std::make_unique<Inbox>(inbox_, power_),
                     .feeds = {0, 1, 2, 3, 4, 5},
                     .releases = {}});
  if (!keeps_copies_)
    for (const std::size_t feed : sources.front().feeds)
      sources.front().releases[feed] = {connect::After::kDelete, ""};
  TARN_ASSIGN_OR_RETURN(
      const auto pipeline,
      ingest::Pipeline::open({.services = {*database_, *catalog_, store_, clock_, random_, *manifests_},
                              .project = *project_,
                              .sources = std::move(sources),
                              .landing = "file:///landing",
                              .index_folder = (folder_ / "index").string(),
                              .command = "sim",
                              .log = &log_}));
  ingest::Progress progress;
  store_.set_between([this] { maintain_in_between(); });
  auto outcome = pipeline->run_once(progress, {});
  store_.set_between({});
  TARN_ASSIGN_OR_RETURN(report, std::move(outcome));
  return ok_status();
}

maintain::Settings World::settings(std::int64_t grace_us) const {
  maintain::Settings settings = maintain::Settings::of(project_->spec);
  settings.compaction.min_files = 2;
  settings.expiry.max_snapshot_age_ms = kHourUs / 1000;
  settings.orphan_grace_us = grace_us;
  return settings;
}

Status World::maintain(const maintain::Settings& settings) {
  maintain::Maintainer maintainer({*database_, *catalog_, store_, clock_, random_, *manifests_}, settings);
  TARN_ASSIGN_OR_RETURN(const auto tables, catalog_->list_tables());
  for (const TableName& table : tables) TARN_RETURN_IF_ERROR(maintainer.run(table, {}, {}));
  return ok_status();
}

void World::maintain_in_between() {
  if (!power_.is_on() || !dice_.chance(40)) return;
  const auto tables = catalog_->list_tables();
  if (!tables.ok() || tables->empty()) return;
  // Another part of the process commits while a batch is being written. Orphans are left alone: those of the
  // batch are too young, as the grace period has it.
  maintain::Maintainer maintainer({*database_, *catalog_, store_, clock_, random_, *manifests_},
                                  settings(kHourUs));
  const TableName& table = (*tables)[dice_.below(tables->size())];
  const auto report = maintainer.run(table, {.compaction = true, .expiry = true, .orphans = false}, {});
  say("maintained " + table.to_string() + " in between: " +
      (report.ok() ? std::to_string(report->actions.size()) + " actions" : report.error().to_string()));
  if (!report.ok() && power_.faults() == 0)
    violations_.push_back("maintenance failed without a fault: " + report.error().to_string());
}

void World::live_without_faults() {
  ingest::RunReport report;
  const Oracle oracle{senders_, store_, "file:///landing"};
  for (const bool first : {true, false}) {
    clock_.pass_us(kHourUs);
    power_.begin_life({});
    if (first) {
      for (; delivered_ < senders_.files.size(); ++delivered_)
        inbox_[senders_.files[delivered_].path] = senders_.files[delivered_].bytes;
    }
    Status outcome = start();
    if (outcome.ok()) outcome = ingest(report);
    if (outcome.ok() && !first && report.totals.batches + report.totals.files_arrived != 0)
      violations_.push_back("a second run found something to do");
    if (outcome.ok()) violations_ = oracle.check(*database_, *catalog_);
    // Whatever maintenance does, the lake stays the same; and nothing that no table names stays.
    // Files of before a clock was set back are of the future, and young until it has come.
    clock_.pass_us(2 * kHourUs + clock_.behind_us());
    if (outcome.ok() && violations_.empty()) outcome = maintain(settings(0));
    if (outcome.ok() && violations_.empty()) violations_ = oracle.check(*database_, *catalog_);
    if (outcome.ok() && violations_.empty()) violations_ = oracle.check_no_orphans(*catalog_);
    if (!outcome.ok()) violations_.push_back("an error without a fault: " + outcome.error().to_string());
    stop();
    if (!violations_.empty()) return;
  }
}

}  // namespace tarn::sim
