#include "query/access/mask_sql.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/hash.h"
#include "query/views/type_sql.h"

namespace tarn::query {
namespace {

using iceberg::Type;
using iceberg::TypeId;
using project::MaskKind;

constexpr std::size_t kBlock = 64;  // of SHA-256
constexpr std::uint8_t kInner = 0x36;
constexpr std::uint8_t kOuter = 0x5c;

/// The key, filled to a block and combined with a byte (RFC 2104), as a literal of the engine.
std::string pad_literal(std::string_view key, std::uint8_t byte) {
  std::string block(key);
  if (block.size() > kBlock) {
    const Sha256Digest digest = sha256(key);
    block.assign(digest.bytes.begin(), digest.bytes.end());
  }
  block.resize(kBlock, '\0');
  std::string literal = "'";
  for (const char c : block)
    literal += fmt::format("\\x{:02X}", static_cast<std::uint8_t>(static_cast<std::uint8_t>(c) ^ byte));
  return literal + "'::BLOB";
}

std::string hash_sql(std::string_view value, std::string_view key) {
  return fmt::format("left(sha256({} || unhex(sha256({} || encode(CAST({} AS VARCHAR))))), 32)",
                     pad_literal(key, kOuter), pad_literal(key, kInner), value);
}

std::string generalised_number(std::string_view value, const Type& type, std::int64_t step) {
  if (type.id() == TypeId::kInt || type.id() == TypeId::kLong) {
    return fmt::format("TRY_CAST({0}::HUGEINT - (({0}::HUGEINT % {1}) + {1}) % {1} AS {2})", value, step,
                       type_sql(type));
  }
  return fmt::format("TRY_CAST(floor({0}::DOUBLE / {1}) * {1} AS {2})", value, step, type_sql(type));
}

bool is_number(const Type& type) {
  return type.id() == TypeId::kInt || type.id() == TypeId::kLong || type.id() == TypeId::kFloat ||
         type.id() == TypeId::kDouble || type.id() == TypeId::kDecimal;
}

bool has_date(const Type& type) {
  return type.id() == TypeId::kDate || type.id() == TypeId::kTimestamp || type.id() == TypeId::kTimestamptz;
}

std::string truncated(std::string_view part, std::string_view value, const Type& type) {
  return fmt::format("CAST(date_trunc('{}', {}) AS {})", part, value, type_sql(type));
}

}  // namespace

MaskSql mask_sql(std::string_view value, const Type& type, const project::MaskSpec& mask,
                 std::string_view key) {
  const bool is_text = type.id() == TypeId::kString;
  const std::string nothing = fmt::format("CAST(NULL AS {})", type_sql(type));
  switch (mask.kind) {
    case MaskKind::kNone:
      return {std::string(value)};
    case MaskKind::kNull:
      return {nothing};
    case MaskKind::kHash:
      if (type.is_nested()) return {nothing};
      return {hash_sql(value, key), true};
    case MaskKind::kYear:
      return {has_date(type) ? truncated("year", value, type) : nothing};
    case MaskKind::kMonth:
      return {has_date(type) ? truncated("month", value, type) : nothing};
    case MaskKind::kPartial:
      if (!is_text) return {nothing};
      return {
          fmt::format("repeat('*', CASE WHEN length({0}) > {1} THEN length({0}) - {1} ELSE length({0}) END) "
                      "|| CASE WHEN length({0}) > {1} THEN right({0}, {1}) ELSE '' END",
                      value, mask.amount)};
    case MaskKind::kGeneralise:
      if (is_text) return {fmt::format("left({}, {})", value, mask.amount)};
      return {is_number(type) ? generalised_number(value, type, mask.amount) : nothing};
  }
  return {nothing};
}

int strictness(MaskKind kind) {
  switch (kind) {
    case MaskKind::kNone:
      return 0;
    case MaskKind::kMonth:
      return 1;
    case MaskKind::kYear:
      return 2;
    case MaskKind::kGeneralise:
      return 3;
    case MaskKind::kPartial:
      return 4;
    case MaskKind::kHash:
      return 5;
    case MaskKind::kNull:
      return 6;
  }
  return 6;
}

}  // namespace tarn::query
