#include <fmt/format.h>

#include <charconv>
#include <functional>
#include <map>
#include <utility>

#include "base/hash.h"
#include "rest/call.h"
#include "rest/errors.h"

namespace tarn::rest {
namespace {

constexpr std::string_view kFormatVersion = "format-version";

// Whether a list such as `"a", W/"b"` names the tag (RFC 9110, section 13.1.2).
bool names_tag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == tag || item == "*") return true;
  }
  return false;
}

// Iceberg REST spec, "X-Iceberg-Access-Delegation": a list of what the client can do with.
bool asks_for_credentials(const Call& call) {
  return call.request.headers.find("X-Iceberg-Access-Delegation").find("vended-credentials") !=
         std::string_view::npos;
}

Json credentials_json(const std::string& location, const std::map<std::string, std::string>& credentials) {
  Json list = Json::array();
  if (!credentials.empty()) list.push_back({{"prefix", location}, {"config", credentials}});
  return list;
}

// The metadata goes in as the text it is: it may be long.
net::HttpResponse load_result(const std::string* metadata_location, std::string_view metadata,
                              const std::string& location,
                              const std::map<std::string, std::string>& credentials) {
  net::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.body = "{";
  if (metadata_location != nullptr)
    response.body += "\"metadata-location\":" + iceberg::dump_json(Json(*metadata_location)) + ",";
  response.body += "\"metadata\":";
  response.body += metadata;
  // Older clients look into `config` only.
  response.body += ",\"config\":" + iceberg::dump_json(Json(credentials)) +
                   ",\"storage-credentials\":" + iceberg::dump_json(credentials_json(location, credentials)) +
                   "}";
  return response;
}

Result<catalog::CreateTable> table_from(const Call& call) {
  const JsonView body = call.view();
  catalog::CreateTable table;
  table.name.schema = call.schema;
  TARN_ASSIGN_OR_RETURN(table.name.name, body.text("name"));
  TARN_ASSIGN_OR_RETURN(const JsonView schema, body.member("schema"));
  TARN_ASSIGN_OR_RETURN(table.schema, iceberg::schema_from(schema));
  if (const auto spec = body.find("partition-spec")) {
    TARN_ASSIGN_OR_RETURN(table.spec, iceberg::partition_spec_from(*spec));
  }
  if (const auto order = body.find("write-order")) {
    TARN_ASSIGN_OR_RETURN(table.sort_order, iceberg::sort_order_from(*order));
  }
  TARN_ASSIGN_OR_RETURN(const auto location, body.optional_text("location"));
  table.location = location.value_or("");
  TARN_ASSIGN_OR_RETURN(table.properties, body.text_map("properties"));
  // A wish, not a property (Iceberg spec, "Table properties": reserved).
  if (auto version = table.properties.extract(std::string(kFormatVersion))) {
    const std::string& text = version.mapped();
    const char* const end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, table.format_version);
    if (failure != std::errc() || stop != end || table.format_version < 1 || table.format_version > 3)
      return Error(kBadRequest, fmt::format("the format version is 1, 2 or 3, not `{}`", text));
  }
  return table;
}

Endpoints::Reply list_reply(const Call& call, const std::vector<TableName>& tables) {
  std::vector<std::string> names;
  names.reserve(tables.size());
  for (const TableName& table : tables) names.push_back(table.name);
  TARN_ASSIGN_OR_RETURN(const Page page, page_of(call, names));
  Json list = Json::array();
  for (std::size_t index = page.begin; index < page.end; ++index)
    list.push_back(identifier_json(tables[index]));
  return json_response(200, {{"identifiers", std::move(list)},
                             {"next-page-token", page.next_token ? Json(*page.next_token) : Json()}});
}

}  // namespace

Result<std::map<std::string, std::string>> Endpoints::credentials(const Call& call, const TableName& name,
                                                                  const std::string& location) {
  if (!options_.vend_credentials) return std::map<std::string, std::string>();
  TARN_ASSIGN_OR_RETURN(const bool alone, parts_.catalog.is_alone_below(name, location));
  if (alone) return options_.vend_credentials(location, call.user ? Reach::kRead : Reach::kWrite);
  if (parts_.log != nullptr) parts_.log->warning("rest.credentials_withheld", {{"table", name.to_string()}});
  return std::map<std::string, std::string>();
}

// A table is there, and may be looked at, when nobody can say how to reach its files.
std::map<std::string, std::string> Endpoints::credentials_for(Call& call, const TableName& name,
                                                              const std::string& location) {
  if (!asks_for_credentials(call)) return {};
  auto vended = credentials(call, name, location);
  if (vended.ok()) {
    if (!vended->empty()) call.told.credentials.push_back(name.to_string());
    return std::move(vended).value();
  }
  if (parts_.log != nullptr)
    parts_.log->error("rest.credentials_failed", vended.error(), {{"table", name.to_string()}});
  return {};
}

net::HttpResponse Endpoints::loaded(Call& call, const catalog::Table& table, bool refs_only) {
  call.told.add(table.name, table.metadata->current_snapshot_id);
  const iceberg::TableMetadata& metadata = *table.metadata;
  net::HttpResponse response =
      load_result(&table.metadata_location, refs_only ? metadata.to_json_of_refs() : metadata.to_json(),
                  metadata.location, credentials_for(call, table.name, metadata.location));
  response.headers.add("ETag", etag_of(table.metadata_location, refs_only));
  return response;
}

std::string etag_of(const std::string& metadata_location, bool refs_only) {
  return fmt::format("\"{}{}\"", sha256(metadata_location).hex().substr(0, 32), refs_only ? "-refs" : "");
}

