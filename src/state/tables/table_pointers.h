#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "state/database.h"

/// The catalog's rows: namespaces with properties, and for each table and view the location of its current
/// metadata. Tables and views share their names. Rules about names and metadata are the catalog library's;
/// here a name is any text.
namespace tarn::state {

using Properties = std::map<std::string, std::string>;

enum class EntryKind : std::uint8_t { kTable = 0, kView = 1 };

struct TablePointer {
  TableName table = {};
  std::string metadata_location = "";
  std::string previous_metadata_location = "";  ///< Empty for a new table.
  EntryKind kind = EntryKind::kTable;
};

/// state.conflict when it exists.
Status insert_namespace(Transaction& transaction, const std::string& name, const Properties& properties);
/// state.not_found.
Status replace_namespace_properties(Transaction& transaction, const std::string& name,
                                    const Properties& properties);
/// state.not_found when there is none, state.conflict when it holds tables or nested namespaces.
Status remove_namespace(Transaction& transaction, const std::string& name);
/// Nothing when the namespace does not exist.
Result<std::optional<Properties>> find_namespace(Database& database, const std::string& name);
/// All names, sorted; of a nested one the dotted name.
Result<std::vector<std::string>> list_namespaces(Database& database);

/// state.conflict when a table or view of that name exists, state.not_found when its namespace does not.
Status insert_table(Transaction& transaction, const TableName& table, const std::string& metadata_location,
                    EntryKind kind = EntryKind::kTable);

struct PointerSwap {
  TableName table = {};
  std::string expected = "";  ///< The metadata location it must have now.
  std::string next = "";
};
/// Compare and swap. state.conflict when the pointer is not the expected one, or the table is gone.
Status swap_table_pointer(Transaction& transaction, const PointerSwap& swap);
/// state.not_found.
Status remove_table(Transaction& transaction, const TableName& table);
/// state.not_found for the table or the new namespace, state.conflict when the new name exists.
Status rename_table(Transaction& transaction, const TableName& from, const TableName& to);

/// The table or view of that name, or nothing.
Result<std::optional<TablePointer>> find_table(Database& database, const TableName& table);
/// The same, inside a transaction.
Result<std::optional<TablePointer>> find_table(Transaction& transaction, const TableName& table);
/// Tables and views, sorted by name; of all namespaces when `schema` is empty.
Result<std::vector<TablePointer>> list_tables(Database& database, const std::string& schema);

}  // namespace tarn::state
