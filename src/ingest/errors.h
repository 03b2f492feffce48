#pragma once

#include <span>

#include "base/error.h"

/// Codes of ingest: those of the process, and those that rows in `ops.quarantine` carry.
namespace tarn::ingest {

inline constexpr ErrorCode kIncompatibleTable{
    "ingest.incompatible_table", ErrorClass::kUser,
    "A contract asks for what its table cannot become: another type of a column, or another key.",
    "Give the column a new name or the feed a new table, or put the former key back."};
inline constexpr ErrorCode kOutOfMemory{"ingest.out_of_memory", ErrorClass::kPermanent,
                                        "A batch does not fit into memory.",
                                        "Raise limits.memory or lower batch.max_bytes in tarn.yaml."};
inline constexpr ErrorCode kLandingCorrupt{
    "ingest.landing_corrupt", ErrorClass::kPermanent,
    "Bytes in the landing zone are not what their name promises.",
    "Restore the file from a backup of the landing zone, and check the disk."};
inline constexpr ErrorCode kNoFeeds{"ingest.no_feeds", ErrorClass::kUser, "The project has no feeds.",
                                    "Write a contract into feeds/, or let `tarn discover FILE` propose one."};
inline constexpr ErrorCode kUnknownFeed{"ingest.unknown_feed", ErrorClass::kUser,
                                        "No feed of the project has this name.",
                                        "Look at the names in feeds/*.yaml."};
inline constexpr ErrorCode kNoBackfill{"ingest.no_backfill", ErrorClass::kUser,
                                       "The feed has no backfill, or not one of that kind.",
                                       "`tarn backfill status` lists them; `tarn backfill FEED` begins one."};
inline constexpr ErrorCode kPartialBackfill{
    "ingest.partial_backfill", ErrorClass::kUser,
    "A backfill of some time only cannot become the feed's table: all else would be missing.",
    "Discard it, and begin one without --from and --to; or copy its rows by SQL."};

// Routing: whole files and members.
inline constexpr ErrorCode kFileTooLarge{"archive.file_too_large", ErrorClass::kUser,
                                         "An arrived file exceeds limits.file_size.",
                                         "Raise limits.file_size of the feed and replay."};
inline constexpr ErrorCode kNotAZip{"archive.not_a_zip", ErrorClass::kUser,
                                    "A file is named .zip and is no zip archive.",
                                    "Ask the sender to pack it anew, or to name it for what it is."};
inline constexpr ErrorCode kNoFeedForMember{
    "route.no_feed", ErrorClass::kUser, "No feed takes this member of an archive.",
    "Extend source.members of a feed, or name it in source.ignore, and replay."};

// Records.
inline constexpr ErrorCode kRequired{
    "record.required", ErrorClass::kUser, "A required value is missing.",
    "Ask the sender for the value, give the column a default, or make it optional."};
inline constexpr ErrorCode kMissingKey{
    "record.missing_key", ErrorClass::kUser, "A key column has no value.",
    "A record without its key cannot be told from others: ask the sender."};
inline constexpr ErrorCode kNotAccepted{"record.not_accepted", ErrorClass::kUser,
                                        "A value is not one of the accepted ones.",
                                        "Correct the value at its source, or extend `accepted`."};
inline constexpr ErrorCode kOutOfRange{"record.out_of_range", ErrorClass::kUser,
                                       "A value lies outside of its range.",
                                       "Correct the value at its source, or widen `range`."};
inline constexpr ErrorCode kBadLength{"record.bad_length", ErrorClass::kUser,
                                      "A value has too few or too many characters.",
                                      "Correct the value at its source, or widen `length`."};
inline constexpr ErrorCode kPatternMismatch{"record.pattern_mismatch", ErrorClass::kUser,
                                            "A value does not match its pattern.",
                                            "Correct the value at its source, or the `pattern`."};
inline constexpr ErrorCode kRagged{"record.ragged", ErrorClass::kUser,
                                   "A row has more or fewer fields than the header.",
                                   "Look for an unquoted delimiter or a cut line; ask the sender."};
inline constexpr ErrorCode kRepeated{"record.repeated", ErrorClass::kUser,
                                     "An element that may come once comes several times.",
                                     "Map it to a list<struct> column or to a child table."};

// Deliveries of `mode: replace`.
inline constexpr ErrorCode kEmptyDelivery{
    "delivery.empty", ErrorClass::kUser,
    "A delivery has no record, and so would delete all that it replaces.",
    "Ask the sender; rows that are really gone are deleted by the next delivery that has any."};
inline constexpr ErrorCode kTooManyDeletes{
    "delivery.too_many_deletes", ErrorClass::kUser,
    "A delivery lacks more of the rows that it would replace than `max_deletes` allows.",
    "Ask the sender whether it is whole; if so, raise `replace: max_deletes`, replay, and put it back."};
inline constexpr ErrorCode kMixedVersions{
    "delivery.mixed_versions", ErrorClass::kUser,
    "The records of a delivery differ in `version_column`, so that it has no version.",
    "Name the column with the date of the extract, or none: then the later arrival is the newer one."};
inline constexpr ErrorCode kUnknownColumn{
    "drift.unknown_column", ErrorClass::kUser, "The data has a column that the contract does not know.",
    "Add the column to the contract, or set `drift: evolve` or `freeze`, and replay."};
inline constexpr ErrorCode kMissingColumn{"drift.missing_column", ErrorClass::kUser,
                                          "The data lacks a column of the contract.",
                                          "Ask the sender, or change the contract (or `drift`), and replay."};
inline constexpr ErrorCode kDuplicateColumn{
    "csv.duplicate_column", ErrorClass::kUser, "A header names a column twice.",
    "Ask the sender; a doubled name leaves open which value is meant."};
inline constexpr ErrorCode kNoHeader{"csv.no_header", ErrorClass::kUser, "A file ends before its header.",
                                     "Check skip_rows and whether the file is empty."};
inline constexpr ErrorCode kNoRecord{"xml.no_record", ErrorClass::kUser,
                                     "A document has no element at the record's path.",
                                     "Check format.record and format.namespaces against the document."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::ingest
