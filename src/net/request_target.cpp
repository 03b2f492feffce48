#include "net/request_target.h"

#include <algorithm>
#include <utility>

#include "net/errors.h"

namespace tarn::net {
namespace {

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

// In forms and queries "+" is a blank.
std::optional<std::string> form_decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decoded(spaced);
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      decoded += text[at];
      continue;
    }
    if (text.size() - at < 3) return std::nullopt;
    const int high = hex_digit(text[at + 1]);
    const int low = hex_digit(text[at + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    decoded += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return decoded;
}

Result<std::map<std::string, std::string, std::less<>>> parse_form(std::string_view text) {
  std::map<std::string, std::string, std::less<>> form;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto key = form_decoded(pair.substr(0, equals));
    auto value = form_decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1));
    if (!key || !value) return Error(kBadTarget, "a percent escape is not two hexadecimal digits");
    form.emplace(*std::move(key), *std::move(value));
  }
  return form;
}

std::optional<std::string> RequestTarget::parameter(std::string_view key) const {
  const auto found = query.find(key);
  return found == query.end() ? std::nullopt : std::optional(found->second);
}

Result<RequestTarget> parse_target(std::string_view target) {
  if (!target.starts_with('/')) return Error(kBadTarget, "the target does not begin with a slash");
  RequestTarget parsed;
  const std::size_t question = target.find('?');
  std::string_view path = target.substr(1, question == std::string_view::npos ? question : question - 1);
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const std::string_view segment = path.substr(0, path.find('/'));
    auto decoded = percent_decoded(segment);
    if (!decoded) return Error(kBadTarget, "a percent escape is not two hexadecimal digits");
    if (decoded->empty()) return Error(kBadTarget, "a segment of the path is empty");
    parsed.segments.push_back(*std::move(decoded));
    path.remove_prefix(std::min(path.size(), segment.size() + 1));
  }
  if (question != std::string_view::npos) {
    TARN_ASSIGN_OR_RETURN(parsed.query, parse_form(target.substr(question + 1)));
  }
  return parsed;
}

}  // namespace tarn::net
