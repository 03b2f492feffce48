#include "cli/access/command_access.h"

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "base/civil_time.h"
#include "base/scram.h"
#include "cli/access/on_record.h"
#include "cli/errors.h"
#include "state/access/access_rules.h"

namespace tarn::cli {
namespace {

/// PostgreSQL's own default since version 10.
constexpr int kIterations = 4096;

/// Keeps a terminal from showing what is typed.
class HiddenTyping {
 public:
  HiddenTyping() : is_terminal_(::tcgetattr(0, &before_) == 0) {
    if (!is_terminal_) return;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(0, TCSAFLUSH, &hidden);
  }
  ~HiddenTyping() {
    if (is_terminal_) ::tcsetattr(0, TCSAFLUSH, &before_);
  }
  HiddenTyping(const HiddenTyping&) = delete;
  HiddenTyping& operator=(const HiddenTyping&) = delete;

 private:
  termios before_{};
  bool is_terminal_;
};

Result<int> run_password(CommandContext& context) {
  if (context.err().is_tty && ::isatty(0) == 1) context.note("the password, then Enter:");
  std::string password;
  {
    const HiddenTyping hidden;
    std::getline(std::cin, password);
  }
  if (password.empty()) return Error(kUsage, "the password on standard input is empty");
  const std::array<std::uint8_t, 16> salt = context.random().bytes16();
  const std::string_view bytes(reinterpret_cast<const char*>(salt.data()), salt.size());
  TARN_RETURN_IF_ERROR(context.print(to_string(make_scram_verifier(password, bytes, kIterations)) + "\n"));
  return kExitDone;
}

/// What SQL said, in the form of access/*.yaml, which JSON is, too.
Result<int> run_show(CommandContext& context) {
  TARN_RETURN_IF_ERROR(check_state(context));
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const state::AccessRules rules, state::access_rules(*database));
  if (rules.document.empty()) {
    context.note("nothing was said by SQL: CREATE USER and GRANT in `tarn sql` do");
    return kExitDone;
  }
  auto shown = nlohmann::json::parse(rules.document);
  for (nlohmann::json& user : shown["users"]) {
    if (user.contains("password")) user["password"] = "***";
  }
  TARN_RETURN_IF_ERROR(context.print(shown.dump(2) + "\n"));
  context.note(fmt::format("revision {}, {} by {}", rules.revision, format_timestamp_utc(rules.changed_at_us),
                           rules.changed_by));
  return kExitDone;
}

}  // namespace

void add_access_command(CLI::App& app, CommandContext& context) {
  CLI::App* group = app.add_subcommand("access", "Who may see what, by access/*.yaml and by SQL");
  group->require_subcommand(1);
  CLI::App* password =
      group->add_subcommand("password", "Make the verifier of a password from standard input");
  password->footer(
      "It goes into `password:` of a user in access/*.yaml. The password cannot be read from it, but guessed "
      "by\n"
      "whoever has it: give the file to its readers only, or take the verifier from the environment, "
      "`${NAME}`.\n\n"
      "Examples:\n  tarn access password < password.txt");
  context.on_run(*password, [&context] { return run_password(context); });
  CLI::App* show = group->add_subcommand("show", "What SQL said of users, roles and rights");
  show->footer(
      "CREATE USER, CREATE ROLE, GRANT and REVOKE add to access/*.yaml. The answer has the form of those "
      "files.\n\n"
      "Examples:\n  tarn access show\n  tarn sql \"GRANT SELECT ON curated.encounter TO clerk\"");
  context.on_run(*show, [&context] { return run_show(context); });
}

}  // namespace tarn::cli
