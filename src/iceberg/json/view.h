#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tarn::iceberg {

using Json = nlohmann::json;

/// Parses a whole text. Errors: iceberg.bad_json.
Result<Json> parse_json(std::string_view text);
/// The text of a value; bytes that are not UTF-8 become the replacement character.
std::string dump_json(const Json& value);

/// A value and where it stands in its document, for messages such as "$.schemas[0].fields[2].id: …". A view
/// points to its parent: keep the parent alive. Errors carry the code the view was made with.
class JsonView {
 public:
  JsonView(const Json& value, const ErrorCode& code) : value_(&value), code_(&code) {}

  const Json& json() const { return *value_; }
  /// The same place, its errors under another code.
  JsonView with_code(const ErrorCode& code) const;
  std::string path() const;
  /// An error about this place.
  Error wrong(std::string_view what) const;

  Status expect_object() const;
  Status expect_array() const;
  std::size_t size() const { return value_->size(); }
  JsonView element(std::size_t index) const;
  /// Nothing when absent or null.
  std::optional<JsonView> find(std::string_view key) const;
  Result<JsonView> member(std::string_view key) const;

  Result<std::int64_t> as_int64() const;
  Result<std::int32_t> as_int32() const;
  Result<std::string> as_text() const;
  Result<bool> as_bool() const;
  Result<std::map<std::string, std::string>> as_text_map() const;
  Result<std::vector<std::int32_t>> as_int32_list() const;
  Result<std::vector<std::int64_t>> as_int64_list() const;
  Result<std::vector<std::string>> as_text_list() const;

  Result<std::int64_t> int64(std::string_view key) const;
  Result<std::int32_t> int32(std::string_view key) const;
  Result<std::string> text(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  Result<std::optional<std::int64_t>> optional_int64(std::string_view key) const;
  Result<std::optional<std::int32_t>> optional_int32(std::string_view key) const;
  Result<std::optional<std::string>> optional_text(std::string_view key) const;
  /// Empty when absent.
  Result<std::map<std::string, std::string>> text_map(std::string_view key) const;

 private:
  const Json* value_;
  const ErrorCode* code_;
  const JsonView* parent_ = nullptr;
  std::string_view key_;
  std::size_t index_ = 0;
};

}  // namespace tarn::iceberg
