#include "cli/listeners/command_catalog.h"

#include <condition_variable>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>

#include "cli/commands/ingest_setup.h"
#include "cli/errors.h"
#include "cli/listeners/rest_listener.h"
#include "rest/access_tokens.h"

namespace tarn::cli {
namespace {

constexpr const char* kDefaultListen = "127.0.0.1:8181";

Result<int> run_catalog_serve(CommandContext& context, std::string listen) {
  const StopOnSignal stop;
  telemetry::Log log = log_to_stderr(telemetry::Level::kInfo);
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const settings, context.settings());
  if (listen.empty()) listen = settings->listeners.rest.listen;
  if (listen.empty()) listen = kDefaultListen;
  TARN_ASSIGN_OR_RETURN(const auto listener, RestListener::start(context, listen, log));
  TARN_RETURN_IF_ERROR(context.print(listener->uri() + "\n"));
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, stop.token(), [] { return false; });
  listener->stop();
  log.info("rest.stopped", {});
  return kExitDone;
}

Result<int> run_catalog_secret(CommandContext& context) {
  if (context.err().is_tty) context.note("the secret, then Enter:");
  std::string secret;
  std::getline(std::cin, secret);
  if (secret.empty()) return Error(kUsage, "the secret on standard input is empty");
  TARN_RETURN_IF_ERROR(context.print(rest::hash_secret(secret, context.random()) + "\n"));
  return kExitDone;
}

}  // namespace

void add_catalog_command(CLI::App& app, CommandContext& context) {
  CLI::App* group = app.add_subcommand("catalog", "Offer the tables to other engines");
  group->require_subcommand(1);
  CLI::App* serve = group->add_subcommand("serve", "Answer as an Iceberg REST catalog, until stopped");
  auto listen = std::make_shared<std::string>();
  serve->add_option("--listen", *listen, "IP address and port; default: tarn.yaml's, else 127.0.0.1:8181")
      ->type_name("ADDRESS:PORT");
  serve->footer(
      "Spark, Trino, PyIceberg and DuckDB read and write the project's tables at the address that is "
      "printed.\n"
      "Beyond 127.0.0.1 `listeners.rest` of tarn.yaml must name a certificate (`tls`) and who may ask.\n"
      "`tarn serve` does the same besides ingesting when tarn.yaml has `listeners: {rest: {listen: …}}`.\n\n"
      "Examples:\n  tarn catalog serve\n  tarn catalog serve --listen 127.0.0.1:0");
  context.on_run(*serve, [&context, listen] { return run_catalog_serve(context, *listen); });
  CLI::App* secret =
      group->add_subcommand("secret", "Hash a client's secret from standard input, for tarn.yaml");
  secret->footer("Examples:\n  tarn catalog secret < secret.txt");
  context.on_run(*secret, [&context] { return run_catalog_secret(context); });
}

}  // namespace tarn::cli
