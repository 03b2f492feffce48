#pragma once

#include <span>
#include <string_view>

#include "base/result.h"
#include "state/connection.h"

/// The state's schema, as the steps that lead to it. Number N of the span leads from version N to N + 1. A
/// step, once released, never changes. They are written in SQLite's words, of which PostgreSQL's adapter
/// knows those that stand here (postgres/sql_text.h). For this library only.
namespace tarn::state {

/// "TARN", which tells a state database from any other.
inline constexpr std::int64_t kApplicationId = 0x5441524e;

/// All steps to the present schema.
std::span<const std::string_view> migrations();

/// Brings a database that is empty or a state database up to date, all or nothing, safe against another
/// process doing the same. state.not_state, state.newer_schema.
Status migrate(Connection& connection, std::span<const std::string_view> steps);

/// Whether the schema is the present one, without changing it. Also state.needs_migration.
Status check_schema(Connection& connection, std::span<const std::string_view> steps);

}  // namespace tarn::state
