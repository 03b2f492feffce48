#pragma once

#include <span>

#include "base/error.h"

namespace tarn::iceberg {

inline constexpr ErrorCode kBadJson{
    "iceberg.bad_json", ErrorClass::kPermanent, "The text is not JSON, or is nested too deeply.",
    "Restore the file from a copy; it was truncated or is no Iceberg metadata."};
inline constexpr ErrorCode kBadType{
    "iceberg.bad_type", ErrorClass::kUser, "The type does not exist.",
    "Use a type of the Iceberg specification, such as `long` or `decimal(10,2)`."};
inline constexpr ErrorCode kUnsupportedType{
    "iceberg.unsupported_type", ErrorClass::kUser,
    "Tarn passes columns of this type on, but does not read them (variant, geometry, geography, unknown, "
    "nanoseconds).",
    "Drop the column with the engine that made it, or read the table with that engine."};
inline constexpr ErrorCode kBadSchema{"iceberg.bad_schema", ErrorClass::kUser,
                                      "The schema breaks a rule of the specification.",
                                      "Give every field an id and a name of its own."};
inline constexpr ErrorCode kColumnExists{"iceberg.column_exists", ErrorClass::kUser,
                                         "A column of this name exists already.", "Choose another name."};
inline constexpr ErrorCode kColumnNotFound{"iceberg.column_not_found", ErrorClass::kUser,
                                           "The table has no such column.", "Check the spelling."};
inline constexpr ErrorCode kIllegalWidening{"iceberg.illegal_widening", ErrorClass::kUser,
                                            "A column's type cannot become the other without losing values.",
                                            "Only int to long, float to double and a decimal of more digits "
                                            "are allowed; otherwise add a new column."};
inline constexpr ErrorCode kIllegalChange{"iceberg.illegal_change", ErrorClass::kUser,
                                          "The specification forbids this change of a schema.",
                                          "See the message; adding an optional column is always allowed."};
inline constexpr ErrorCode kBadValue{"iceberg.bad_value", ErrorClass::kPermanent,
                                     "A value does not have the form that its type demands.",
                                     "The file was written wrongly or is damaged; restore it from a copy."};
inline constexpr ErrorCode kBadTransform{
    "iceberg.bad_transform", ErrorClass::kUser,
    "The transform does not exist or does not fit its column's type.",
    "Use identity, bucket[N], truncate[W], year, month, day, hour or void."};
inline constexpr ErrorCode kBadPartitionSpec{"iceberg.bad_partition_spec", ErrorClass::kUser,
                                             "The partition spec breaks a rule of the specification.",
                                             "Name existing columns of primitive types, each field once."};
inline constexpr ErrorCode kBadSortOrder{"iceberg.bad_sort_order", ErrorClass::kUser,
                                         "The sort order breaks a rule of the specification.",
                                         "Name existing columns of primitive types."};
inline constexpr ErrorCode kBadMetadata{"iceberg.bad_metadata", ErrorClass::kPermanent,
                                        "The table metadata breaks a rule of the specification.",
                                        "The message names the JSON path; restore the file from a copy."};
inline constexpr ErrorCode kUnsupportedVersion{
    "iceberg.unsupported_version", ErrorClass::kUser, "The format version cannot be used for this.",
    "Use version 2, or 3 for what only it has; no version can be lowered."};
inline constexpr ErrorCode kBadUpdate{"iceberg.bad_update", ErrorClass::kUser,
                                      "The update cannot be applied to the table.",
                                      "See the message; it names what is missing or in the way."};
inline constexpr ErrorCode kBadFilter{
    "iceberg.bad_filter", ErrorClass::kUser,
    "The filter of a scan is not one of the specification's, or does not fit "
    "the table's columns.",
    "See the message; it names the JSON path."};
inline constexpr ErrorCode kStaleUpdate{
    "iceberg.stale_update", ErrorClass::kTransient,
    "A snapshot was prepared upon an older state of the table: its sequence number or row ids are taken.",
    "Load the table again and repeat the change upon its new state."};
inline constexpr ErrorCode kRequirementFailed{
    "iceberg.requirement_failed", ErrorClass::kTransient,
    "The table is no longer as the commit assumed: someone else committed first.",
    "Load the table again and repeat the change upon its new state."};
inline constexpr ErrorCode kBadAvro{"iceberg.bad_avro", ErrorClass::kPermanent,
                                    "The Avro file is damaged or its values do not fit its schema.",
                                    "Restore the file from a copy."};
inline constexpr ErrorCode kUnsupportedCodec{
    "iceberg.unsupported_codec", ErrorClass::kPermanent,
    "The Avro file is compressed by a codec that Tarn does not read.",
    "Let the other writer use the codec `deflate` (Iceberg calls it gzip)."};
inline constexpr ErrorCode kBadManifest{"iceberg.bad_manifest", ErrorClass::kPermanent,
                                        "The manifest or manifest list breaks a rule of the specification.",
                                        "Restore the file from a copy."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::iceberg
