#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "engine/cell.h"
#include "engine/connection.h"
#include "pgwire/protocol/messages.h"
#include "pgwire/protocol/wire_buffer.h"
#include "query/postgres/type_oids.h"

/// How values go out and come in (PostgreSQL 15, the `*_out`, `*_send` and `*_recv` functions of each type).
namespace tarn::pgwire {

/// Appends a value that is not NULL as PostgreSQL prints it. `type` is that of its column, `wire` what the
/// client was told: an array or anything else.
void append_text(const engine::Cell& cell, const engine::ColumnType& type,
                 const query::postgres::WireType& wire, std::string& out);

/// Appends a value that is not NULL in the binary format of `wire`, which was made of `type`.
void append_binary(const engine::Cell& cell, const engine::ColumnType& type,
                   const query::postgres::WireType& wire, WireWriter& out);

/// A parameter's value as the engine takes it; `oid` is the type that the client was told or told, 0 for
/// none. Errors: pgwire.bad_parameter, pgwire.unsupported (a binary value of a type that is not known).
Result<engine::ParameterValue> read_parameter(std::string_view bytes, Format format, std::uint32_t oid);

/// A numeric in its binary format: "-12.50", "NaN". Errors: pgwire.bad_parameter.
Result<std::string> read_numeric(std::string_view bytes);
void append_numeric(std::string_view digits, WireWriter& out);

/// What the engine calls a type that a client declared a parameter to be; empty where it is better left to
/// the parameter's surroundings.
std::string declared_sql_type(std::uint32_t oid);

}  // namespace tarn::pgwire
