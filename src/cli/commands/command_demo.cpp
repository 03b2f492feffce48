#include "cli/commands/command_demo.h"

#include <fmt/format.h>

#include <memory>

#include "base/size.h"
#include "cli/errors.h"
#include "cli/progress/progress_bar.h"
#include "workload/workload.h"

namespace tarn::cli {
namespace {

struct MakeOptions {
  workload::WorkloadOptions workload;
  std::string folder;
  std::string truth;
  std::string defects = "typical";
};

Result<int> run_make(CommandContext& context, MakeOptions& options) {
  options.workload.folder = options.folder;
  options.workload.truth_file = options.truth;
  if (options.defects == "none")
    options.workload.defects = workload::no_defects();
  else if (options.defects == "all")
    options.workload.defects = workload::all_defects();
  else
    options.workload.defects = workload::typical_defects();
  ProgressBar bar(context.clock(), context.err(),
                  {.label = "make", .unit = "zips", .total = options.workload.zips});
  TARN_ASSIGN_OR_RETURN(
      const workload::WorkloadReport report,
      workload::make_workload(options.workload, [&bar](const workload::WorkloadProgress& progress) {
        bar.set_total(progress.total);
        bar.update(progress.done);
      }));
  bar.finish();
  Grid grid({{"zips", Align::kRight},
             {"resent", Align::kRight},
             {"data files", Align::kRight},
             {"records", Align::kRight},
             {"zipped", Align::kRight},
             {"raw", Align::kRight},
             {"defects", Align::kRight},
             {"truth"}});
  grid.number(static_cast<std::int64_t>(report.files))
      .number(static_cast<std::int64_t>(report.duplicates))
      .number(static_cast<std::int64_t>(report.members))
      .number(static_cast<std::int64_t>(report.records))
      .size_bytes(report.zipped_bytes)
      .size_bytes(report.raw_bytes)
      .number(static_cast<std::int64_t>(report.defects))
      .text(report.truth_file.string())
      .end_row();
  RenderOptions render_options = context.render_options();
  render_options.footer = false;
  TARN_RETURN_IF_ERROR(context.print(render(grid, render_options)));
  return kExitDone;
}

}  // namespace

void add_demo_command(CLI::App& app, CommandContext& context) {
  CLI::App* demo = app.add_subcommand("demo", "Make demonstration data");
  demo->require_subcommand(1);
  CLI::App* command =
      demo->add_subcommand("make", "Write what a hospital's facilities would send, and the truth about it");
  command->footer(
      "The same seed gives the same bytes. The truth file says what a correct lake holds after ingesting the "
      "folder.\n\n"
      "Examples:\n  tarn demo make inbox --zips 300\n  tarn demo make inbox --zips 1000 --seed 7 --defects "
      "all --truth truth.json");
  auto options = std::make_shared<MakeOptions>();
  workload::WorkloadOptions& workload = options->workload;
  workload.zips = 300;
  command->add_option("folder", options->folder, "The drop folder to write to")->required();
  command->add_option("--zips", workload.zips, "How many zips; a day of the mission has 77,000")
      ->capture_default_str();
  command->add_option("--large", workload.large, "How many zips of about 40 MB on top")
      ->capture_default_str();
  command->add_option("--seed", workload.seed, "Same seed, same bytes")->capture_default_str();
  command->add_option("--facilities", workload.facilities,
                      "How many facilities send; default: in proportion to the zips");
  command->add_option("--patients", workload.patients,
                      "How many patients there are; default: 100 for each zip");
  command->add_option("--days", workload.days, "How many days the records cover")->capture_default_str();
  command->add_option("--first-day", workload.first_day, "The first of them")->capture_default_str();
  command->add_option("--resends", workload.resend_share, "Share of zips that come again under another name")
      ->capture_default_str();
  command
      ->add_option("--corrections", workload.correction_share, "Share of records that come again, corrected")
      ->capture_default_str();
  command->add_option("--defects", options->defects, "Which defects to plant")
      ->check(CLI::IsMember({"none", "typical", "all"}))
      ->capture_default_str();
  command->add_option("--truth", options->truth,
                      "Where the truth goes; default: truth.json beside the folder");
  add_output_option(*command, context);
  context.on_run(*command, [&context, options] { return run_make(context, *options); });
}

}  // namespace tarn::cli
