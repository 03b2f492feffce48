#include <utility>

#include "rest/call.h"
#include "rest/errors.h"

namespace tarn::rest {
namespace {

net::HttpResponse load_result(const catalog::View& view) {
  net::HttpResponse response;
  response.headers.add("Content-Type", "application/json");
  response.body = "{\"metadata-location\":" + iceberg::dump_json(Json(view.metadata_location)) +
                  ",\"metadata\":" + view.metadata->to_json() + ",\"config\":{}}";
  return response;
}

}  // namespace

Endpoints::Reply Endpoints::create_view(Call& call) {
  const JsonView body = call.view();
  catalog::CreateView wanted;
  wanted.name.schema = call.schema;
  TARN_ASSIGN_OR_RETURN(wanted.name.name, body.text("name"));
  TARN_ASSIGN_OR_RETURN(const JsonView schema, body.member("schema"));
  TARN_ASSIGN_OR_RETURN(wanted.schema, iceberg::schema_from(schema));
  TARN_ASSIGN_OR_RETURN(const JsonView version, body.member("view-version"));
  TARN_ASSIGN_OR_RETURN(wanted.version, iceberg::view_version_from(version));
  TARN_ASSIGN_OR_RETURN(const auto location, body.optional_text("location"));
  wanted.location = location.value_or("");
  TARN_ASSIGN_OR_RETURN(wanted.properties, body.text_map("properties"));
  TARN_ASSIGN_OR_RETURN(const catalog::View view, parts_.catalog.create_view(wanted));
  call.told.add(view.name, std::nullopt);
  if (call.reply) call.reply->replay = load_target("views", view.name);
  return load_result(view);
}

Endpoints::Reply Endpoints::register_view(Call& call) {
  const JsonView body = call.view();
  TableName name = {call.schema, ""};
  TARN_ASSIGN_OR_RETURN(name.name, body.text("name"));
  TARN_ASSIGN_OR_RETURN(const std::string location, body.text("metadata-location"));
  TARN_ASSIGN_OR_RETURN(const catalog::View view, parts_.catalog.register_view(name, location));
  call.told.add(view.name, std::nullopt);
  if (call.reply) call.reply->replay = load_target("views", view.name);
  return load_result(view);
}

Endpoints::Reply Endpoints::load_view(Call& call) {
  TARN_ASSIGN_OR_RETURN(const catalog::View view, parts_.catalog.load_view(call.table()));
  return load_result(view);
}

Endpoints::Reply Endpoints::view_exists(Call& call) {
  TARN_ASSIGN_OR_RETURN(const bool exists, parts_.catalog.view_exists(call.table()));
  if (!exists) TARN_RETURN_IF_ERROR(parts_.catalog.load_view(call.table()));
  return no_content();
}

Endpoints::Reply Endpoints::replace_view(Call& call) {
  const JsonView body = call.view();
  catalog::ViewCommit wanted{.name = call.table()};
  if (const auto list = body.find("requirements")) {
    TARN_RETURN_IF_ERROR(list->expect_array());
    for (std::size_t index = 0; index < list->size(); ++index) {
      TARN_ASSIGN_OR_RETURN(iceberg::AssertViewUuid item,
                            iceberg::view_requirement_from(list->element(index)));
      wanted.requirements.push_back(std::move(item));
    }
  }
  TARN_ASSIGN_OR_RETURN(const JsonView updates, body.member("updates"));
  TARN_RETURN_IF_ERROR(updates.expect_array());
  for (std::size_t index = 0; index < updates.size(); ++index) {
    TARN_ASSIGN_OR_RETURN(iceberg::ViewUpdate item, iceberg::view_update_from(updates.element(index)));
    wanted.updates.push_back(std::move(item));
  }
  TARN_ASSIGN_OR_RETURN(const catalog::View view, parts_.catalog.commit_view(wanted));
  if (call.reply) call.reply->replay = load_target("views", view.name);
  return load_result(view);
}

Endpoints::Reply Endpoints::drop_view(Call& call) {
  TARN_RETURN_IF_ERROR(parts_.catalog.drop_view(call.table()));
  return no_content();
}

Endpoints::Reply Endpoints::rename_view(Call& call) {
  const JsonView body = call.view();
  TARN_ASSIGN_OR_RETURN(const JsonView source, body.member("source"));
  TARN_ASSIGN_OR_RETURN(const JsonView destination, body.member("destination"));
  TARN_ASSIGN_OR_RETURN(const TableName from, identifier_from(source));
  TARN_ASSIGN_OR_RETURN(const TableName to, identifier_from(destination));
  call.told.add(from, std::nullopt);
  call.told.add(to, std::nullopt);
  TARN_RETURN_IF_ERROR(parts_.catalog.rename_view(from, to));
  return no_content();
}

}  // namespace tarn::rest
