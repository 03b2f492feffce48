#include "cli/commands/command_doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <vector>

#include "base/size.h"
#include "catalog/if_present.h"
#include "cli/errors.h"
#include "cli/health.h"
#include "cli/listeners/rest_listener.h"
#include "cli/machine_facts.h"
#include "ingest/landing_zone.h"
#include "io/object_store.h"
#include "state/batches.h"
#include "state/errors.h"
#include "state/ledger.h"
#include "state/process_lock.h"
#include "table/scan.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

class Doctor {
 public:
  Doctor(CommandContext& context, bool deep) : context_(context), deep_(deep) {}

  /// Every check that can be made; what fails early leaves out what needs it.
  std::vector<Finding> run() {
    add(judge_open_files(open_file_limit()));
    const Result<const project::Project*> project = context_.project();
    if (!project.ok()) {
      add(failed("project", project.error(), "correct what is shown; `tarn check` shows it again"));
      add(judge_clock({.now_us = context_.clock().now_us()}));
      return std::move(findings_);
    }
    add({"project", Health::kOk, fmt::format("{} feeds", (*project)->feeds.size())});
    check_memory((*project)->spec);
    check_folders();
    check_sources(**project);
    check_watches(**project);
    check_zones();
    check_certificate((*project)->spec.listeners.rest.tls);
    check_state();
    return std::move(findings_);
  }

 private:
  void add(Finding finding) { findings_.push_back(std::move(finding)); }

  static Finding failed(std::string check, const Error& error, std::string mend) {
    if (!error.hint().empty()) mend = error.hint();
    return {std::move(check), Health::kFail, fmt::format("{}: {}", error.name(), error.message()),
            std::move(mend)};
  }

  void check_memory(const project::ProjectSpec& spec) {
    add(judge_memory({.limit_bytes = spec.limits.memory,
                      .machine_bytes = machine_memory(),
                      .cgroup_bytes = cgroup_memory()}));
  }

  void check_folders() {
    check_place("warehouse", context_.warehouse());
    check_place("landing", context_.landing());
    const Result<std::string> location = context_.state_location();
    const Result<fs::path> state = context_.state_folder();
    if (!location.ok() || !state.ok()) return;
    if (!check_folder("state", *state)) return;
    const Result<FileSystemFacts> facts = file_system_facts(*state);
    if (facts.ok() && !state::is_server_location(*location)) add(judge_state_file_system(*facts));
  }

  void check_place(const std::string& name, const Result<std::string>& location) {
    if (!location.ok()) {
      add(failed(name, location.error(), fmt::format("correct `{}` in tarn.yaml", name)));
    } else if (project::is_s3_location(*location)) {
      check_bucket(name, *location);
    } else {
      const Result<std::string> path = io::local_path(*location);
      if (path.ok())
        check_folder(name, *path);
      else
        add(failed(name, path.error(), fmt::format("correct `{}` in tarn.yaml", name)));
    }
  }

  void check_bucket(const std::string& name, const std::string& location) {
    const Result<s3::S3ObjectStore*> store = context_.s3();
    if (!store.ok()) return add(failed(name, store.error(), "correct `s3` in tarn.yaml"));
    for (const s3::Trial& trial : (*store)->try_out(location)) {
      const std::string check = fmt::format("{} {}", name, trial.name);
      add(trial.status.ok() ? Finding{check, Health::kOk, trial.outcome}
                            : failed(check, trial.status.error(), "correct `s3` in tarn.yaml"));
    }
  }

