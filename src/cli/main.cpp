#include <stdlib.h>
#include <sys/resource.h>

#include <CLI/CLI.hpp>

#include <clocale>
#include <csignal>

#include "cli/command_context.h"
#include "cli/commands.h"

int main(int argc, char** argv) {
  // Columns grow and go in large pieces, which the system's allocator does not give back: of the allocators
  // that Arrow brings, this one is the fastest here and holds the least.
  ::setenv("ARROW_DEFAULT_MEMORY_POOL", "jemalloc", /*overwrite=*/0);
  std::setlocale(LC_CTYPE, "");
  // Connections, data files and the parts of key indices are open at once; the soft limit is often meant for
  // programs that use select(), which this one does not. Where it cannot be raised, `tarn doctor` says so.
  rlimit files = {};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  // A reader that goes away (`tarn sql … | head`) is an error of writing, not a signal.
  std::signal(SIGPIPE, SIG_IGN);
  tarn::cli::CommandContext context;
  CLI::App app;
  app.name("tarn");
  tarn::cli::add_commands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {  // --help, --version
      app.exit(error);
      return tarn::cli::kExitDone;
    }
    if (const auto unknown = tarn::cli::unknown_word(app))
      context.note(tarn::render_diagnostic(*unknown, context.err().color));
    else
      app.exit(error);
    return tarn::cli::kExitUsage;
  }
  return context.exit_code();
}
