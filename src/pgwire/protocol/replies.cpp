#include "pgwire/protocol/replies.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/source_place.h"
#include "pgwire/errors.h"

namespace tarn::pgwire {
namespace {

/// Characters, not bytes.
std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

void write_error(WireWriter& out, const Error& error, std::string_view sql, bool is_fatal) {
  const std::string_view severity = is_fatal ? "FATAL" : "ERROR";
  out.begin('E');
  out.byte('S').text(severity);
  out.byte('V').text(severity);
  out.byte('C').text(sqlstate_of(error));
  out.byte('M').text(error.message());
  std::string detail;
  for (const std::string& context : error.context()) detail += (detail.empty() ? "while " : ", ") + context;
  if (!detail.empty()) out.byte('D').text(detail);
  if (!error.hint().empty()) out.byte('H').text(error.hint());
  if (error.span() && !sql.empty()) {
    const std::size_t offset = engine::offset_of(sql, *error.span());
    out.byte('P').text(fmt::format("{}", characters(sql.substr(0, offset)) + 1));
  }
  // Where PostgreSQL names a function of its source, the stable name of the error.
  out.byte('R').text(error.name());
  out.byte('\0').end();
}

void write_notice(WireWriter& out, std::string_view sqlstate, std::string_view message) {
  out.begin('N');
  out.byte('S').text("WARNING").byte('V').text("WARNING").byte('C').text(sqlstate).byte('M').text(message);
  out.byte('\0').end();
}

void write_complete(WireWriter& out, std::string_view tag) {
  out.begin('C').text(tag).end();
}

void write_ready(WireWriter& out, char transaction) {
  out.begin('Z').byte(transaction).end();
}

void write_parameter_status(WireWriter& out, std::string_view name, std::string_view value) {
  out.begin('S').text(name).text(value).end();
}

Format format_of(const std::vector<Format>& formats, std::size_t index) {
  if (formats.empty()) return Format::kText;
  return formats.size() == 1 ? formats[0] : formats[index];
}

void write_row_description(WireWriter& out, const std::vector<WireColumn>& columns,
                           const std::vector<Format>& formats) {
  out.begin('T').int16(static_cast<std::int16_t>(columns.size()));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const WireColumn& column = columns[i];
    out.text(column.name).int32(0).int16(0);  // Of no table that the client could look up.
    out.int32(static_cast<std::int32_t>(column.type.oid)).int16(column.type.size).int32(column.type.modifier);
    out.int16(static_cast<std::int16_t>(format_of(formats, i)));
  }
  out.end();
}

}  // namespace tarn::pgwire
