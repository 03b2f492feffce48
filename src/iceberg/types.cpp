#include "iceberg/types.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

constexpr std::array<std::pair<std::string_view, TypeId>, 12> kPlainTypes = {
    {{"boolean", TypeId::kBoolean},
     {"int", TypeId::kInt},
     {"long", TypeId::kLong},
     {"float", TypeId::kFloat},
     {"double", TypeId::kDouble},
     {"date", TypeId::kDate},
     {"time", TypeId::kTime},
     {"timestamp", TypeId::kTimestamp},
     {"timestamptz", TypeId::kTimestamptz},
     {"string", TypeId::kString},
     {"uuid", TypeId::kUuid},
     {"binary", TypeId::kBinary}}};

/// A whole number of digits, blanks around it allowed.
std::optional<std::int32_t> parse_count(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::int32_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// What stands between `prefix` and `closing`, or nothing.
std::optional<std::string_view> inside(std::string_view text, std::string_view prefix, char closing) {
  if (!text.starts_with(prefix) || !text.ends_with(closing) || text.size() <= prefix.size())
    return std::nullopt;
  return text.substr(prefix.size(), text.size() - prefix.size() - 1);
}

Error bad_type(std::string_view text, std::string_view why) {
  return Error(kBadType, fmt::format("`{}` is not a type{}{}", text, why.empty() ? "" : ": ", why));
}

Result<Type> parse_decimal(std::string_view text, std::string_view arguments) {
  const std::size_t comma = arguments.find(',');
  if (comma == std::string_view::npos) return bad_type(text, "a decimal needs precision and scale");
  const auto precision = parse_count(arguments.substr(0, comma));
  const auto scale = parse_count(arguments.substr(comma + 1));
  if (!precision || !scale) return bad_type(text, "precision and scale are whole numbers");
  if (*precision < 1 || *precision > 38) return bad_type(text, "the precision of a decimal is 1 to 38");
  if (*scale > *precision) return bad_type(text, "the scale of a decimal is 0 to its precision");
  return Type::decimal(*precision, *scale);
}

bool is_later_type(std::string_view text) {
  for (const std::string_view name :
       {"timestamp_ns", "timestamptz_ns", "variant", "unknown", "geometry", "geography"})
    if (text == name) return true;
  return inside(text, "geometry(", ')') || inside(text, "geography(", ')');
}

}  // namespace

Type Type::decimal(std::int32_t precision, std::int32_t scale) {
  Type type(TypeId::kDecimal);
  type.a_ = precision;
  type.b_ = scale;
  return type;
}

Type Type::fixed(std::int32_t length_bytes) {
  Type type(TypeId::kFixed);
  type.a_ = length_bytes;
  return type;
}

Type Type::structure(std::vector<NestedField> fields) {
  Type type(TypeId::kStruct);
  type.fields_ = std::make_shared<const std::vector<NestedField>>(std::move(fields));
  return type;
}

Type Type::list(NestedField element) {
  element.name = "element";
  Type type(TypeId::kList);
  type.fields_ = std::make_shared<const std::vector<NestedField>>(1, std::move(element));
  return type;
}

Type Type::map(NestedField key, NestedField value) {
  key.name = "key";
  key.required = true;
  value.name = "value";
  Type type(TypeId::kMap);
  type.fields_ = std::make_shared<const std::vector<NestedField>>(
      std::vector<NestedField>{std::move(key), std::move(value)});
  return type;
}

Result<Type> Type::parse(std::string_view text) {
  for (const auto& [name, id] : kPlainTypes)
    if (text == name) return Type(id);
  if (const auto arguments = inside(text, "decimal(", ')')) return parse_decimal(text, *arguments);
  if (const auto argument = inside(text, "fixed[", ']')) {
    const auto length = parse_count(*argument);
    if (!length || *length < 1) return bad_type(text, "the length of a fixed is a whole number of bytes");
    return Type::fixed(*length);
  }
  if (is_later_type(text)) {
    Type type(TypeId::kLater);
    type.text_ = std::make_shared<const std::string>(text);
    return type;
  }
  return bad_type(text, "");
}

bool Type::is_nanoseconds() const {
  return id_ == TypeId::kLater && (*text_ == "timestamp_ns" || *text_ == "timestamptz_ns");
}

std::span<const NestedField> Type::fields() const {
  if (!fields_) return {};
  return *fields_;
}

const NestedField& Type::element() const {
  TARN_CHECK(id_ == TypeId::kList);
  return (*fields_)[0];
}

const NestedField& Type::key() const {
  TARN_CHECK(id_ == TypeId::kMap);
  return (*fields_)[0];
}

const NestedField& Type::value() const {
  TARN_CHECK(id_ == TypeId::kMap);
  return (*fields_)[1];
}

std::string Type::to_string() const {
  switch (id_) {
    case TypeId::kDecimal:
      return fmt::format("decimal({}, {})", a_, b_);
    case TypeId::kFixed:
      return fmt::format("fixed[{}]", a_);
    case TypeId::kLater:
      return *text_;
    case TypeId::kList:
      return fmt::format("list<{}>", element().type.to_string());
    case TypeId::kMap:
      return fmt::format("map<{}, {}>", key().type.to_string(), value().type.to_string());
    case TypeId::kStruct: {
      std::string text = "struct<";
      for (const NestedField& field : fields()) {
        if (text.size() > 7) text += ", ";
        text += fmt::format("{}: {}", field.name, field.type.to_string());
      }
      return text + ">";
    }
    default:
      for (const auto& [name, id] : kPlainTypes)
        if (id == id_) return std::string(name);
  }
  return "";
}

bool Type::operator==(const Type& other) const {
  if (id_ != other.id_ || a_ != other.a_ || b_ != other.b_) return false;
  if (id_ == TypeId::kLater) return *text_ == *other.text_;
  if (fields_ == other.fields_) return true;
  return fields_ && other.fields_ && *fields_ == *other.fields_;
}

bool can_widen(const Type& from, const Type& to) {
  if (from == to) return true;
  if (from.id() == TypeId::kInt) return to.id() == TypeId::kLong;
  if (from.id() == TypeId::kFloat) return to.id() == TypeId::kDouble;
  return from.id() == TypeId::kDecimal && to.id() == TypeId::kDecimal && from.scale() == to.scale() &&
         from.precision() <= to.precision();
}

}  // namespace tarn::iceberg
