#include <utility>
#include <vector>

#include "rest/call.h"
#include "rest/errors.h"

namespace tarn::rest {
namespace {

/// How long kept replies are kept: twice the lifetime that clients are told.
constexpr std::int64_t kKeepReplyUs = 60LL * 60 * 1'000'000;

template <typename T>
Result<std::vector<T>> list_from(const JsonView& view, std::string_view key,
                                 Result<T> (*read)(const JsonView& item)) {
  std::vector<T> list;
  const auto items = view.find(key);
  if (!items) return list;
  TARN_RETURN_IF_ERROR(items->expect_array());
  list.reserve(items->size());
  for (std::size_t index = 0; index < items->size(); ++index) {
    const JsonView item = items->element(index);
    TARN_RETURN_IF_ERROR(item.expect_object());
    TARN_ASSIGN_OR_RETURN(T value, read(item));
    list.push_back(std::move(value));
  }
  return list;
}

Result<catalog::TableCommit> commit_from(const JsonView& view, TableName name) {
  catalog::TableCommit commit{.name = std::move(name)};
  TARN_ASSIGN_OR_RETURN(commit.requirements, list_from(view, "requirements", &iceberg::requirement_from));
  TARN_ASSIGN_OR_RETURN(commit.updates, list_from(view, "updates", &iceberg::update_from));
  return commit;
}

}  // namespace

Result<catalog::CommitResult> Endpoints::commit(Call& call, std::span<const catalog::TableCommit> commits) {
  auto done = parts_.catalog.commit(commits, [&](state::Transaction& transaction) -> Status {
    if (!call.reply) return ok_status();
    const std::int64_t now_us = parts_.clock.now_us();
    call.reply->created_at_us = now_us;
    call.reply_recorded = true;
    return state::record_reply(transaction, *call.reply, now_us - kKeepReplyUs);
  });
  if (!done.ok()) {
    call.reply_recorded = false;
    for (const catalog::TableCommit& one : commits) call.told.add(one.name, std::nullopt);
    return done;
  }
  for (const catalog::Table& table : done->tables)
    call.told.add(table.name, table.metadata->current_snapshot_id);
  if (!done->not_removed.empty() && parts_.log != nullptr) {
    parts_.log->warning("rest.old_metadata_left",
                        {{"files_left", static_cast<std::int64_t>(done->not_removed.size())}});
  }
  return done;
}

Endpoints::Reply Endpoints::commit_table(Call& call) {
  const JsonView body = call.view();
  TARN_RETURN_IF_ERROR(body.expect_object());
  TARN_ASSIGN_OR_RETURN(const catalog::TableCommit wanted, commit_from(body, call.table()));
  if (call.reply) {
    call.reply->status = 200;
    call.reply->replay = load_target("tables", call.table());
  }
  const catalog::TableCommit commits[] = {wanted};
  TARN_ASSIGN_OR_RETURN(const catalog::CommitResult done, commit(call, commits));
  const catalog::Table& table = done.tables.front();
  net::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.headers.add("ETag", etag_of(table.metadata_location, false));
  response.body = "{\"metadata-location\":" + iceberg::dump_json(Json(table.metadata_location)) +
                  ",\"metadata\":" + table.metadata->to_json() + "}";
  return response;
}

Endpoints::Reply Endpoints::commit_transaction(Call& call) {
  const JsonView body = call.view();
  TARN_ASSIGN_OR_RETURN(const JsonView changes, body.member("table-changes"));
  TARN_RETURN_IF_ERROR(changes.expect_array());
  std::vector<catalog::TableCommit> commits;
  for (std::size_t index = 0; index < changes.size(); ++index) {
    const JsonView change = changes.element(index);
    TARN_ASSIGN_OR_RETURN(const JsonView identifier, change.member("identifier"));
    TARN_ASSIGN_OR_RETURN(TableName name, identifier_from(identifier));
    TARN_ASSIGN_OR_RETURN(catalog::TableCommit one, commit_from(change, std::move(name)));
    commits.push_back(std::move(one));
  }
  if (call.reply) call.reply->status = 204;
  TARN_RETURN_IF_ERROR(commit(call, commits));
  return no_content();
}

}  // namespace tarn::rest