  bool check_folder(const std::string& name, const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
      add({name + " folder", Health::kFail,
           fmt::format("{} cannot be made: {}", folder.string(), error.message()),
           "make it, or correct its path in tarn.yaml"});
      return false;
    }
    const Status written = try_writing(folder);
    if (!written.ok()) {
      add(failed(name + " folder", written.error(),
                 fmt::format("let this user write to {}", folder.string())));
      return false;
    }
    add({name + " folder", Health::kOk, folder.string() + " can be written"});
    const Result<FileSystemFacts> facts = file_system_facts(folder);
    if (facts.ok())
      add(judge_space(name + " space", *facts));
    else
      add(failed(name + " space", facts.error(), "look at the disk"));
    return true;
  }

  void check_sources(const project::Project& project) {
    std::set<std::string> missing;
    std::set<std::string> folders;
    for (const project::FeedSpec& feed : project.feeds) {
      std::error_code error;
      const Result<fs::path> path = context_.resolve(*feed.source.folder);
      if (!path.ok()) continue;
      folders.insert(path->string());
      if (!fs::is_directory(*path, error)) missing.insert(path->string());
    }
    if (missing.empty()) {
      add({"source folders", Health::kOk, fmt::format("all {} are there", folders.size())});
    } else {
      add({"source folders", Health::kWarn,
           fmt::format("{} of {} are not there, {} first", missing.size(), folders.size(), *missing.begin()),
           "correct the name, make the folder, or mount it; `tarn ingest` would make it"});
    }
  }

  void check_watches(const project::Project& project) {
    const std::optional<std::uint64_t> watches = inotify_watches();
    if (!watches) {
      add({"folder watches", Health::kWarn, "the limit cannot be read",
           "look at the sysctl fs.inotify.max_user_watches"});
      return;
    }
    std::set<std::string> folders;
    for (const project::FeedSpec& feed : project.feeds) folders.insert(*feed.source.folder);
    std::uint64_t count = 0;
    for (const std::string& folder : folders) {
      const Result<fs::path> path = context_.resolve(folder);
      if (path.ok()) count += count_folders(*path, *watches + 1);
    }
    add(judge_watches({.watches = *watches, .folders = count}));
  }

  void check_zones() {
    std::error_code error;
    const bool there = fs::exists("/usr/share/zoneinfo/Europe/Berlin", error);
    if (there)
      add({"time zones", Health::kOk, "the zone data are there"});
    else
      add({"time zones", Health::kWarn, "/usr/share/zoneinfo is not there",
           "install the package tzdata for feeds that name a `timezone`"});
  }

  void check_state() {
    const Result<state::Database*> database = context_.database(state::OpenMode::kReadOnly);
    if (!database.ok()) {
      add(judge_clock({.now_us = context_.clock().now_us()}));
      if (database.error().name() == state::kNotFound.name)
        add({"ledger", Health::kOk, "nothing was ingested yet"});
      else
        add(failed("ledger", database.error(), std::string(database.error().code().mend)));
      return;
    }
    const bool is_held = check_lock(**database);
    check_newest(**database);
    if (deep_) check_integrity(**database);
    check_pending(**database, is_held);
    check_batches(**database, is_held);
    check_tables();
  }

  /// Whether a process holds it.
  bool check_lock(state::Database& database) {
    const auto holder = state::ProcessLock::holder(database);
    if (!holder.ok()) {
      add(failed("lock", holder.error(), "look at tarn.lock beside the state file, or at the server"));
      return false;
    }
    add({"lock", Health::kOk,
         *holder ? fmt::format("held by `{}`, process {}{}", (*holder)->command, (*holder)->pid,
                               (*holder)->host.empty() ? "" : " on " + (*holder)->host)
                 : "nobody holds it"});
    return holder->has_value();
  }

  void check_certificate(const project::TlsSpec& spec) {
    const Result<fs::path> folder = context_.project_folder();
    if (spec.certificate.empty() || !folder.ok()) return;
    const auto loaded = net::TlsCertificate::load(tls_files(spec, *folder));
    if (!loaded.ok())
      return add(failed("certificate", loaded.error(), "correct `listeners.rest.tls` in tarn.yaml"));
    add(judge_certificate((*loaded)->expires_s(), context_.clock().now_us()));
  }

  void check_newest(state::Database& database) {
    const auto newest = state::list_arrivals(database, {.limit = 1});
    if (!newest.ok()) return add(failed("ledger", newest.error(), "restore the state from a copy"));
    ClockFacts facts{.now_us = context_.clock().now_us()};
    if (!newest->empty()) facts.newest_us = newest->front().landed_at_us;
    add(judge_clock(facts));
  }

  void check_integrity(state::Database& database) {
    const Status checked = database.check_integrity();
    if (checked.ok())
      add({"ledger", Health::kOk, "whole, and its totals add up"});
    else
      add(failed("ledger", checked.error(), "restore the state from a copy; the lake itself is not touched"));
  }

  void check_pending(state::Database& database, bool is_held) {
    constexpr std::size_t kLimit = 100'000;
    const auto arrivals = state::pending(database, "", kLimit);
    if (!arrivals.ok())
      return add(failed("pending files", arrivals.error(), "restore the state from a copy"));
    const Result<std::string> location = context_.landing();
    if (!location.ok()) return;
    const ingest::LandingZone landing(context_.store(), *location);
    std::size_t missing = 0;
    std::string first;
    for (const state::Arrival& arrival : *arrivals) {
      if (!arrival.sha256) continue;
      const auto info = context_.store().stat(landing.location_of(*arrival.sha256));
      if (info.ok() && info->size_bytes == arrival.size_bytes) continue;
      if (missing++ == 0) first = arrival.path;
    }
    if (missing > 0 && !is_held) {
      add({"pending files", Health::kFail,
           fmt::format("{} of {} lack their bytes in the landing zone, {} first", missing, arrivals->size(),
                       first),
           "put the files into their folder again under another name"});
    } else {
      add({"pending files", Health::kOk, fmt::format("{} wait for the next ingest", arrivals->size())});
    }
  }

  void check_batches(state::Database& database, bool is_held) {
    const auto batches = state::unfinished_batches(database);
    if (!batches.ok()) return add(failed("batches", batches.error(), "restore the state from a copy"));
    if (batches->empty() || is_held) {
      add({"batches", Health::kOk, fmt::format("{} unfinished", batches->size())});
      return;
    }
    add({"batches", Health::kWarn,
         fmt::format("{} were cut short and may have left data files", batches->size()),
         "run `tarn ingest`: it removes them"});
  }

  void check_tables() {
    const Result<catalog::Catalog*> catalog = context_.catalog(state::OpenMode::kReadOnly);
    if (!catalog.ok()) return add(failed("tables", catalog.error(), "look at `warehouse` in tarn.yaml"));
    const auto names = (*catalog)->list_tables();
    if (!names.ok()) return add(failed("tables", names.error(), "restore the state from a copy"));
    std::size_t fine = 0;
    std::size_t files = 0;
    for (const TableName& name : *names) {
      const Status read = check_table(**catalog, name, files);
      if (read.ok())
        ++fine;
      else
        add(failed("table " + name.to_string(), read.error(),
                   "bring the file back from a copy of the warehouse"));
    }
    add({"tables", fine == names->size() ? Health::kOk : Health::kFail,
         deep_ ? fmt::format("{} of {} readable, {} data files looked at", fine, names->size(), files)
               : fmt::format("{} of {} readable (--deep looks at every data file)", fine, names->size()),
         fine == names->size() ? "" : "see the tables above"});
  }

  Status check_table(catalog::Catalog& catalog, const TableName& name, std::size_t& files) {
    TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(catalog.load_table(name)));
    if (!table) return ok_status();
    const iceberg::Snapshot* snapshot = table->metadata->current_snapshot();
    if (snapshot == nullptr) return ok_status();
    TARN_RETURN_IF_ERROR(context_.manifests().manifest_list(*snapshot));
    if (!deep_) return ok_status();
    TARN_ASSIGN_OR_RETURN(const table::Scan scan, table::plan_scan(context_.manifests(), *table->metadata));
    std::set<std::string> seen;
    for (const table::ScanTask& task : scan.tasks) {
      TARN_RETURN_IF_ERROR(check_file(*task.data, seen));
      for (const auto& deletes : task.deletes) TARN_RETURN_IF_ERROR(check_file(*deletes, seen));
    }
    files += seen.size();
    return ok_status();
  }

  Status check_file(const table::LiveFile& live, std::set<std::string>& seen) {
    if (!seen.insert(live.file.file_path).second) return ok_status();
    TARN_ASSIGN_OR_RETURN(const io::ObjectInfo info, context_.store().stat(live.file.file_path));
    if (info.size_bytes == static_cast<std::uint64_t>(live.file.file_size_bytes)) return ok_status();
    return Error(kUnhealthy, fmt::format("{} has {} bytes instead of {}", live.file.file_path,
                                         info.size_bytes, live.file.file_size_bytes));
  }

  CommandContext& context_;
  bool deep_;
  std::vector<Finding> findings_;
};

