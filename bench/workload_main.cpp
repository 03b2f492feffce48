#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/size.h"
#include "workload/workload.h"

/// Makes a workload from the command line, for the benchmarks and for the generator's own tests; people use
/// `tarn demo make`.
int main(int argc, char** argv) {
  tarn::workload::WorkloadOptions options;
  std::string folder = "inbox";
  std::string truth;
  std::string defects = "typical";
  CLI::App app("Makes hospital feeds and the truth about them");
  app.add_option("folder", folder, "Drop folder")->capture_default_str();
  app.add_option("--truth", truth, "Truth file; default: truth.json beside the drop folder");
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_option("--zips", options.zips)->capture_default_str();
  app.add_option("--large", options.large, "Zips of about 40 MB on top");
  app.add_option("--facilities", options.facilities);
  app.add_option("--patients", options.patients);
  app.add_option("--days", options.days)->capture_default_str();
  app.add_option("--resends", options.resend_share)->capture_default_str();
  app.add_option("--corrections", options.correction_share)->capture_default_str();
  app.add_option("--defects", defects)
      ->check(CLI::IsMember({"none", "typical", "all"}))
      ->capture_default_str();
  app.add_option("--compression", options.compression)->capture_default_str();
  app.add_option("--threads", options.threads);
  CLI11_PARSE(app, argc, argv);

  options.folder = folder;
  options.truth_file = truth;
  if (defects == "none") options.defects = tarn::workload::no_defects();
  if (defects == "all") options.defects = tarn::workload::all_defects();
  const auto report = tarn::workload::make_workload(options, {});
  if (!report.ok()) {
    std::fputs(tarn::render_diagnostic(report.error(), false).c_str(), stderr);
    return 1;
  }
  fmt::print(
      "{} zips ({} resent), {} data files, {} records, {} zipped, {} raw, {} defects in {}\ntruth: {}\n",
      tarn::format_count(static_cast<std::int64_t>(report->files)), report->duplicates,
      tarn::format_count(static_cast<std::int64_t>(report->members)),
      tarn::format_count(static_cast<std::int64_t>(report->records)), tarn::format_size(report->zipped_bytes),
      tarn::format_size(report->raw_bytes), report->defects, tarn::format_duration(report->seconds),
      report->truth_file.string());
  return 0;
}
