#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

/// Rules about names. Case counts. A namespace is one level or more, joined with dots; a dot within a level
/// is written `\.`. Each level, and each name of a table or view, is 1 to 255 bytes of UTF-8 without
/// backslashes and control characters, and not `.` or `..`; folders get names of their own (folder_name).
namespace tarn::catalog {

/// catalog.bad_name, the message saying what is wrong with which part.
Status check_namespace_name(std::string_view name);
Status check_table_name(const TableName& table);

/// "a.b.c" as "a", "b", "c"; "a\.b" as "a.b".
std::vector<std::string> namespace_levels(std::string_view name);
/// The reverse, checked. Errors: catalog.bad_name.
Result<std::string> namespace_name(std::span<const std::string> levels);
/// "a.b" of "a.b.c"; empty for a namespace of one level.
std::string_view parent_namespace(std::string_view name);

/// The name as the name of one folder: letters, digits, `_`, `-` and single dots after the first letter stay,
/// all else becomes `_`; at most 200 bytes. Different names may give the same folder.
std::string folder_name(std::string_view name);

/// True when folder_name() lost something, so that the folder needs a suffix to be the name's own.
bool folder_name_is_lossy(std::string_view name);

}  // namespace tarn::catalog
