#include "state/postgres/postgres_location.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <memory>

#include "state/errors.h"

namespace tarn::state {
namespace {

constexpr std::string_view kSchema = "schema=";

Result<std::string> decode(std::string_view text) {
  std::string decoded;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    unsigned char byte = 0;
    const std::string_view digits = text.substr(at + 1, 2);
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    if (digits.size() != 2 || code != std::errc() || end != digits.data() + 2 || byte == 0)
      return Error(kBadLocation, "`schema` of the location has a `%` without two hexadecimal digits");
    decoded += static_cast<char>(byte);
    at += 2;
  }
  return decoded;
}

// Takes `schema=…`, which libpq does not know, out of the location's parameters.
Result<std::string> take_schema(std::string& location) {
  std::size_t at = location.find('?');
  while (at != std::string::npos && !std::string_view(location).substr(at + 1).starts_with(kSchema))
    at = location.find('&', at + 1);
  if (at == std::string::npos) return std::string();
  const std::size_t value = at + 1 + kSchema.size();
  const std::size_t end = std::min(location.find('&', value), location.size());
  TARN_ASSIGN_OR_RETURN(std::string schema, decode(std::string_view(location).substr(value, end - value)));
  if (schema.empty()) return Error(kBadLocation, "`schema` of the location is empty");
  // The separator before it goes with it, unless another parameter follows.
  const bool is_last = end == location.size();
  location.erase(is_last ? at : at + 1, is_last ? end - at : end - at);
  return schema;
}

std::string name_of(const PostgresLocation& location) {
  const auto part = [&](std::string_view before, std::string_view keyword, std::string_view after) {
    const std::string_view value = location.parameter(keyword);
    return value.empty() ? std::string() : fmt::format("{}{}{}", before, value, after);
  };
  std::string name = "postgresql://" + part("", "user", "@") + part("", "host", "") + part(":", "port", "") +
                     part("/", "dbname", "");
  if (!location.schema.empty()) name += "?schema=" + location.schema;
  return name;
}

}  // namespace

std::string_view PostgresLocation::parameter(std::string_view keyword) const {
  for (const auto& [key, value] : parameters)
    if (key == keyword) return value;
  return {};
}

Result<PostgresLocation> parse_postgres_location(std::string_view location) {
  PostgresLocation parsed;
  std::string text(location);
  TARN_ASSIGN_OR_RETURN(parsed.schema, take_schema(text));
  // libpq's own message would quote what it could not read, perhaps a password.
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(text.c_str(), nullptr), PQconninfoFree);
  if (options == nullptr) return Error(kBadLocation, "libpq cannot read the location of the state");
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) parsed.parameters.emplace_back(option->keyword, option->val);
  for (const std::string_view keyword : {"user", "host", "port", "dbname"}) {
    // The rest of a password with an `@` or `/` as it stands.
    if (parsed.parameter(keyword).find('@') != std::string_view::npos)
      return Error(kBadLocation, "the location of the state has an `@` too many");
  }
  parsed.name = name_of(parsed);
  return parsed;
}

}  // namespace tarn::state
