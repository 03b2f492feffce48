#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/catalog.h"
#include "io/clock.h"
#include "io/object_store.h"
#include "io/random.h"
#include "net/http_message.h"
#include "rest/access_tokens.h"
#include "rest/table_readers.h"
#include "state/audit/audit_trail.h"
#include "state/database.h"
#include "table/manifest_cache.h"
#include "telemetry/log.h"

namespace tarn::rest {

/// What somebody may do with files.
enum class Reach : std::uint8_t { kRead, kWrite };

/// What a client needs to reach the files below a table's location and no others, as properties of its file
/// access (`s3.access-key-id` …); empty where it needs nothing.
using VendCredentials =
    std::function<Result<std::map<std::string, std::string>>(const std::string& location, Reach reach)>;

struct RestCatalogOptions {
  /// Who may ask for a token, and do everything with it.
  std::vector<Client> clients = {};
  /// The project's users, who may ask for one, too. Null: it has none.
  std::shared_ptr<const TableReaders> readers = {};
  /// Requests need no token, and may do everything; so it is as well where nobody could ask for one.
  bool anonymous = false;
  std::int64_t token_lifetime_s = 3600;
  /// What `/v1/config` tells clients besides.
  std::map<std::string, std::string> defaults = {};
  std::map<std::string, std::string> overrides = {};
  /// Asked for clients that ask for vended credentials. Null: they get none.
  VendCredentials vend_credentials = {};
  /// A planned scan of more files than this is told in parts.
  std::int64_t files_per_plan_task = 2000;
};

/// Answers the requests of Iceberg's REST catalog specification (1.11) from a catalog. Every answer but a
/// success is an error in the specification's form. May be called by many threads at once.
///
///   RestCatalog rest(parts, {});
///   auto server = net::HttpServer::start({.port = 8181}, [&](const auto& request) { return
///   rest.handle(request); },
///                                        RestCatalog::refusal);
class RestCatalog {
 public:
  /// All must outlive the RestCatalog. `log` may be null; it gets one event a request.
  struct Parts {
    catalog::Catalog& catalog;
    state::Database& database;
    io::ObjectStore& store;
    io::Clock& clock;
    io::Random& random;
    table::ManifestCache& manifests;
    telemetry::Log* log = nullptr;
    state::AuditTrail* audit = nullptr;  ///< Null: requests are not put on record.
  };
  RestCatalog(const Parts& parts, RestCatalogOptions options);
  ~RestCatalog();
  RestCatalog(const RestCatalog&) = delete;
  RestCatalog& operator=(const RestCatalog&) = delete;

  net::HttpResponse handle(const net::HttpRequest& request);

  /// What the HTTP server answers when a request does not get here.
  static net::HttpResponse refusal(int status, std::string_view reason);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tarn::rest
