#include "cli/commands/command_discover.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "discover/propose.h"
#include "format/archive.h"
#include "io/errors.h"
#include "io/posix_error.h"

namespace tarn::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxTextMib = 4096;
constexpr std::uint64_t kMaxArchiveBytes = std::uint64_t{1} << 30;

struct DiscoverOptions {
  std::vector<std::string> files;
  std::string to;
  std::string feed;
  std::string members;
  std::uint64_t max_mib = 16;
  std::uint64_t max_records = 20'000;
};

/// The beginning of a plain file, or an archive as a whole: its directory stands at its end.
Result<std::string> read_sample(const std::string& path, std::uint64_t text_bytes) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return io::posix_error(errno, "open", path);
  const auto read_to = [&in](std::string& bytes, std::uint64_t limit) {
    const std::size_t before = bytes.size();
    bytes.resize(limit);
    in.read(bytes.data() + before, static_cast<std::streamsize>(limit - before));
    bytes.resize(before + static_cast<std::size_t>(in.gcount()));
  };
  std::error_code failed;
  const std::uint64_t size = fs::file_size(path, failed);
  if (failed) return io::posix_error(failed.value(), "read", path);
  std::string bytes;
  read_to(bytes, std::min<std::uint64_t>(size, 4096));
  const auto kind = format::detect_archive(bytes);
  const bool is_packed = kind == format::ArchiveKind::kZip || kind == format::ArchiveKind::kGzip;
  if (is_packed && size > kMaxArchiveBytes) {
    return Error(io::kFailed, fmt::format("{} is too large for a sample", path))
        .with_hint("name a smaller archive of the same kind");
  }
  // One byte more than is looked at, so that a cut text is known to be one. XML is only read whole.
  const bool is_xml = bytes.find('<') != std::string::npos && bytes.find('<') < 8;
  const std::uint64_t wanted =
      is_packed || is_xml ? std::min(size, kMaxArchiveBytes) : std::min(size, text_bytes + 1);
  if (bytes.size() < wanted) read_to(bytes, wanted);
  if (in.bad()) return Error(io::kFailed, "cannot read " + path);
  return bytes;
}

/// The folder below the project that the samples lie in, else `inbox`.
std::string source_folder(CommandContext& context, const std::string& file) {
  const Result<fs::path> project = context.project_folder();
  if (!project.ok()) return "inbox";
  std::error_code failed;
  const fs::path inside = fs::absolute(file, failed).lexically_normal().lexically_relative(*project);
  const bool is_below = !failed && !inside.empty() && *inside.begin() != ".." &&
                        std::distance(inside.begin(), inside.end()) > 1;
  return is_below ? inside.begin()->string() : "inbox";
}

Result<int> run_discover(CommandContext& context, const DiscoverOptions& options) {
  discover::ProposeOptions propose;
  propose.feed =
      options.feed.empty() && !options.to.empty() ? fs::path(options.to).stem().string() : options.feed;
  propose.members = options.members;
  propose.folder = source_folder(context, options.files.front());
  propose.max_bytes = options.max_mib << 20;
  propose.max_records = options.max_records;
  std::vector<std::string> bytes;
  for (const std::string& file : options.files) {
    TARN_ASSIGN_OR_RETURN(std::string read, read_sample(file, propose.max_bytes));
    bytes.push_back(std::move(read));
  }
  std::vector<discover::SampleFile> samples;
  for (std::size_t i = 0; i < bytes.size(); ++i) samples.push_back({options.files[i], bytes[i]});
  TARN_ASSIGN_OR_RETURN(const discover::Proposal proposal, discover::propose(samples, propose));
  if (options.to.empty()) {
    TARN_RETURN_IF_ERROR(context.print(proposal.yaml));
    return kExitDone;
  }
  const std::string target = fs::absolute(options.to).lexically_normal().string();
  Status written = context.store().write(target, proposal.yaml, io::IfExists::kFail);
  if (!written.ok() && written.error().name() == io::kExists.name) {
    return Error(io::kExists, fmt::format("{} exists and is not overwritten", options.to))
        .with_hint("name another file, or remove it first");
  }
  TARN_RETURN_IF_ERROR(std::move(written));
  TARN_RETURN_IF_ERROR(
      context.print(fmt::format("{}: {} columns for {}. Read it through, then `tarn check`.\n", options.to,
                                proposal.feed.columns.size(), proposal.feed.table->to_string())));
  return kExitDone;
}

}  // namespace

void add_discover_command(CLI::App& app, CommandContext& context) {
  CLI::App* command =
      app.add_subcommand("discover", "Propose a contract from sample files: CSV, fixed width, XML");
  command->footer(
      "Reads plain files, gzip and zip. Of a zip, the members that are alike are taken: the largest such "
      "group,\n"
      "or those that --members names. What is unsure is said in comments; the contract passes `tarn "
      "check`.\n\n"
      "Examples:\n  tarn discover inbox/admissions.csv\n  tarn discover inbox/*.zip --members 'adt/*.xml' "
      "--to "
      "feeds/admissions.yaml");
  auto options = std::make_shared<DiscoverOptions>();
  command->add_option("files", options->files, "Samples of one kind")->required()->check(CLI::ExistingFile);
  command
      ->add_option("--to", options->to,
                   "Write the contract here instead of standard output; never overwrites")
      ->type_name("FILE");
  command->add_option("--feed", options->feed, "The feed's name; default: from --to, or the samples' names")
      ->type_name("NAME");
  command->add_option("--members", options->members, "Members of the zips to look at")->type_name("GLOB");
  command->add_option("--max-mib", options->max_mib, "MiB of text to look at")
      ->check(CLI::Range(std::uint64_t{1}, kMaxTextMib))
      ->capture_default_str();
  command->add_option("--max-records", options->max_records, "Records to look at")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{10'000'000}))
      ->capture_default_str();
  context.on_run(*command, [&context, options] { return run_discover(context, *options); });
}

}  // namespace tarn::cli
