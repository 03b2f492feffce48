#include "iceberg/json/view.h"

#include <fmt/format.h>

#include <limits>

#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

/// Table metadata is about ten levels deep, schemas add two for a level of nesting.
constexpr int kMaxJsonDepth = 256;

/// The library's writer recurses, so that hostile nesting must be refused before it is parsed.
bool too_deep(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > kMaxJsonDepth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

template <typename T, typename Parse>
Result<std::vector<T>> list_of(const JsonView& view, Parse parse) {
  TARN_RETURN_IF_ERROR(view.expect_array());
  std::vector<T> values;
  values.reserve(view.size());
  for (std::size_t i = 0; i < view.size(); ++i) {
    TARN_ASSIGN_OR_RETURN(T value, parse(view.element(i)));
    values.push_back(std::move(value));
  }
  return values;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (too_deep(text)) return Error(kBadJson, "the text is nested too deeply");
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded())
    return Error(kBadJson, fmt::format("the text of {} bytes is not JSON", text.size()));
  return value;
}

std::string dump_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

JsonView JsonView::with_code(const ErrorCode& code) const {
  JsonView copy = *this;
  copy.code_ = &code;
  return copy;
}

std::string JsonView::path() const {
  if (parent_ == nullptr) return "$";
  if (parent_->value_->is_array()) return fmt::format("{}[{}]", parent_->path(), index_);
  return fmt::format("{}.{}", parent_->path(), key_);
}

Error JsonView::wrong(std::string_view what) const {
  return Error(*code_, fmt::format("{}: {}", path(), what));
}

Status JsonView::expect_object() const {
  if (!value_->is_object()) return wrong("an object is expected");
  return {};
}

Status JsonView::expect_array() const {
  if (!value_->is_array()) return wrong("a list is expected");
  return {};
}

JsonView JsonView::element(std::size_t index) const {
  JsonView child((*value_)[index], *code_);
  child.parent_ = this;
  child.index_ = index;
  return child;
}

std::optional<JsonView> JsonView::find(std::string_view key) const {
  if (!value_->is_object()) return std::nullopt;
  const auto at = value_->find(key);
  if (at == value_->end() || at->is_null()) return std::nullopt;
  JsonView child(*at, *code_);
  child.parent_ = this;
  child.key_ = key;
  return child;
}

Result<JsonView> JsonView::member(std::string_view key) const {
  TARN_RETURN_IF_ERROR(expect_object());
  const auto child = find(key);
  if (!child) return wrong(fmt::format("`{}` is missing", key));
  return *child;
}

Result<std::int64_t> JsonView::as_int64() const {
  if (!value_->is_number_integer()) return wrong("a whole number is expected");
  if (value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return wrong("the number is too large");
  }
  return value_->get<std::int64_t>();
}

Result<std::int32_t> JsonView::as_int32() const {
  TARN_ASSIGN_OR_RETURN(const std::int64_t value, as_int64());
  if (value < std::numeric_limits<std::int32_t>::min() || value > std::numeric_limits<std::int32_t>::max())
    return wrong("the number does not fit an int");
  return static_cast<std::int32_t>(value);
}

Result<std::string> JsonView::as_text() const {
  if (!value_->is_string()) return wrong("a string is expected");
  return value_->get_ref<const std::string&>();
}

Result<bool> JsonView::as_bool() const {
  if (!value_->is_boolean()) return wrong("true or false is expected");
  return value_->get<bool>();
}

Result<std::map<std::string, std::string>> JsonView::as_text_map() const {
  TARN_RETURN_IF_ERROR(expect_object());
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : value_->items()) {
    if (!value.is_string()) return wrong(fmt::format("`{}` is expected to be a string", key));
    map.emplace_hint(map.end(), key, value.get_ref<const std::string&>());
  }
  return map;
}

Result<std::vector<std::int32_t>> JsonView::as_int32_list() const {
  return list_of<std::int32_t>(*this, [](const JsonView& item) { return item.as_int32(); });
}

Result<std::vector<std::int64_t>> JsonView::as_int64_list() const {
  return list_of<std::int64_t>(*this, [](const JsonView& item) { return item.as_int64(); });
}

Result<std::vector<std::string>> JsonView::as_text_list() const {
  return list_of<std::string>(*this, [](const JsonView& item) { return item.as_text(); });
}

Result<std::int64_t> JsonView::int64(std::string_view key) const {
  TARN_ASSIGN_OR_RETURN(const JsonView child, member(key));
  return child.as_int64();
}

Result<std::int32_t> JsonView::int32(std::string_view key) const {
  TARN_ASSIGN_OR_RETURN(const JsonView child, member(key));
  return child.as_int32();
}

Result<std::string> JsonView::text(std::string_view key) const {
  TARN_ASSIGN_OR_RETURN(const JsonView child, member(key));
  return child.as_text();
}

Result<bool> JsonView::boolean(std::string_view key) const {
  TARN_ASSIGN_OR_RETURN(const JsonView child, member(key));
  return child.as_bool();
}

Result<std::optional<std::int64_t>> JsonView::optional_int64(std::string_view key) const {
  const auto child = find(key);
  if (!child) return std::optional<std::int64_t>();
  TARN_ASSIGN_OR_RETURN(const std::int64_t value, child->as_int64());
  return std::optional(value);
}

Result<std::optional<std::int32_t>> JsonView::optional_int32(std::string_view key) const {
  const auto child = find(key);
  if (!child) return std::optional<std::int32_t>();
  TARN_ASSIGN_OR_RETURN(const std::int32_t value, child->as_int32());
  return std::optional(value);
}

Result<std::optional<std::string>> JsonView::optional_text(std::string_view key) const {
  const auto child = find(key);
  if (!child) return std::optional<std::string>();
  TARN_ASSIGN_OR_RETURN(std::string value, child->as_text());
  return std::optional(std::move(value));
}

Result<std::map<std::string, std::string>> JsonView::text_map(std::string_view key) const {
  const auto child = find(key);
  if (!child) return std::map<std::string, std::string>();
  return child->as_text_map();
}

}  // namespace tarn::iceberg
