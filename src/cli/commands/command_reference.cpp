#include "cli/commands/command_reference.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <system_error>

#include "cli/commands/reference_pages.h"
#include "cli/errors.h"
#include "io/errors.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

struct ReferenceOptions {
  std::string write;
  std::string check;
};

Status write_pages(const std::vector<ReferencePage>& pages, const fs::path& folder) {
  std::error_code failed;
  fs::create_directories(folder, failed);
  for (const ReferencePage& page : pages) {
    std::ofstream file(folder / page.file, std::ios::binary | std::ios::trunc);
    file << page.text;
    file.close();
    if (!file) return Error(io::kFailed, fmt::format("cannot write {}", (folder / page.file).string()));
  }
  return ok_status();
}

Status check_pages(const std::vector<ReferencePage>& pages, const fs::path& folder) {
  std::string stale;
  for (const ReferencePage& page : pages) {
    std::ifstream file(folder / page.file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (text != page.text) stale += (stale.empty() ? "" : ", ") + page.file;
  }
  if (stale.empty()) return ok_status();
  return Error(kStale, fmt::format("not what the code says: {}", stale))
      .with_hint(fmt::format("run `tarn reference --write {}`", folder.string()));
}

}  // namespace

void add_reference_command(CLI::App& app, CommandContext& context) {
  auto options = std::make_shared<ReferenceOptions>();
  CLI::App* command = app.add_subcommand("reference", "Print, write or check the generated reference pages");
  command->group("");  // Not in the help: it is for those who work on Tarn.
  command->add_option("--write", options->write, "Write the pages into a folder")->type_name("DIR");
  command->add_option("--check", options->check, "Fail when the pages in a folder are stale")
      ->type_name("DIR");
  command->footer(
      "Examples:\n  tarn reference --write docs/reference\n  tarn reference --check docs/reference");
  context.on_run(*command, [&app, &context, options]() -> Result<int> {
    const std::vector<ReferencePage> pages = reference_pages(app);
    if (!options->write.empty()) TARN_RETURN_IF_ERROR(write_pages(pages, options->write));
    if (!options->check.empty()) TARN_RETURN_IF_ERROR(check_pages(pages, options->check));
    if (options->write.empty() && options->check.empty()) {
      for (const ReferencePage& page : pages) TARN_RETURN_IF_ERROR(context.print(page.text));
    }
    return kExitDone;
  });
}

}  // namespace tarn::cli
