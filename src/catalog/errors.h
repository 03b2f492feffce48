#pragma once

#include <span>

#include "base/error.h"

namespace tarn::catalog {

inline constexpr ErrorCode kBadName{
    "catalog.bad_name", ErrorClass::kUser, "A namespace or table cannot have this name.",
    "Use 1 to 255 bytes without backslashes and control characters, such as `curated.encounter`."};
inline constexpr ErrorCode kBadLocation{"catalog.bad_location", ErrorClass::kUser,
                                        "A table's location is outside of the warehouse.",
                                        "Leave the location out, or choose a folder below `warehouse`."};
inline constexpr ErrorCode kBadCommit{"catalog.bad_commit", ErrorClass::kUser,
                                      "A commit names a table twice, or creates and assumes one at once.",
                                      "Put all changes of one table into one commit entry."};
inline constexpr ErrorCode kNamespaceExists{"catalog.namespace_exists", ErrorClass::kUser,
                                            "The namespace exists already.", "Choose another name."};
inline constexpr ErrorCode kNamespaceNotFound{"catalog.namespace_not_found", ErrorClass::kUser,
                                              "There is no such namespace.",
                                              "Check the name, or create the namespace."};
inline constexpr ErrorCode kNamespaceNotEmpty{"catalog.namespace_not_empty", ErrorClass::kUser,
                                              "The namespace still holds tables or namespaces.",
                                              "Drop or rename them first."};
inline constexpr ErrorCode kTableExists{"catalog.table_exists", ErrorClass::kUser,
                                        "The table exists already.", "Choose another name."};
inline constexpr ErrorCode kTableNotFound{"catalog.table_not_found", ErrorClass::kUser,
                                          "There is no such table.", "Check the name."};
inline constexpr ErrorCode kViewExists{"catalog.view_exists", ErrorClass::kUser,
                                       "A view of that name exists already.", "Choose another name."};
inline constexpr ErrorCode kViewNotFound{"catalog.view_not_found", ErrorClass::kUser,
                                         "There is no such view.", "Check the name."};
inline constexpr ErrorCode kPropertyConflict{"catalog.property_conflict", ErrorClass::kUser,
                                             "A property is to be set and removed at once.",
                                             "Name each key in one of the two lists."};
inline constexpr ErrorCode kMetadataTooLarge{
    "catalog.metadata_too_large", ErrorClass::kUser, "A metadata file would be, or is, larger than 256 MiB.",
    "Expire old snapshots, or remove what is stored in the table's properties."};
inline constexpr ErrorCode kMetadataNotFound{"catalog.metadata_not_found", ErrorClass::kPermanent,
                                             "The metadata file of a table or view is not there.",
                                             "Restore the file from a copy, or drop the table."};
inline constexpr ErrorCode kCommitConflict{
    "catalog.commit_conflict", ErrorClass::kTransient,
    "Somebody else committed to the table first; nothing of this commit happened.",
    "Load the table again and repeat the change upon its new state."};
inline constexpr ErrorCode kCommitFailed{
    "catalog.commit_failed", ErrorClass::kTransient,
    "The state database failed during a commit; read back, nothing of the commit happened.",
    "Look at the reason given, free space if the disk is full, then run the command again."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::catalog
