#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "base/result.h"
#include "cli/command_context.h"
#include "cli/render.h"
#include "query/session.h"

namespace tarn::cli {

/// A sink into a file (or standard output) that tells when the disk is full.
class FileSink final : public TextSink {
 public:
  /// Standard output.
  FileSink() = default;
  /// Makes or empties the file. Errors: io.failed, io.denied.
  static Result<std::unique_ptr<FileSink>> create(const std::string& path);
  ~FileSink() override;

  Status write(std::string_view text) override;
  Status close();

 private:
  std::FILE* file_ = stdout;
  std::string name_ = "standard output";
};

/// How the answers of `tarn sql` are shown.
struct AnswerOptions {
  RenderOptions render;
  std::string to;  ///< A file; empty: standard output.
  bool timing = false;
};

/// Runs statements and prints their answers. While one runs, Ctrl-C cancels it instead of ending the program.
class ResultPrinter {
 public:
  ResultPrinter(CommandContext& context, query::Session& session) : context_(context), session_(session) {}

  /// Runs every statement of the script in order, up to the first error.
  Status run_script(const std::string& script, const query::RunOptions& run, const AnswerOptions& answer);

 private:
  Status run_statement(const query::StatementText& statement, const query::RunOptions& run,
                       const AnswerOptions& answer, TextSink& sink);

  CommandContext& context_;
  query::Session& session_;
};

}  // namespace tarn::cli
