#pragma once

#include <array>
#include <span>

#include "base/error.h"

/// Every code that loading a project can give. Those marked "warning" come in LoadOutcome::warnings.
namespace tarn::project {

inline constexpr ErrorCode kNoProjectFile{"project.no_project_file", ErrorClass::kUser,
                                          "The folder holds no tarn.yaml.",
                                          "Run `tarn init`, or name the project's folder with -C."};
inline constexpr ErrorCode kNoFeeds{"project.no_feeds", ErrorClass::kUser,
                                    "The project has no feed (warning).",
                                    "Write a contract in feeds/, or let `tarn discover` propose one."};
inline constexpr ErrorCode kDuplicateFeed{"project.duplicate_feed", ErrorClass::kUser,
                                          "Two contracts give the same feed name.", "Rename one of the two."};
inline constexpr ErrorCode kTableConflict{
    "project.table_conflict", ErrorClass::kUser,
    "Two feeds write one table and do not agree on its mode, columns, key or layout.",
    "Let both append the same columns, or give each feed its own table."};
inline constexpr ErrorCode kAmbiguousSource{
    "project.ambiguous_source", ErrorClass::kUser,
    "Two feeds claim the same files and members of one folder (warning), or do not agree on what becomes of "
    "the files.",
    "Tell them apart with `files:` or `members:`, unless both are meant to read every file."};

inline constexpr ErrorCode kFolderConflict{
    "project.folder_conflict", ErrorClass::kUser,
    "Two folders of the project are the same, or one lies within the other.",
    "Give the warehouse, the landing zone, the state and each source a folder of its own."};
inline constexpr ErrorCode kPlainTransport{
    "project.plain_transport", ErrorClass::kUser,
    "Data go to another machine without encryption on the way (warning).", "Use an https:// address."};

inline constexpr ErrorCode kYamlSyntax{"contract.yaml_syntax", ErrorClass::kUser, "The file is not YAML.",
                                       "Correct the place shown: often the indentation, a tab, or a missing "
                                       "quote or colon."};
inline constexpr ErrorCode kNotUtf8{"contract.not_utf8", ErrorClass::kUser, "The file is not UTF-8 text.",
                                    "Save the file as UTF-8."};
inline constexpr ErrorCode kTooLarge{
    "contract.too_large", ErrorClass::kUser,
    "The file is larger, deeper nested or more repetitive than a contract can be.",
    "Split the contract; write out anchors and aliases."};
inline constexpr ErrorCode kEmptyDocument{"contract.empty_document", ErrorClass::kUser,
                                          "The file holds nothing.",
                                          "Write the contract, or delete the file."};
inline constexpr ErrorCode kDuplicateKey{"contract.duplicate_key", ErrorClass::kUser,
                                         "A key stands twice in one block.", "Remove one of the two."};
inline constexpr ErrorCode kUnknownKey{"contract.unknown_key", ErrorClass::kUser, "A key is not known here.",
                                       "Correct its name; the reference lists the keys of each block."};
inline constexpr ErrorCode kNotApplicable{"contract.not_applicable", ErrorClass::kUser,
                                          "A key has no meaning for this format, type or mode.",
                                          "Remove the key, or correct the format, type or mode."};
inline constexpr ErrorCode kMissingKey{"contract.missing_key", ErrorClass::kUser,
                                       "A required key is missing.", "Add the key."};
inline constexpr ErrorCode kWrongType{"contract.wrong_type", ErrorClass::kUser,
                                      "A value has the wrong shape, such as a list where a number belongs.",
                                      "Write the value as the message shows."};
inline constexpr ErrorCode kBadValue{"contract.bad_value", ErrorClass::kUser,
                                     "A value is not one of those allowed.", "Choose an allowed value."};
inline constexpr ErrorCode kUnknownVariable{"contract.unknown_variable", ErrorClass::kUser,
                                            "`${NAME}` names an environment variable that is not set.",
                                            "Set the variable for the process that runs tarn."};
inline constexpr ErrorCode kBadName{"contract.bad_name", ErrorClass::kUser,
                                    "A name has characters that names may not have.",
                                    "Use lower-case letters, digits and underscores, a letter first."};
inline constexpr ErrorCode kReservedName{"contract.reserved_name", ErrorClass::kUser,
                                         "A name is reserved for Tarn's own columns or tables.",
                                         "Choose another name."};
inline constexpr ErrorCode kBadType{"contract.bad_type", ErrorClass::kUser, "A column type is not known.",
                                    "Choose one of the types of the reference."};
inline constexpr ErrorCode kBadPattern{"contract.bad_pattern", ErrorClass::kUser,
                                       "A glob or regular expression does not compile.",
                                       "Correct the pattern at the place named."};
inline constexpr ErrorCode kUnknownColumn{"contract.unknown_column", ErrorClass::kUser,
                                          "A setting names a column that the feed does not have.",
                                          "Correct the name, or add the column."};
inline constexpr ErrorCode kDuplicateColumn{"contract.duplicate_column", ErrorClass::kUser,
                                            "Two columns have one name.", "Rename one of the two."};
inline constexpr ErrorCode kDuplicateFrom{"contract.duplicate_from", ErrorClass::kUser,
                                          "Two columns read the same place of the source (warning).",
                                          "Correct `from:` of one of the two, unless both are meant to."};
inline constexpr ErrorCode kBadKey{"contract.bad_key", ErrorClass::kUser,
                                   "The key is missing, or a column cannot be part of one.",
                                   "Name columns of exact, scalar types that identify a record."};
inline constexpr ErrorCode kBadVersionColumn{
    "contract.bad_version_column", ErrorClass::kUser, "The version column has no order to speak of.",
    "Name a timestamp, date or number column that grows with each change."};
inline constexpr ErrorCode kBadDeleteRule{
    "contract.bad_delete_when", ErrorClass::kUser,
    "`delete_when` names a column or values that cannot tell a deletion.",
    "Name a text, boolean or integer column outside the key, and values that it may have."};
inline constexpr ErrorCode kBadTrack{
    "contract.bad_track", ErrorClass::kUser, "`track` names a column that does not change, or one twice.",
    "Name columns besides those of `key`, `version_column` and `delete_when`."};
inline constexpr ErrorCode kBadPrevious{
    "contract.bad_previous", ErrorClass::kUser,
    "`previous` names a column that has no former value to tell, or one twice.",
    "Name scalar columns besides those of `key`, `version_column` and `delete_when`."};
inline constexpr ErrorCode kBadReplace{
    "contract.bad_replace", ErrorClass::kUser, "`replace: by` names a column that no scope can be told by.",
    "Name columns of the key, such as that of the facility that sends its own list."};
inline constexpr ErrorCode kBadEventTime{"contract.bad_event_time", ErrorClass::kUser,
                                         "The event time is missing or not a date or timestamp.",
                                         "Name a date, timestamp or timestamptz column."};
inline constexpr ErrorCode kBadPartition{"contract.bad_partition", ErrorClass::kUser,
                                         "A partition entry is malformed or does not fit its column's type.",
                                         "Write it as in `month(admitted_at)` or `bucket(16, id)`."};
inline constexpr ErrorCode kBadSort{"contract.bad_sort", ErrorClass::kUser,
                                    "A sort entry is malformed or names a list.",
                                    "Write it as in `facility_id` or `admitted_at desc`."};
inline constexpr ErrorCode kBadRange{
    "contract.bad_range", ErrorClass::kUser,
    "A range or length is empty, or its bounds are not values of the column.",
    "Write `min` and `max` as values of the column's type, min first."};
inline constexpr ErrorCode kBadConstant{"contract.bad_constant", ErrorClass::kUser,
                                        "A default or accepted value is not a value of the column, or breaks "
                                        "its other rules.",
                                        "Write it as the source would, in the column's type and format."};
inline constexpr ErrorCode kBadFormat{"contract.bad_format", ErrorClass::kUser,
                                      "A column's `format:` does not fit its type or has unknown letters.",
                                      "Use the strptime letters of the reference."};
inline constexpr ErrorCode kBadFrom{"contract.bad_from", ErrorClass::kUser,
                                    "`from:` does not name a place of this format.",
                                    "Write a header name, a number, a range `1-10` or an XML path."};
inline constexpr ErrorCode kBadDialect{"contract.bad_dialect", ErrorClass::kUser,
                                       "Delimiter, quote, escape, comment or marks contradict one another.",
                                       "Give each its own character."};
inline constexpr ErrorCode kOverlap{"contract.overlap", ErrorClass::kUser,
                                    "Two fixed-width columns share characters (warning).",
                                    "Correct the positions, unless the overlap is meant."};
inline constexpr ErrorCode kBadTimezone{
    "contract.bad_timezone", ErrorClass::kUser, "A time zone is not known.",
    "Write UTC, an offset such as +01:00, or a name such as Europe/Berlin."};
inline constexpr ErrorCode kBadChild{"contract.bad_child", ErrorClass::kUser,
                                     "A child table asks for what its feed does not have.",
                                     "Give the feed `type: xml` and a key, and the child its own table."};
inline constexpr ErrorCode kBadMoveTo{"contract.bad_move_to", ErrorClass::kUser,
                                      "`after: move` and `move_to:` do not fit together or feed themselves.",
                                      "Move to a folder outside the watched one, or ignore it."};

inline constexpr ErrorCode kUnknownRole{
    "access.unknown_role", ErrorClass::kUser,
    "A user or role names a role that does not exist, or inherits itself.",
    "Correct the name, or define the role under `roles:`."};
inline constexpr ErrorCode kDuplicateName{"access.duplicate_name", ErrorClass::kUser,
                                          "Two files define the same user or role, or the same setting.",
                                          "Keep one of the two."};
inline constexpr ErrorCode kUnknownGranted{
    "access.unknown_table", ErrorClass::kUser,
    "A grant or denial names a table or class that does not exist, or no table's name.",
    "Correct the name: `schema.table`, with `*` for any characters of a part."};
inline constexpr ErrorCode kUnknownMasked{"access.unknown_column", ErrorClass::kUser,
                                          "A grant or denial names a column that its tables do not have.",
                                          "Correct the name."};
inline constexpr ErrorCode kBadPassword{"access.bad_password", ErrorClass::kUser,
                                        "A user's `password:` is not a SCRAM verifier.",
                                        "Let `tarn access password` make it; never write a password down."};
inline constexpr ErrorCode kBadMask{"access.bad_mask", ErrorClass::kUser,
                                    "A mask is not known, or does not fit the column's type.",
                                    "Choose another mask; `null` fits every type."};

/// Every code of this library, for the reference page.
inline std::span<const ErrorCode* const> error_codes() {
  static constexpr std::array kCodes = {
      &kNoProjectFile,  &kNoFeeds,          &kDuplicateFeed,   &kTableConflict,   &kAmbiguousSource,
      &kFolderConflict, &kPlainTransport,   &kYamlSyntax,      &kNotUtf8,         &kTooLarge,
      &kEmptyDocument,  &kDuplicateKey,     &kUnknownKey,      &kNotApplicable,   &kMissingKey,
      &kWrongType,      &kBadValue,         &kUnknownVariable, &kBadName,         &kReservedName,
      &kBadType,        &kBadPattern,       &kUnknownColumn,   &kDuplicateColumn, &kDuplicateFrom,
      &kBadKey,         &kBadVersionColumn, &kBadDeleteRule,   &kBadTrack,        &kBadPrevious,
      &kBadReplace,     &kBadEventTime,     &kBadPartition,    &kBadSort,         &kBadRange,
      &kBadConstant,    &kBadFormat,        &kBadFrom,         &kBadDialect,      &kOverlap,
      &kBadTimezone,    &kBadChild,         &kBadMoveTo,       &kUnknownRole,     &kDuplicateName,
      &kUnknownGranted, &kUnknownMasked,    &kBadPassword,     &kBadMask};
  return kCodes;
}

}  // namespace tarn::project
