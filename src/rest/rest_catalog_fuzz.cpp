// Any requests, one after the other, to a catalog of their own. Whatever they ask for, the server neither
// fails nor says that it did, and touches nothing outside of its warehouse.
//
// An input is requests with a line `----` between them; each is a line "METHOD target", header lines, an
// empty line and the body.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/check.h"
#include "io/simulated.h"
#include "rest/rest_catalog.h"
#include "state/database.h"

namespace {

using namespace tarn;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kWarehouse = "file:///lake";
constexpr std::string_view kSeparator = "\n----\n";
constexpr int kMaxRequests = 16;

// The state database of this process; each input begins with empty tables in it.
class Database {
 public:
  Database() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tarn-rest-fuzz-XXXXXX").string();
    TARN_CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    auto opened = state::Database::open(folder_ + "/tarn.db", state::OpenMode::kReadWrite);
    TARN_CHECK(opened.ok());
    database_ = std::move(opened).value();
  }
  ~Database() {
    database_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  state::Database& get() { return *database_; }

 private:
  std::string folder_;
  std::unique_ptr<state::Database> database_;
};

void empty(catalog::Catalog& catalog) {
  const auto tables = catalog.list_tables();
  TARN_CHECK(tables.ok());
  for (const TableName& table : *tables) TARN_CHECK(catalog.drop_table(table).ok());
  auto namespaces = catalog.list_namespaces();
  TARN_CHECK(namespaces.ok());
  for (const std::string& name : *namespaces) {
    const auto views = catalog.list_views(name);
    TARN_CHECK(views.ok());
    for (const TableName& view : *views) TARN_CHECK(catalog.drop_view(view).ok());
  }
  // Children first.
  for (std::size_t left = namespaces->size(); left > 0; --left) {
    std::erase_if(*namespaces, [&](const std::string& name) { return catalog.drop_namespace(name).ok(); });
    if (namespaces->empty()) return;
  }
  TARN_CHECK(namespaces->empty());
}

std::string_view cut(std::string_view& text, std::string_view separator) {
  const std::size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + separator.size());
  return part;
}

net::HttpRequest request_from(std::string_view text) {
  net::HttpRequest request;
  std::string_view line = cut(text, "\n");
  request.method = cut(line, " ");
  request.target = line;
  for (line = cut(text, "\n"); !line.empty(); line = cut(text, "\n")) {
    const std::string_view name = cut(line, ": ");
    request.headers.add(std::string(name), std::string(line));
  }
  request.body = text;
  return request;
}

void check_answer(const net::HttpRequest& request, const net::HttpResponse& response) {
  TARN_CHECK(response.status >= 200 && response.status < 500);
  const bool of_oauth = request.target.starts_with("/v1/oauth");
  const bool in_form = response.body.starts_with(R"({"error":{"code":)");
  TARN_CHECK(response.status < 400 || of_oauth || in_form);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Database database;
  io::MemoryObjectStore store;
  store.set_fault([](std::uint64_t, std::string_view operation, const std::string& location) {
    if (operation == "sync") return ok_status();
    TARN_CHECK(location.starts_with(std::string(kWarehouse) + "/"));
    TARN_CHECK(location.find("/../") == std::string::npos && !location.ends_with("/.."));
    TARN_CHECK(operation == "list" || location.size() > kWarehouse.size() + 1);
    return ok_status();
  });
  io::ManualClock clock(1'709'294'400'000'000);
  io::SeededRandom random(7);
  catalog::Catalog catalog(database.get(), store, clock, random, std::string(kWarehouse));
  table::ManifestCache manifests(store);
  rest::RestCatalog rest({catalog, database.get(), store, clock, random, manifests}, {});
  std::string_view text(reinterpret_cast<const char*>(data), size);
  for (int count = 0; !text.empty() && count < kMaxRequests; ++count) {
    const net::HttpRequest request = request_from(cut(text, kSeparator));
    check_answer(request, rest.handle(request));
  }
  empty(catalog);
  return 0;
}
