#include <algorithm>
#include <utility>

#include "catalog/names.h"
#include "rest/call.h"
#include "rest/errors.h"

namespace tarn::rest {

Endpoints::Reply Endpoints::config(Call&) {
  Json overrides = options_.overrides;
  overrides["namespace-separator"] = "%1F";
  return json_response(200, {{"defaults", options_.defaults},
                             {"overrides", std::move(overrides)},
                             {"endpoints", endpoint_list()},
                             {"idempotency-key-lifetime", "PT30M"}});
}

Endpoints::Reply Endpoints::list_namespaces(Call& call) {
  std::string parent;
  if (const auto text = call.target.parameter("parent"); text && !text->empty()) {
    TARN_ASSIGN_OR_RETURN(parent, namespace_from_text(*text));
  }
  std::vector<std::string> names;
  if (parent.empty()) {
    TARN_ASSIGN_OR_RETURN(names, parts_.catalog.list_namespaces());
    std::erase_if(names, [](const std::string& name) { return !catalog::parent_namespace(name).empty(); });
  } else {
    TARN_ASSIGN_OR_RETURN(names, parts_.catalog.list_namespaces(parent));
  }
  if (call.user) {
    TARN_ASSIGN_OR_RETURN(const auto visible, visible_namespaces(*call.user));
    std::erase_if(names, [&](const std::string& name) { return !visible.contains(name); });
  }
  TARN_ASSIGN_OR_RETURN(const Page page, page_of(call, names));
  Json list = Json::array();
  for (std::size_t index = page.begin; index < page.end; ++index) list.push_back(levels_json(names[index]));
  return json_response(200, {{"namespaces", std::move(list)},
                             {"next-page-token", page.next_token ? Json(*page.next_token) : Json()}});
}

Endpoints::Reply Endpoints::create_namespace(Call& call) {
  const JsonView body = call.view();
  TARN_ASSIGN_OR_RETURN(const JsonView levels, body.member("namespace"));
  TARN_ASSIGN_OR_RETURN(const std::string name, namespace_from(levels));
  TARN_ASSIGN_OR_RETURN(const catalog::Properties properties, body.text_map("properties"));
  TARN_RETURN_IF_ERROR(parts_.catalog.create_namespace(name, properties));
  return json_response(200, {{"namespace", levels_json(name)}, {"properties", properties}});
}

Endpoints::Reply Endpoints::load_namespace(Call& call) {
  TARN_ASSIGN_OR_RETURN(catalog::Properties properties, parts_.catalog.namespace_properties(call.schema));
  // Trino stages the creation of a table where it knows the location, and can create none otherwise.
  TARN_ASSIGN_OR_RETURN(properties["location"], parts_.catalog.namespace_location(call.schema));
  return json_response(200, {{"namespace", levels_json(call.schema)}, {"properties", properties}});
}

Endpoints::Reply Endpoints::namespace_exists(Call& call) {
  TARN_RETURN_IF_ERROR(parts_.catalog.namespace_properties(call.schema));
  return no_content();
}

Endpoints::Reply Endpoints::drop_namespace(Call& call) {
  TARN_RETURN_IF_ERROR(parts_.catalog.drop_namespace(call.schema));
  return no_content();
}

Endpoints::Reply Endpoints::update_namespace(Call& call) {
  const JsonView body = call.view();
  TARN_ASSIGN_OR_RETURN(const catalog::Properties updates, body.text_map("updates"));
  std::vector<std::string> removals;
  if (const auto list = body.find("removals")) {
    TARN_ASSIGN_OR_RETURN(removals, list->as_text_list());
  }
  TARN_ASSIGN_OR_RETURN(const catalog::PropertyChanges changes,
                        parts_.catalog.update_namespace_properties(call.schema, updates, removals));
  return json_response(
      200, {{"updated", changes.updated}, {"removed", changes.removed}, {"missing", changes.missing}});
}

}  // namespace tarn::rest
