#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/protocol/wire_buffer.h"
#include "query/postgres/type_oids.h"

/// Messages of the server (PostgreSQL 15, "Message Formats").
namespace tarn::pgwire {

/// A column as clients are told of it.
struct WireColumn {
  std::string name;
  query::postgres::WireType type = {};
};

/// 'E', or 'N' for a notice. `sql` is what the client sent, where an error's place is told from; may be
/// empty.
void write_error(WireWriter& out, const Error& error, std::string_view sql, bool is_fatal = false);
void write_notice(WireWriter& out, std::string_view sqlstate, std::string_view message);
/// "SELECT 12".
void write_complete(WireWriter& out, std::string_view tag);
/// 'I' idle, 'T' in a transaction, 'E' in a failed one.
void write_ready(WireWriter& out, char transaction);
void write_parameter_status(WireWriter& out, std::string_view name, std::string_view value);
/// `formats`: none: text; one: for all; else one for each.
void write_row_description(WireWriter& out, const std::vector<WireColumn>& columns,
                           const std::vector<Format>& formats);
Format format_of(const std::vector<Format>& formats, std::size_t index);

}  // namespace tarn::pgwire