Endpoints::Reply Endpoints::list_tables(Call& call) {
  TARN_ASSIGN_OR_RETURN(auto tables, parts_.catalog.list_tables(call.schema));
  TARN_ASSIGN_OR_RETURN(tables, visible_tables(call, std::move(tables)));
  return list_reply(call, tables);
}

Endpoints::Reply Endpoints::list_views(Call& call) {
  TARN_ASSIGN_OR_RETURN(auto views, parts_.catalog.list_views(call.schema));
  if (call.user) views.clear();  // What they select from may be hidden.
  return list_reply(call, views);
}

Endpoints::Reply Endpoints::create_table(Call& call) {
  TARN_ASSIGN_OR_RETURN(const catalog::CreateTable wanted, table_from(call));
  bool stage = false;
  if (const auto flag = call.view().find("stage-create")) {
    TARN_ASSIGN_OR_RETURN(stage, flag->as_bool());
  }
  if (stage) {
    TARN_ASSIGN_OR_RETURN(const iceberg::TableMetadata metadata, parts_.catalog.stage_table(wanted));
    call.told.add(wanted.name, std::nullopt);
    call.reply.reset();  // Staging does nothing that must not be done twice.
    return load_result(nullptr, metadata.to_json(), metadata.location,
                       credentials_for(call, wanted.name, metadata.location));
  }
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.create_table(wanted));
  if (call.reply) call.reply->replay = load_target("tables", table.name);
  return loaded(call, table, false);
}

Endpoints::Reply Endpoints::register_table(Call& call) {
  const JsonView body = call.view();
  TableName name = {call.schema, ""};
  TARN_ASSIGN_OR_RETURN(name.name, body.text("name"));
  TARN_ASSIGN_OR_RETURN(const std::string location, body.text("metadata-location"));
  bool overwrite = false;
  if (const auto flag = body.find("overwrite")) {
    TARN_ASSIGN_OR_RETURN(overwrite, flag->as_bool());
  }
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.register_table(name, location, overwrite));
  if (call.reply) call.reply->replay = load_target("tables", table.name);
  return loaded(call, table, false);
}

Endpoints::Reply Endpoints::load_table(Call& call) {
  const std::string snapshots = call.target.parameter("snapshots").value_or("all");
  if (snapshots != "all" && snapshots != "refs") return Error(kBadRequest, "`snapshots` is `all` or `refs`");
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.load_table(call.table()));
  TARN_RETURN_IF_ERROR(parts_.catalog.check_metadata_file(table));
  const bool refs_only = snapshots == "refs";
  const std::string tag = etag_of(table.metadata_location, refs_only);
  if (names_tag(call.request.headers.find("If-None-Match"), tag)) {
    call.told.add(table.name, table.metadata->current_snapshot_id);
    net::HttpResponse response{.status = 304};
    response.headers.add("ETag", tag);
    return response;
  }
  return loaded(call, table, refs_only);
}

Endpoints::Reply Endpoints::table_exists(Call& call) {
  // Loading says of which kind the absence is.
  TARN_ASSIGN_OR_RETURN(const bool exists, parts_.catalog.table_exists(call.table()));
  if (!exists) TARN_RETURN_IF_ERROR(parts_.catalog.load_table(call.table()));
  return no_content();
}

Endpoints::Reply Endpoints::drop_table(Call& call) {
  const std::string wanted = call.target.parameter("purgeRequested").value_or("false");
  if (wanted != "true" && wanted != "false") return Error(kBadRequest, "`purgeRequested` is true or false");
  TARN_RETURN_IF_ERROR(
      parts_.catalog.drop_table(call.table(), wanted == "true" ? catalog::Purge::kYes : catalog::Purge::kNo));
  return no_content();
}

Endpoints::Reply Endpoints::rename_table(Call& call) {
  const JsonView body = call.view();
  TARN_ASSIGN_OR_RETURN(const JsonView source, body.member("source"));
  TARN_ASSIGN_OR_RETURN(const JsonView destination, body.member("destination"));
  TARN_ASSIGN_OR_RETURN(const TableName from, identifier_from(source));
  TARN_ASSIGN_OR_RETURN(const TableName to, identifier_from(destination));
  call.told.add(from, std::nullopt);
  call.told.add(to, std::nullopt);
  TARN_RETURN_IF_ERROR(parts_.catalog.rename_table(from, to));
  return no_content();
}

Endpoints::Reply Endpoints::load_credentials(Call& call) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.load_table(call.table()));
  TARN_ASSIGN_OR_RETURN(const auto vended, credentials(call, table.name, table.metadata->location));
  call.told.add(table.name, table.metadata->current_snapshot_id);
  if (!vended.empty()) call.told.credentials.push_back(table.name.to_string());
  return json_response(200, {{"storage-credentials", credentials_json(table.metadata->location, vended)}});
}

Endpoints::Reply Endpoints::report_metrics(Call& call) {
  TARN_ASSIGN_OR_RETURN(const std::string type, call.view().text("report-type"));
  TARN_ASSIGN_OR_RETURN(const bool exists, parts_.catalog.table_exists(call.table()));
  if (!exists) TARN_RETURN_IF_ERROR(parts_.catalog.load_table(call.table()));
  if (parts_.log != nullptr) {
    parts_.log->info("rest.metrics", {{"table", call.table().to_string()},
                                      {"report", type},
                                      {"bytes", static_cast<std::int64_t>(call.request.body.size())}});
  }
  return no_content();
}

}  // namespace tarn::rest
