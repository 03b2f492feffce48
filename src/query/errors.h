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

inline constexpr ErrorCode kUnknownUser{"access.unknown_user", ErrorClass::kUser,
                                        "The project has no user of that name.",
                                        "Correct the name, or define the user in access/*.yaml."};
inline constexpr ErrorCode kMissingAttribute{"access.missing_attribute", ErrorClass::kUser,
                                             "A row filter names an attribute that the user does not have.",
                                             "Give the user the attribute, or correct the filter."};
inline constexpr ErrorCode kBadFilter{"access.bad_filter", ErrorClass::kUser,
                                      "A row filter is not one condition over the table's columns.",
                                      "Write SQL without subqueries, such as `facility = $facility`."};
inline constexpr ErrorCode kNoMaskKey{
    "access.no_mask_key", ErrorClass::kPermanent, "The key of `hash` masks is not at hand.",
    "Set the variable of `mask_key_env`, or make the file of `mask_key_file`."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::query
