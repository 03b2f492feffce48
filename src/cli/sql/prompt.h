#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command_context.h"
#include "cli/sql/result_printer.h"
#include "query/session.h"

namespace tarn::cli {

/// What `\d`, `\x` … ask for: the letter behind the backslash and the rest of the line.
struct PromptCommand {
  std::string name;
  std::string argument;
};
/// Reads a backslash command; its name is empty when the line is none.
PromptCommand parse_prompt_command(std::string_view line);

/// The interactive prompt of `tarn sql`, until `\q` or the end of input.
class Prompt {
 public:
  Prompt(CommandContext& context, query::Session& session, AnswerOptions answer)
      : context_(context), session_(session), printer_(context, session), answer_(std::move(answer)) {}

  Result<int> run(const std::string& history_file, const query::Parameters& parameters);

 private:
  void execute(const std::string& script, const query::Parameters& parameters);
  /// False when it asks to leave.
  bool obey(const PromptCommand& command);
  std::vector<std::string> complete(std::string_view text);
  void report(const Error& error);

  CommandContext& context_;
  query::Session& session_;
  ResultPrinter printer_;
  AnswerOptions answer_;
};

}  // namespace tarn::cli
