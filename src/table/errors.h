#pragma once

#include <span>

#include "base/error.h"

namespace tarn::table {

inline constexpr ErrorCode kUnsupportedType{
    "table.unsupported_type", ErrorClass::kUser, "A column's type cannot be moved between Arrow and Iceberg.",
    "Use one of the documented column types; read other tables with the engine that made them."};
inline constexpr ErrorCode kBatchMismatch{"table.batch_mismatch", ErrorClass::kBug,
                                          "A batch of rows does not have the columns of the table.",
                                          "Report it: Tarn gave its own writer the wrong columns."};
inline constexpr ErrorCode kNullInRequired{"table.null_in_required", ErrorClass::kUser,
                                           "A required column holds a null.",
                                           "Correct the source, or make the column optional."};
inline constexpr ErrorCode kWrongLength{"table.wrong_length", ErrorClass::kUser,
                                        "A value has more or fewer bytes than its column's type.",
                                        "Give a `fixed(n)` column values of n bytes."};
inline constexpr ErrorCode kTooLarge{"table.too_large", ErrorClass::kUser,
                                     "A batch is too large to be held in one piece.",
                                     "Lower `batch.max_bytes` or `batch.max_rows`."};
inline constexpr ErrorCode kParquetFailed{"table.parquet_failed", ErrorClass::kPermanent,
                                          "A Parquet file could not be written or read.",
                                          "See the reason given; restore a damaged file from a copy."};
inline constexpr ErrorCode kUnsupportedFormat{"table.unsupported_format", ErrorClass::kPermanent,
                                              "A data or delete file is not Parquet, or is encrypted.",
                                              "Rewrite the table's files as plain Parquet."};
inline constexpr ErrorCode kUnsupportedDelete{"table.unsupported_delete", ErrorClass::kPermanent,
                                              "The table has equality deletes, which Tarn does not read.",
                                              "Compact the table with the engine that wrote them."};
inline constexpr ErrorCode kSnapshotNotFound{"table.snapshot_not_found", ErrorClass::kUser,
                                             "The table has no such snapshot, branch or tag.",
                                             "List the snapshots; old ones may have expired."};
inline constexpr ErrorCode kNotAnAncestor{
    "table.not_an_ancestor", ErrorClass::kUser,
    "The first snapshot of an incremental scan does not lead to the last one.",
    "Begin at a snapshot of the same branch that has not expired."};
inline constexpr ErrorCode kBadChange{"table.bad_change", ErrorClass::kBug,
                                      "A snapshot cannot be built from what was given.",
                                      "Report it: Tarn assembled a commit wrongly."};
inline constexpr ErrorCode kBadKey{"table.bad_key", ErrorClass::kUser,
                                   "The key, version or tie-break columns cannot serve as such.",
                                   "Choose existing primitive columns outside of lists."};
inline constexpr ErrorCode kNullKey{"table.null_key", ErrorClass::kUser, "A key column holds a null.",
                                    "Quarantine such records, or choose another key."};
inline constexpr ErrorCode kIndexFailed{"table.index_failed", ErrorClass::kPermanent,
                                        "The key index could not be opened, read or written.",
                                        "Check the disk; the folder of the index may be deleted: it is built "
                                        "anew from the table."};
inline constexpr ErrorCode kIndexNotInStep{"table.index_not_in_step", ErrorClass::kTransient,
                                           "The key index describes another snapshot than the table's.",
                                           "Bring the index up to date and plan the upsert again."};
inline constexpr ErrorCode kSpillFailed{
    "table.spill_failed", ErrorClass::kTransient, "Rows that memory has no room for cannot be kept on disk.",
    "Make room on the disk of the project's state folder, and run again: nothing is lost."};
inline constexpr ErrorCode kBadProperty{"table.bad_property", ErrorClass::kUser,
                                        "A property of the table has a value that says nothing.",
                                        "Set the property to one of the values named, or remove it."};
inline constexpr ErrorCode kBadZOrder{"table.bad_zorder", ErrorClass::kUser,
                                      "The property `tarn.zorder` is not a list of the table's columns.",
                                      "Correct `zorder` in the contract, or the table's property."};
inline constexpr ErrorCode kMissingFiles{
    "table.missing_files", ErrorClass::kPermanent,
    "The table names a file that is not in its folder; nothing is removed on that ground.",
    "`tarn doctor` shows which files are missing; bring them back from a copy of the warehouse."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::table
