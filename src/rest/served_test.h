#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "io/simulated.h"
#include "rest/rest_catalog.h"
#include "state/audit/audit_trail.h"
#include "state/testing/state_location.h"
#include "table/manifest_cache.h"

/// A catalog server without a network, for tests only.
namespace tarn::rest {

using Json = nlohmann::json;

inline constexpr const char* kSchema =
    R"({"type":"struct","fields":[{"id":7,"name":"id","required":true,"type":"long"}]})";

struct Answer {
  int status = 0;
  Json body = {};
  net::HttpHeaders headers = {};
  std::string type() const { return body.contains("error") ? body["error"]["type"].get<std::string>() : ""; }
};

class RestCatalogTest : public testing::Test {
 protected:
  RestCatalogTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarn-rest-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    for (auto* const database : {&database_, &audit_database_}) {
      auto opened =
          state::Database::open(state::state_location(folder_ + "/tarn.db"), state::OpenMode::kReadWrite);
      EXPECT_TRUE(opened.ok());
      *database = std::move(opened).value();
    }
    start({});
  }
  ~RestCatalogTest() override {
    rest_.reset();
    trail_.reset();
    catalog_.reset();
    audit_database_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void start(RestCatalogOptions options) {
    catalog_ = std::make_unique<catalog::Catalog>(*database_, store_, clock_, random_, "file:///lake");
    rest_.reset();
    trail_ = std::make_unique<state::AuditTrail>(*audit_database_, clock_, state::AuditTrail::Options());
    rest_ = std::make_unique<RestCatalog>(
        RestCatalog::Parts{*catalog_, *database_, store_, clock_, random_, manifests_, nullptr, trail_.get()},
        std::move(options));
  }

  Answer ask(const std::string& method, const std::string& target, const std::string& body = "",
             const std::vector<std::pair<std::string, std::string>>& headers = {}) {
    net::HttpRequest request{.method = method, .target = target, .body = body};
    for (const auto& [name, value] : headers) request.headers.add(name, value);
    const net::HttpResponse response = rest_->handle(request);
    Answer answer{.status = response.status, .headers = response.headers};
    if (!response.body.empty()) answer.body = Json::parse(response.body);
    if (answer.status >= 400) {
      EXPECT_EQ(answer.body["error"]["code"], answer.status) << target;
    }
    return answer;
  }
  Answer post(const std::string& target, const std::string& body) { return ask("POST", target, body); }

  void make_table(const std::string& name = "t") {
    post("/v1/namespaces", R"({"namespace":["ns"]})");
    EXPECT_EQ(post("/v1/namespaces/ns/tables", creation(name)).status, 200);
  }
  static std::string creation(const std::string& name, const std::string& more = "") {
    return fmt::format(R"({{"name":"{}","schema":{}{}}})", name, kSchema, more);
  }
  static std::string set_property(const std::string& key, const std::string& requirements = "[]") {
    return fmt::format(
        R"({{"requirements":{},"updates":[{{"action":"set-properties","updates":{{"{}":"1"}}}}]}})",
        requirements, key);
  }
  std::size_t files() { return store_.list("file:///lake")->size(); }

  std::string folder_;
  io::MemoryObjectStore store_;
  table::ManifestCache manifests_{store_};
  io::ManualClock clock_{1'709'294'400'000'000};
  io::SeededRandom random_{7};
  std::unique_ptr<state::Database> database_;
  std::unique_ptr<state::Database> audit_database_;  ///< The same, whose commits fail by themselves.
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<state::AuditTrail> trail_;
  std::unique_ptr<RestCatalog> rest_;
};

}  // namespace tarn::rest
