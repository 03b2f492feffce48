#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

/// Rules about names. Case counts. A namespace is one level or more, joined with dots; a table's name has no
/// dots. Each level is 1 to 255 bytes of UTF-8 without `/`, `\`, dots and control characters.
namespace tarn::catalog {

/// catalog.bad_name, the message saying what is wrong with which part.
Status check_namespace_name(std::string_view name);
Status check_table_name(const TableName& table);

/// "a.b.c" as "a", "b", "c".
std::vector<std::string> namespace_levels(std::string_view name);
/// "a.b" of "a.b.c"; empty for a namespace of one level.
std::string_view parent_namespace(std::string_view name);

/// The name as the name of one folder: letters, digits, `_`, `-`, `.` stay, all else becomes `_`; at most 200
/// bytes. Different names may give the same folder.
std::string folder_name(std::string_view name);

/// True when folder_name() lost something, so that the folder needs a suffix to be the name's own.
bool folder_name_is_lossy(std::string_view name);

}  // namespace tarn::catalog
