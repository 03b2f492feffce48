#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "catalog/errors.h"
#include "catalog/names.h"
#include "rest/call.h"
#include "rest/errors.h"

// The parts that many requests and responses share.
namespace tarn::rest {
namespace {

constexpr char kUnitSeparator = '\x1f';
constexpr std::size_t kDefaultPageSize = 1000;

std::string to_hex(std::string_view text) {
  std::string hex;
  for (const char letter : text) hex += fmt::format("{:02x}", static_cast<unsigned char>(letter));
  return hex;
}

Result<std::string> from_hex(std::string_view hex) {
  std::string text;
  for (std::size_t at = 0; at < hex.size(); at += 2) {
    std::uint8_t byte = 0;
    const std::size_t end = std::min(at + 2, hex.size());
    const auto [stop, failure] = std::from_chars(hex.data() + at, hex.data() + end, byte, 16);
    if (failure != std::errc() || stop != hex.data() + at + 2)
      return Error(kBadRequest, "`pageToken` is not one that this server gave out");
    text += static_cast<char>(byte);
  }
  return text;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char letter : text) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
                       (letter >= '0' && letter <= '9') || letter == '-' || letter == '_';
    encoded += plain ? std::string(1, letter) : fmt::format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return encoded;
}

}  // namespace

JsonView Call::view() const {
  return {body, kBadRequest};
}

net::HttpResponse json_response(int status, const Json& body) {
  net::HttpResponse response{.status = status, .body = iceberg::dump_json(body)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

net::HttpResponse no_content() {
  return {.status = 204};
}

Result<std::string> namespace_from(const JsonView& view) {
  TARN_ASSIGN_OR_RETURN(const std::vector<std::string> levels, view.as_text_list());
  return catalog::namespace_name(levels);
}

Json levels_json(const std::string& schema) {
  return catalog::namespace_levels(schema);
}

Result<TableName> identifier_from(const JsonView& view) {
  TARN_RETURN_IF_ERROR(view.expect_object());
  TableName name;
  TARN_ASSIGN_OR_RETURN(const JsonView levels, view.member("namespace"));
  TARN_ASSIGN_OR_RETURN(name.schema, namespace_from(levels));
  TARN_ASSIGN_OR_RETURN(name.name, view.text("name"));
  return name;
}

Json identifier_json(const TableName& name) {
  return {{"namespace", levels_json(name.schema)}, {"name", name.name}};
}

Result<std::string> namespace_from_text(std::string_view text) {
  std::vector<std::string> levels;
  while (true) {
    const std::size_t separator = text.find(kUnitSeparator);
    levels.emplace_back(text.substr(0, separator));
    if (separator == std::string_view::npos) return catalog::namespace_name(levels);
    text.remove_prefix(separator + 1);
  }
}

Result<Page> page_of(const Call& call, const std::vector<std::string>& sorted) {
  Page page{.end = sorted.size()};
  const auto token = call.target.parameter("pageToken");
  if (!token) return page;
  TARN_ASSIGN_OR_RETURN(const std::string last, from_hex(*token));
  if (!last.empty())
    page.begin =
        static_cast<std::size_t>(std::upper_bound(sorted.begin(), sorted.end(), last) - sorted.begin());
  std::size_t size = kDefaultPageSize;
  if (const auto wanted = call.target.parameter("pageSize")) {
    const char* const end = wanted->data() + wanted->size();
    const auto [stop, failure] = std::from_chars(wanted->data(), end, size);
    if (failure != std::errc() || stop != end || size == 0)
      return Error(kBadRequest, "`pageSize` is a whole number of at least 1");
  }
  if (sorted.size() - page.begin > size) {
    page.end = page.begin + size;
    page.next_token = to_hex(sorted[page.end - 1]);
  }
  return page;
}

std::string load_target(std::string_view kind, const TableName& name) {
  std::string levels;
  for (const std::string& level : catalog::namespace_levels(name.schema))
    levels += (levels.empty() ? "" : "%1F") + percent_encoded(level);
  return fmt::format("/v1/namespaces/{}/{}/{}", levels, kind, percent_encoded(name.name));
}

}  // namespace tarn::rest
