#include "cli/audit/command_audit.h"

#include <fmt/format.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>

#include "base/size.h"
#include "cli/audit/audit_head_file.h"
#include "cli/errors.h"
#include "cli/tables/command_table.h"
#include "io/errors.h"
#include "state/audit/audit_chain.h"

namespace tarn::cli {
namespace {

struct VerifyOptions {
  std::int64_t from = 1;
  std::string head;
};

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) return Error(io::kNotFound, fmt::format("cannot read {}", path));
  return text;
}

Result<int> run_verify(CommandContext& context, const VerifyOptions& options) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  state::AuditVerification wanted{.from = options.from};
  if (!options.head.empty()) {
    TARN_ASSIGN_OR_RETURN(const std::string text, read_text(options.head));
    TARN_ASSIGN_OR_RETURN(wanted.kept, read_head(text));
  }
  TARN_ASSIGN_OR_RETURN(const state::AuditHead head, state::verify_audit(*database, wanted));
  std::string text =
      fmt::format("{} records, an unbroken chain to {}\n", format_count(head.sequence), head.hash.hex());
  if (wanted.kept) text += fmt::format("record {} is the one whose head was kept\n", wanted.kept->sequence);
  TARN_RETURN_IF_ERROR(context.print(text));
  return kExitDone;
}

Result<int> run_head(CommandContext& context, const std::string& path) {
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const state::AuditHead head, state::audit_head(*database));
  const std::string text = write_head(head);
  if (!path.empty()) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text << std::flush;
    if (!file)
      return Error(io::kFailed,
                   fmt::format("cannot write {}: {}", path, std::generic_category().message(errno)));
  }
  TARN_RETURN_IF_ERROR(context.print(text));
  return kExitDone;
}

struct SearchOptions {
  state::AuditFilter filter;
  std::string since;
  std::string until;
};

/// "6h" is that long ago; "2026-01-31", "2026-01-31T12:00:00" are moments in UTC.
Result<std::optional<std::int64_t>> moment_us(CommandContext& context, const std::string& text) {
  if (text.empty()) return std::optional<std::int64_t>();
  if (const auto ago_ms = parse_duration_ms(text))
    return std::optional(context.clock().now_us() - *ago_ms * 1000);
  TARN_ASSIGN_OR_RETURN(const std::int64_t time_ms, utc_time_ms(text));
  return std::optional(time_ms * 1000);
}

Result<int> run_search(CommandContext& context, SearchOptions options) {
  TARN_ASSIGN_OR_RETURN(options.filter.since_us, moment_us(context, options.since));
  TARN_ASSIGN_OR_RETURN(options.filter.until_us, moment_us(context, options.until));
  TARN_ASSIGN_OR_RETURN(state::Database* const database, context.database(state::OpenMode::kReadOnly));
  TARN_ASSIGN_OR_RETURN(const auto entries, state::search_audit(*database, options.filter));
  Grid grid({{"sequence", Align::kRight},
             {"time"},
             {"user"},
             {"door"},
             {"event"},
             {"outcome"},
             {"rows", Align::kRight},
             {"ms", Align::kRight},
             {"tables"},
             {"statement"},
             {"columns"},
             {"policy"},
             {"roles"},
             {"peer"},
             {"application"},
             {"session"}});
  const auto number = [&grid](const std::optional<std::int64_t>& value) {
    if (value)
      grid.number(*value);
    else
      grid.null();
  };
  for (const state::AuditEntry& entry : entries) {
    const state::AuditRecord& record = entry.record;
    const state::AuditRecord& end = entry.end ? *entry.end : record;
    grid.number(record.sequence).timestamp_us(record.at_us).text_or_null(record.actor.user);
    grid.text(record.actor.door).text(record.event).text(entry.outcome());
    number(end.rows);
    number(end.duration_ms);
    grid.text_or_null(end.tables.empty() ? record.tables : end.tables).text_or_null(record.statement);
    grid.text_or_null(record.columns).text_or_null(record.policy).text_or_null(record.actor.roles);
    grid.text_or_null(record.actor.peer).text_or_null(record.actor.application);
    grid.text_or_null(record.actor.session).end_row();
  }
  TARN_RETURN_IF_ERROR(context.print(render(grid, context.render_options())));
  return kExitDone;
}

void add_search(CLI::App& group, CommandContext& context) {
  CLI::App* search = group.add_subcommand("search", "Who did what: one line a statement, request or login");
  auto options = std::make_shared<SearchOptions>();
  search->add_option("--user", options->filter.user, "Only of this user");
  search->add_option("--table", options->filter.table, "Only what is about this table: `curated.encounter`");
  search->add_option("--since", options->since, "Not before then: a time (UTC), or an age: 15m, 6h, 7d")
      ->type_name("TIME");
  search->add_option("--until", options->until, "Not after then")->type_name("TIME");
  search->add_option("--outcome", options->filter.outcome,
                     "`done`, `unfinished`, `open` (it runs, or the process died), or an error's code");
  search->add_option("--door", options->filter.door, "Only by this way: cli, postgres, flight or rest");
  search->add_option("--limit", options->filter.limit, "How many at most")
      ->check(at_least_one())
      ->capture_default_str();
  add_output_option(*search, context);
  search->footer(
      "Newest first. The same, with every record by itself, is `ops.audit` in SQL.\n\n"
      "Examples:\n  tarn audit search --table curated.encounter --since 7d\n"
      "  tarn audit search --user ann --outcome sql.not_allowed --output json");
  context.on_run(*search, [&context, options] { return run_search(context, *options); });
}

}  // namespace

void add_audit_command(CLI::App& app, CommandContext& context) {
  CLI::App* group = app.add_subcommand("audit", "Who read what: the chain of records, and that it is whole");
  group->require_subcommand(1);
  CLI::App* verify = group->add_subcommand("verify", "Check that no record was changed, removed or inserted");
  auto verification = std::make_shared<VerifyOptions>();
  verify->add_option("--from", verification->from, "Take the records before this one as they are")
      ->check(at_least_one())
      ->type_name("N");
  verify->add_option("--head", verification->head, "A head of before: the chain must have passed it")
      ->type_name("FILE");
  verify->footer(
      "Says the first record that is wrong, and ends with 1 then. A chain that was cut at its end, or made "
      "anew,\ncan be told only with a head that was kept elsewhere.\n\n"
      "Examples:\n  tarn audit verify\n  tarn audit verify --head /mnt/safe/audit-head.json");
  context.on_run(*verify, [&context, verification] { return run_verify(context, *verification); });
  CLI::App* head = group->add_subcommand("head", "Show where the chain ends, to be kept elsewhere");
  auto path = std::make_shared<std::string>();
  head->add_option("--write", *path, "Write it into a file, too")->type_name("FILE");
  head->footer("Examples:\n  tarn audit head\n  tarn audit head --write /mnt/safe/audit-head.json");
  context.on_run(*head, [&context, path] { return run_head(context, *path); });
  add_search(*group, context);
}

}  // namespace tarn::cli
