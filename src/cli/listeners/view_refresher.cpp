#include "cli/listeners/view_refresher.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <utility>

#include "catalog/if_present.h"
#include "engine/source_place.h"
#include "query/lexer.h"

namespace tarn::cli {
namespace {

constexpr std::chrono::seconds kInterval(1);
/// A name that was dropped may be a materialized view's the next time.
constexpr std::int64_t kLookAtAllMs = 30'000;
/// How long a refresh may take of the time: one part of so many.
constexpr std::int64_t kPart = 10;
constexpr std::int64_t kFirstRetryMs = 10'000;
constexpr std::int64_t kLastRetryMs = 600'000;

}  // namespace

ViewRefresher::ViewRefresher(const ServedSessions& sessions, io::Clock& clock, telemetry::Log& log)
    : sessions_(sessions), clock_(clock), log_(log), policy_(sessions.policy()) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

ViewRefresher::~ViewRefresher() {
  thread_.request_stop();
  const std::lock_guard lock(mutex_);
  if (running_ != nullptr) running_->interrupt();
}

void ViewRefresher::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  bool is_failing = false;
  while (!stopped.wait_for(lock, stop, kInterval, [&] { return stop.stop_requested(); })) {
    const Status looked = look(stop);
    if (!looked.ok() && !is_failing) log_.error("views.not_refreshed", looked.error(), {});
    is_failing = !looked.ok();
  }
}

Status ViewRefresher::look(const std::stop_token& stop) {
  if (auto policy = sessions_.policy(); policy != policy_) {
    policy_ = std::move(policy);
    for (auto& [name, view] : views_) view.rights_changed = true;
  }
  if (now_ms() >= all_due_ms_) {
    tables_.clear();
    all_due_ms_ = now_ms() + kLookAtAllMs;
  }
  TARN_ASSIGN_OR_RETURN(const std::vector<TableName> names, sessions_.lake().catalog.list_tables());
  std::erase_if(views_, [&](const auto& one) { return !std::ranges::binary_search(names, one.first); });
  for (const TableName& name : names) {
    if (stop.stop_requested()) return ok_status();
    if (!tables_.contains(name)) TARN_RETURN_IF_ERROR(look_at(name));
  }
  return ok_status();
}

Status ViewRefresher::look_at(const TableName& name) {
  const query::Lake& lake = sessions_.lake();
  TARN_ASSIGN_OR_RETURN(const auto table, catalog::if_present(lake.load_table(name)));
  if (!table) return ok_status();
  const auto view = query::materialized_view(*table->metadata);
  if (!view) {
    tables_.insert(name);
    return ok_status();
  }
  View& state = views_[name];
  if (view->refresh.kind == query::RefreshRule::Kind::kManual || now_ms() < state.due_ms) return ok_status();
  if (state.failures == 0 && view->refresh.kind == query::RefreshRule::Kind::kEvery &&
      clock_.now_us() / 1000 - view->refreshed_ms < view->refresh.every_ms)
    return ok_status();
  TARN_ASSIGN_OR_RETURN(const bool is_current, query::is_current(*view, *table->metadata, lake));
  if (!is_current || state.rights_changed) refresh(name, *view, state);
  return ok_status();
}

void ViewRefresher::refresh(const TableName& name, const query::MaterializedView& view, View& state) {
  const std::int64_t begun = now_ms();
  const Status done = run_refresh(name, view.maker);
  const std::int64_t took = now_ms() - begun;
  if (done.ok()) {
    state = {.due_ms = now_ms() + took * (kPart - 1)};
    return;
  }
  state.due_ms = now_ms() + std::min(kLastRetryMs, kFirstRetryMs << std::min(state.failures++, 6));
  log_.error("view.not_refreshed", done.error(), {{"view", name.to_string()}, {"attempt", state.failures}});
}

Status ViewRefresher::run_refresh(const TableName& name, const std::string& maker) {
  TARN_ASSIGN_OR_RETURN(const auto session, sessions_.open_as(maker, "refresh"));
  const auto note = [this](query::Session* running) {
    const std::lock_guard lock(mutex_);
    running_ = running;
    return !thread_.get_stop_token().stop_requested();
  };
  if (!note(session.get())) {
    note(nullptr);
    return ok_status();
  }
  const std::string script =
      fmt::format("REFRESH MATERIALIZED VIEW {}.{}", engine::quote_identifier(name.schema),
                  engine::quote_identifier(name.name));
  const auto rows = session->run(query::split_statements(script).front(), {});
  const bool goes_on = note(nullptr);
  return rows.ok() || !goes_on ? ok_status() : Status(rows.error());
}

}  // namespace tarn::cli
