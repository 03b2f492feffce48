#include "cli/audit/audit_head_file.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "base/civil_time.h"
#include "state/errors.h"

namespace tarn::cli {
namespace {

std::optional<Sha256Digest> digest_of(std::string_view hex) {
  Sha256Digest digest;
  if (hex.size() != 2 * digest.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    const char* const digits = hex.data() + 2 * i;
    const auto [end, bad] = std::from_chars(digits, digits + 2, digest.bytes[i], 16);
    if (bad != std::errc() || end != digits + 2) return std::nullopt;
  }
  return digest;
}

}  // namespace

std::string write_head(const state::AuditHead& head) {
  nlohmann::ordered_json json;
  json["sequence"] = head.sequence;
  json["hash"] = head.hash.hex();
  json["recorded_at"] = format_timestamp_utc(head.at_us);
  return json.dump() + "\n";
}

Result<state::AuditHead> read_head(const std::string& text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  const Error bad(state::kAuditBadHead, "this is no head of an audit");
  if (!json.is_object() || !json.contains("sequence") || !json["sequence"].is_number_integer() ||
      !json.contains("hash") || !json["hash"].is_string())
    return bad;
  const auto hash = digest_of(json["hash"].get<std::string>());
  const auto sequence = json["sequence"].get<std::int64_t>();
  if (!hash || sequence < 0) return bad;
  return state::AuditHead{.sequence = sequence, .hash = *hash};
}

}  // namespace tarn::cli
