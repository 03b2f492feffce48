#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "iceberg/json/codec.h"
#include "net/http_message.h"
#include "net/request_target.h"
#include "rest/rest_catalog.h"
#include "rest/scan_plans.h"
#include "state/replies.h"
#include "table/manifest_cache.h"

/// One request on its way through the server; for this library only.
namespace tarn::rest {

using iceberg::Json;
using iceberg::JsonView;

/// What the audit is told of a request beside its path.
struct ToldFacts {
  std::string roles = {};                     ///< Of a user.
  std::string tables = {};                    ///< As state::AuditRecord has them.
  std::string columns = {};                   ///< Likewise.
  std::vector<std::string> credentials = {};  ///< Tables whose files the client was let to.
  std::string error = {};                     ///< The code of the error that it was refused with.

  void add(const TableName& table, std::optional<std::int64_t> snapshot);
};

struct Call {
  const net::HttpRequest& request;
  net::RequestTarget target = {};
  std::string schema = {};               ///< `{namespace}` of the path, as the catalog writes it.
  std::string name = {};                 ///< `{table}` or `{view}` of the path.
  std::string plan = {};                 ///< `{plan-id}` of the path.
  std::optional<std::string> user = {};  ///< Who asks with a user's token; nothing: with all rights.
  Json body = {};                        ///< Null when the request has none.
  /// The reply that is kept for the request's idempotency key, in the transaction that does what it asks for.
  std::optional<state::Reply> reply = {};
  bool reply_recorded = false;
  std::string client = {};  ///< Who asks; empty: anybody.
  ToldFacts told = {};

  TableName table() const { return {schema, name}; }
  JsonView view() const;
};

struct Route;

/// The endpoints, one function each (routes.cpp); a response, or the error to be answered with.
class Endpoints {
 public:
  Endpoints(const RestCatalog::Parts& parts, const RestCatalogOptions& options, const AccessTokens& tokens)
      : parts_(parts), options_(options), tokens_(tokens), plans_(parts.clock, parts.random) {}

  using Reply = Result<net::HttpResponse>;
  Reply config(Call& call);
  Reply token(Call& call);

  Reply list_namespaces(Call& call);
  Reply create_namespace(Call& call);
  Reply load_namespace(Call& call);
  Reply namespace_exists(Call& call);
  Reply drop_namespace(Call& call);
  Reply update_namespace(Call& call);

  Reply list_tables(Call& call);
  Reply create_table(Call& call);
  Reply register_table(Call& call);
  Reply load_table(Call& call);
  Reply table_exists(Call& call);
  Reply drop_table(Call& call);
  Reply rename_table(Call& call);
  Reply load_credentials(Call& call);
  Reply report_metrics(Call& call);

  Reply commit_table(Call& call);
  Reply commit_transaction(Call& call);

  Reply plan_scan(Call& call);
  Reply load_plan(Call& call);
  Reply cancel_plan(Call& call);
  Reply fetch_scan_tasks(Call& call);

  Reply list_views(Call& call);
  Reply create_view(Call& call);
  Reply register_view(Call& call);
  Reply load_view(Call& call);
  Reply view_exists(Call& call);
  Reply replace_view(Call& call);
  Reply drop_view(Call& call);
  Reply rename_view(Call& call);

  /// Whether who asks may. Errors: those of what is not there, rest.forbidden.
  Status permit(const Call& call, const Route& route) const;

 private:
  Status permit_table(const std::string& user, const TableName& name) const;
  /// Those of the tables that a user sees, and all above them.
  Result<std::set<std::string>> visible_namespaces(const std::string& user) const;
  /// Those of `tables` that the request's user sees.
  Result<std::vector<TableName>> visible_tables(const Call& call, std::vector<TableName> tables) const;
  Result<catalog::CommitResult> commit(Call& call, std::span<const catalog::TableCommit> commits);
  Result<std::map<std::string, std::string>> credentials(const Call& call, const TableName& name,
                                                         const std::string& location);
  std::map<std::string, std::string> credentials_for(Call& call, const TableName& name,
                                                     const std::string& location);
  net::HttpResponse loaded(Call& call, const catalog::Table& table, bool refs_only);
  Result<Json> planned(const std::string& plan_id, const PlannedScan& scan);
  Result<ScanPlans::Plan> find_plan(Call& call, const std::string& id);

  const RestCatalog::Parts& parts_;
  const RestCatalogOptions& options_;
  const AccessTokens& tokens_;
  ScanPlans plans_;
};

/// What a user's token must allow; with all rights everything is allowed.
enum class Needs : std::uint8_t { kNothing, kNamespace, kTable, kView, kClient };

/// What of a route's requests is put on record besides those that are refused.
enum class Told : std::uint8_t { kRefusals, kReads, kChanges, kLogins };

struct Route {
  std::string_view method;
  std::string_view path;  ///< "/v1/namespaces/{namespace}".
  Endpoints::Reply (Endpoints::*endpoint)(Call& call);
  Needs needs = Needs::kClient;
  Told told = Told::kRefusals;
  bool reads_body = false;
  bool commits = false;    ///< A 5xx tells the client that the outcome is unknown.
  bool is_public = false;  ///< Needs no token.
};

/// The route of a request, its path's variables put into `call`. Errors: rest.no_endpoint, rest.bad_request,
/// catalog.bad_name.
Result<const Route*> find_route(Call& call);
/// "GET /v1/{prefix}/namespaces" …: what `/v1/config` lists.
Json endpoint_list();

/// A response of this status with a JSON body.
net::HttpResponse json_response(int status, const Json& body);
net::HttpResponse no_content();
/// How an error is answered (error_reply.cpp).
net::HttpResponse error_response(const Error& error, const Call& call, bool commits);
net::HttpResponse error_response(int status, std::string_view type, std::string_view message);

/// The catalog's name of a namespace from a JSON list of levels.
Result<std::string> namespace_from(const JsonView& view);
/// The levels of a namespace as JSON.
Json levels_json(const std::string& schema);
/// `{"namespace": [...], "name": "..."}`.
Result<TableName> identifier_from(const JsonView& view);
Json identifier_json(const TableName& name);
/// A namespace of a path or query: levels joined with the unit separator.
Result<std::string> namespace_from_text(std::string_view text);
/// The part of a list that a request asks for, and the token of the next one.
struct Page {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::optional<std::string> next_token = {};
};
/// `sorted` are the texts by which the list is sorted.
Result<Page> page_of(const Call& call, const std::vector<std::string>& sorted);

/// The tag of a table's state, and of which snapshots it is told with.
std::string etag_of(const std::string& metadata_location, bool refs_only);

/// The target that loads a table or view, for kept replies.
std::string load_target(std::string_view kind, const TableName& name);

}  // namespace tarn::rest