Result<int> run_doctor(CommandContext& context, bool deep) {
  // Outside a project there is nothing to look at.
  TARN_RETURN_IF_ERROR(context.project_folder());
  const std::vector<Finding> findings = Doctor(context, deep).run();
  Grid grid({{"check"}, {"state"}, {"found"}, {"mend"}});
  for (const Finding& finding : findings) {
    grid.text(finding.check)
        .text(to_string(finding.health))
        .text(finding.found)
        .text_or_null(finding.mend)
        .end_row();
  }
  RenderOptions options = context.render_options();
  options.footer = false;
  TARN_RETURN_IF_ERROR(context.print(render(grid, options)));
  const bool has_failed =
      std::ranges::any_of(findings, [](const Finding& finding) { return finding.health == Health::kFail; });
  return has_failed ? kExitFailed : kExitDone;
}

}  // namespace

void add_doctor_command(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("doctor", "Look the project and its machine over; says how to mend what is wrong");
  command->footer(
      "Exit code 1 when something fails; warnings alone are no failure.\n\n"
      "Examples:\n  tarn doctor\n  tarn doctor --deep --output json");
  auto deep = std::make_shared<bool>(false);
  command->add_flag("--deep", *deep,
                    "Also check the whole ledger, and that every data file is there with its size");
  add_output_option(*command, context);
  context.on_run(*command, [&context, deep] { return run_doctor(context, *deep); });
}

}  // namespace tarn::cli
