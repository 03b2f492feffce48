#pragma once

#include <span>

#include "base/error.h"

/// What a session can answer besides the codes of engine/errors.h and of the catalog, the state and the
/// tables.
namespace tarn::query {

inline constexpr ErrorCode kReadOnly{
    "sql.read_only", ErrorClass::kUser, "A statement would change the lake: its tables are read-only in SQL.",
    "Change data through its feeds; `CREATE TEMP TABLE … AS SELECT …` holds results of your own."};
inline constexpr ErrorCode kNotAllowed{"sql.not_allowed", ErrorClass::kUser,
                                       "The session does not allow this kind of statement.",
                                       "Query with SELECT; files and settings are for the command line."};
inline constexpr ErrorCode kUnknownTable{"sql.unknown_table", ErrorClass::kUser, "There is no such table.",
                                         "Correct the name; `SHOW TABLES` lists the tables."};
inline constexpr ErrorCode kBadTimeTravel{
    "sql.bad_time_travel", ErrorClass::kUser, "An AT clause does not say which snapshot is meant.",
    "Write AT (VERSION => id), AT (TIMESTAMP => 'time'), AT (TAG => 'name') or AT (BRANCH => 'name')."};
inline constexpr ErrorCode kUnreadableTable{
    "sql.unreadable_table", ErrorClass::kPermanent, "A table cannot be read by the SQL engine.",
    "See the reason; rewrite the table with types that are supported."};

inline constexpr ErrorCode kUnsupportedWrite{"sql.unsupported_write", ErrorClass::kUser,
                                             "PostgreSQL has this way to change data, Tarn does not.",
                                             "Write it as the hint says; docs/sql-writes.md has the list."};
inline constexpr ErrorCode kWriteDenied{"sql.write_denied", ErrorClass::kUser,
                                        "The user may not change this table by SQL.",
                                        "Ask who keeps access/*.yaml: a role needs it under `write:`."};
inline constexpr ErrorCode kWrittenByFeed{
    "sql.written_by_feed", ErrorClass::kUser, "A feed writes this table, and SQL must leave it alone.",
    "Correct the data at its source, or keep results in another table."};
inline constexpr ErrorCode kMaterializedView{
    "sql.materialized_view", ErrorClass::kUser,
    "A materialized view is changed like a table, or a table like a materialized view.",
    "A materialized view is made of its query: REFRESH, ALTER or DROP MATERIALIZED VIEW."};
inline constexpr ErrorCode kTooComplex{
    "sql.too_complex", ErrorClass::kUser,
    "Written out, a statement would be larger than the engine can plan in reasonable time.",
    "Keep a part of it in a temporary table, or write it with fewer layers."};
inline constexpr ErrorCode kNotNull{"sql.not_null", ErrorClass::kUser,
                                    "A column that must have a value got none.",
                                    "Give every row a value, or `ALTER TABLE … ALTER … DROP NOT NULL`."};
inline constexpr ErrorCode kNoSchemaSelected{"sql.no_schema_selected", ErrorClass::kUser,
                                             "A new table has no schema.",
                                             "Write `schema.table`, or `USE schema` before."};
inline constexpr ErrorCode kDuplicateColumn{"sql.duplicate_column", ErrorClass::kUser,
                                            "A column is named twice.",
                                            "Give each column a name of its own."};
inline constexpr ErrorCode kCardinality{"sql.cardinality", ErrorClass::kUser,
                                        "A statement would change one row twice.",
                                        "Let each row of the table meet one row of the source at most."};
inline constexpr ErrorCode kBadCopyData{"sql.bad_copy_data", ErrorClass::kUser,
                                        "Rows of COPY … FROM do not have the form that was announced.",
                                        "Correct the line that the message names; nothing was written."};

inline constexpr ErrorCode kUnknownUser{"access.unknown_user", ErrorClass::kUser,
                                        "The project has no user of that name.",
                                        "Correct the name, or define the user in access/*.yaml."};
inline constexpr ErrorCode kAccessChanged{"access.changed", ErrorClass::kUser,
                                          "Users or their rights have changed since this session began.",
                                          "Connect again."};
inline constexpr ErrorCode kMissingAttribute{"access.missing_attribute", ErrorClass::kUser,
                                             "A row filter names an attribute that the user does not have.",
                                             "Give the user the attribute, or correct the filter."};
inline constexpr ErrorCode kBadFilter{"access.bad_filter", ErrorClass::kUser,
                                      "A row filter is not one condition over the table's columns.",
                                      "Write SQL without subqueries, such as `facility = $facility`."};
inline constexpr ErrorCode kNoMaskKey{
    "access.no_mask_key", ErrorClass::kPermanent, "The key of `hash` masks is not at hand.",
    "Set the variable of `mask_key_env`, or make the file of `mask_key_file`."};

inline constexpr ErrorCode kNotAdministrator{
    "access.not_administrator", ErrorClass::kUser, "The user may not change users, roles and rights.",
    "Ask the owner, or one whose role has `administers: true` in access/*.yaml."};
inline constexpr ErrorCode kUnknownRole{"access.unknown_role", ErrorClass::kUser,
                                        "There is no role or user of that name.",
                                        "Correct the name, or CREATE ROLE it."};
inline constexpr ErrorCode kRoleExists{"access.role_exists", ErrorClass::kUser,
                                       "A role or a user has that name already.", "Choose another name."};
inline constexpr ErrorCode kStandsInFile{"access.stands_in_file", ErrorClass::kUser,
                                         "SQL cannot take back what access/*.yaml say.",
                                         "Change the file at the place that the message names."};
inline constexpr ErrorCode kBadRule{"access.bad_rule", ErrorClass::kUser,
                                    "Users and roles would not be in order with this change.",
                                    "See the reason; nothing was changed."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::query
