#include "cli/grid.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"
#include "base/civil_time.h"
#include "base/size.h"
#include "engine/cell.h"

namespace tarn::cli {
namespace {

std::string json_string(std::string_view text) {
  std::string json;
  engine::append_json_string(text, json);
  return json;
}

}  // namespace

Grid& Grid::text(std::string_view value) {
  return cell({.text = std::string(value), .json = json_string(value)});
}
Grid& Grid::number(std::int64_t value) {
  return cell({.text = fmt::format("{}", value), .json = fmt::format("{}", value)});
}
Grid& Grid::boolean(bool value) {
  return cell({.text = value ? "true" : "false", .json = value ? "true" : "false"});
}
Grid& Grid::null() {
  return cell({.text = "", .json = "null", .is_null = true});
}
Grid& Grid::timestamp_us(std::int64_t value) {
  const std::string text = format_timestamp_utc(value);
  return cell({.text = text, .json = json_string(text)});
}
Grid& Grid::size_bytes(std::uint64_t value) {
  return cell({.text = format_size(value), .json = fmt::format("{}", value)});
}

Grid& Grid::cell(Cell value) {
  TARN_CHECK(open_row_.size() < columns_.size());
  open_row_.push_back(std::move(value));
  return *this;
}

void Grid::end_row() {
  while (open_row_.size() < columns_.size()) null();
  rows_.push_back(std::exchange(open_row_, {}));
}

}  // namespace tarn::cli
