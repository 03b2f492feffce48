#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "catalog/names.h"
#include "rest/call.h"
#include "rest/errors.h"

// Every endpoint of the specification that this server has.
namespace tarn::rest {
namespace {

constexpr std::string_view kNamespace = "{namespace}";
constexpr std::string_view kPlan = "{plan-id}";
constexpr std::array kRoutes = {
    Route{"GET", "/v1/config", &Endpoints::config, Needs::kNothing},
    Route{.method = "POST",
          .path = "/v1/oauth/tokens",
          .endpoint = &Endpoints::token,
          .needs = Needs::kNothing,
          .told = Told::kLogins,
          .is_public = true},

    Route{"GET", "/v1/namespaces", &Endpoints::list_namespaces, Needs::kNothing},
    Route{"POST", "/v1/namespaces", &Endpoints::create_namespace, Needs::kClient, Told::kChanges, true},
    Route{"GET", "/v1/namespaces/{namespace}", &Endpoints::load_namespace, Needs::kNamespace},
    Route{"HEAD", "/v1/namespaces/{namespace}", &Endpoints::namespace_exists, Needs::kNamespace},
    Route{"DELETE", "/v1/namespaces/{namespace}", &Endpoints::drop_namespace, Needs::kClient, Told::kChanges},
    Route{"POST", "/v1/namespaces/{namespace}/properties", &Endpoints::update_namespace, Needs::kClient,
          Told::kChanges, true},

    Route{"GET", "/v1/namespaces/{namespace}/tables", &Endpoints::list_tables, Needs::kNamespace},
    Route{"POST", "/v1/namespaces/{namespace}/tables", &Endpoints::create_table, Needs::kClient,
          Told::kChanges, true},
    Route{"POST", "/v1/namespaces/{namespace}/register", &Endpoints::register_table, Needs::kClient,
          Told::kChanges, true},
    Route{"GET", "/v1/namespaces/{namespace}/tables/{table}", &Endpoints::load_table, Needs::kTable,
          Told::kReads},
    Route{"HEAD", "/v1/namespaces/{namespace}/tables/{table}", &Endpoints::table_exists, Needs::kTable},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}", &Endpoints::commit_table, Needs::kClient,
          Told::kChanges, true, true},
    Route{"DELETE", "/v1/namespaces/{namespace}/tables/{table}", &Endpoints::drop_table, Needs::kClient,
          Told::kChanges},
    Route{"GET", "/v1/namespaces/{namespace}/tables/{table}/credentials", &Endpoints::load_credentials,
          Needs::kTable, Told::kReads},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}/metrics", &Endpoints::report_metrics,
          Needs::kTable, Told::kRefusals, true},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}/plan", &Endpoints::plan_scan, Needs::kTable,
          Told::kReads, true},
    Route{"GET", "/v1/namespaces/{namespace}/tables/{table}/plan/{plan-id}", &Endpoints::load_plan,
          Needs::kTable, Told::kReads},
    Route{"DELETE", "/v1/namespaces/{namespace}/tables/{table}/plan/{plan-id}", &Endpoints::cancel_plan,
          Needs::kTable},
    Route{"POST", "/v1/namespaces/{namespace}/tables/{table}/tasks", &Endpoints::fetch_scan_tasks,
          Needs::kTable, Told::kReads, true},
    Route{"POST", "/v1/tables/rename", &Endpoints::rename_table, Needs::kClient, Told::kChanges, true},
    Route{"POST", "/v1/transactions/commit", &Endpoints::commit_transaction, Needs::kClient, Told::kChanges,
          true, true},

    Route{"GET", "/v1/namespaces/{namespace}/views", &Endpoints::list_views, Needs::kNamespace},
    Route{"POST", "/v1/namespaces/{namespace}/views", &Endpoints::create_view, Needs::kClient, Told::kChanges,
          true},
    Route{"POST", "/v1/namespaces/{namespace}/register-view", &Endpoints::register_view, Needs::kClient,
          Told::kChanges, true},
    Route{"GET", "/v1/namespaces/{namespace}/views/{view}", &Endpoints::load_view, Needs::kView,
          Told::kReads},
    Route{"HEAD", "/v1/namespaces/{namespace}/views/{view}", &Endpoints::view_exists, Needs::kView},
    Route{"POST", "/v1/namespaces/{namespace}/views/{view}", &Endpoints::replace_view, Needs::kClient,
          Told::kChanges, true, true},
    Route{"DELETE", "/v1/namespaces/{namespace}/views/{view}", &Endpoints::drop_view, Needs::kClient,
          Told::kChanges},
    Route{"POST", "/v1/views/rename", &Endpoints::rename_view, Needs::kClient, Told::kChanges, true},
};

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    path.remove_prefix(1);
    segments.push_back(path.substr(0, path.find('/')));
    path.remove_prefix(segments.back().size());
  }
  return segments;
}

bool matches(const std::vector<std::string_view>& pattern, const std::vector<std::string>& segments) {
  return std::equal(pattern.begin(), pattern.end(), segments.begin(), segments.end(),
                    [](std::string_view wanted, const std::string& given) {
                      return wanted.starts_with('{') || wanted == given;
                    });
}

}  // namespace

Result<const Route*> find_route(Call& call) {
  bool other_method = false;
  for (const Route& route : kRoutes) {
    const std::vector<std::string_view> pattern = segments_of(route.path);
    if (!matches(pattern, call.target.segments)) continue;
    if (route.method != call.request.method) {
      other_method = true;
      continue;
    }
    for (std::size_t index = 0; index < pattern.size(); ++index) {
      if (pattern[index] == kNamespace) {
        TARN_ASSIGN_OR_RETURN(call.schema, namespace_from_text(call.target.segments[index]));
      } else if (pattern[index] == kPlan) {
        call.plan = call.target.segments[index];
      } else if (pattern[index].starts_with('{')) {
        call.name = call.target.segments[index];
        TARN_RETURN_IF_ERROR(catalog::check_table_name(call.table()));
      }
    }
    return &route;
  }
  return Error(kNoEndpoint,
               other_method ? "the endpoint does not have this method" : "there is no such endpoint");
}

Json endpoint_list() {
  Json list = Json::array();
  for (const Route& route : kRoutes) {
    if (route.path == "/v1/config" || route.is_public) continue;
    list.push_back(fmt::format("{} /v1/{{prefix}}{}", route.method, route.path.substr(3)));
  }
  return list;
}

}  // namespace tarn::rest
