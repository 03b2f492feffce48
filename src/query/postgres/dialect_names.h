#pragma once

#include <array>
#include <string_view>
#include <utility>

/// Names of PostgreSQL's that translate() knows. For this library only.
namespace tarn::query::postgres {

/// Functions that the system catalog brings, besides those that begin with `pg_` and `has_`.
inline constexpr std::array<std::string_view, 27> kFunctions = {"age",
                                                                "array_lower",
                                                                "array_upper",
                                                                "btrim",
                                                                "clock_timestamp",
                                                                "col_description",
                                                                "current_database",
                                                                "current_schema",
                                                                "current_schemas",
                                                                "current_setting",
                                                                "div",
                                                                "format_type",
                                                                "inet_client_addr",
                                                                "inet_server_addr",
                                                                "inet_server_port",
                                                                "obj_description",
                                                                "quote_ident",
                                                                "quote_literal",
                                                                "set_config",
                                                                "shobj_description",
                                                                "statement_timestamp",
                                                                "to_regclass",
                                                                "to_regtype",
                                                                "transaction_timestamp",
                                                                "txid_current",
                                                                "version",
                                                                "_pg_expandarray"};

/// Types that only PostgreSQL has, and what stands for them.
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 15> kTypes = {
    {{"name", "VARCHAR"},
     {"char", "VARCHAR"},
     {"cstring", "VARCHAR"},
     {"regproc", "VARCHAR"},
     {"regoper", "VARCHAR"},
     {"regoperator", "VARCHAR"},
     {"regprocedure", "VARCHAR"},
     {"regnamespace", "VARCHAR"},
     {"regrole", "VARCHAR"},
     {"xid", "UINTEGER"},
     {"oid", "UINTEGER"},
     {"int2vector", "VARCHAR"},
     {"oidvector", "VARCHAR"},
     {"unknown", "VARCHAR"},
     {"jsonb", "JSON"}}};

inline constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kRenamed = {
    {{"json_build_object", "json_object"},
     {"jsonb_build_object", "json_object"},
     {"json_build_array", "json_array"},
     {"jsonb_build_array", "json_array"},
     {"json_agg", "json_group_array"},
     {"jsonb_agg", "json_group_array"}}};

}  // namespace tarn::query::postgres
