#pragma once

#include <span>

#include "base/error.h"

namespace tarn::format {

// Archives -------------------------------------------------------------------------------------------------
inline constexpr ErrorCode kArchiveUnsupported{
    "archive.unsupported", ErrorClass::kUser,
    "The file is an archive of a kind, or a member is packed by a method, that Tarn does not read.",
    "Ask the sender for zip (stored or deflate) or gzip, or for the plain file."};
inline constexpr ErrorCode kArchiveEmpty{"archive.empty", ErrorClass::kUser,
                                         "The archive or file holds nothing.",
                                         "Ask the sender for a file with content, or ignore it by name."};
inline constexpr ErrorCode kArchiveTruncated{
    "archive.truncated", ErrorClass::kUser, "The archive ends before its directory or its last member does.",
    "Ask the sender to transfer the file again; the upload was cut short."};
inline constexpr ErrorCode kArchiveCorrupt{"archive.corrupt", ErrorClass::kUser,
                                           "The archive's structure or compressed data contradicts itself.",
                                           "Ask the sender to pack and transfer the file again."};
inline constexpr ErrorCode kArchiveCrc{"archive.crc", ErrorClass::kUser,
                                       "The content does not match its checksum.",
                                       "Ask the sender to pack and transfer the file again."};
inline constexpr ErrorCode kArchiveHeaderMismatch{
    "archive.header_mismatch", ErrorClass::kUser,
    "A member's own header and the archive's directory disagree.",
    "Ask the sender to pack the file with an ordinary zip tool."};
inline constexpr ErrorCode kArchiveOverlap{
    "archive.overlap", ErrorClass::kUser,
    "Two members of the archive share the same bytes (a zip bomb does).",
    "Ask the sender to pack the file with an ordinary zip tool."};
inline constexpr ErrorCode kArchiveEncrypted{"archive.encrypted", ErrorClass::kUser,
                                             "The member is encrypted.",
                                             "Ask the sender for an archive without a password."};
inline constexpr ErrorCode kArchiveNested{
    "archive.nested", ErrorClass::kUser, "A member of the archive is an archive itself.",
    "Ask the sender to pack the files directly, without inner archives."};
inline constexpr ErrorCode kArchiveUnsafeName{
    "archive.unsafe_name", ErrorClass::kUser,
    "A member's name is absolute, leaves its folder, or holds characters that no safe name has.",
    "Ask the sender to pack files under plain relative names."};
inline constexpr ErrorCode kArchiveDuplicateMember{
    "archive.duplicate_member", ErrorClass::kUser, "An earlier member of the archive has the same name.",
    "Ask the sender for distinct names; the first one is read."};
inline constexpr ErrorCode kArchiveSpecialFile{"archive.special_file", ErrorClass::kUser,
                                               "A member is a symbolic link or a device, not a file.",
                                               "Ask the sender to pack regular files."};
inline constexpr ErrorCode kArchiveTooManyMembers{"archive.too_many_members", ErrorClass::kUser,
                                                  "The archive has more members than the feed allows.",
                                                  "Raise the feed's `limits: members` if that is expected."};
inline constexpr ErrorCode kArchiveMemberTooLarge{
    "archive.member_too_large", ErrorClass::kUser, "A member inflates to more than the feed allows.",
    "Raise the feed's `limits: member_size` if that is expected."};
inline constexpr ErrorCode kArchiveTotalTooLarge{
    "archive.total_too_large", ErrorClass::kUser,
    "The members together inflate to more than the feed allows.",
    "Raise the feed's `limits: total_size` if that is expected."};
inline constexpr ErrorCode kArchiveRatio{"archive.ratio", ErrorClass::kUser,
                                         "A member inflates to suspiciously many times its packed size.",
                                         "Raise the feed's `limits: ratio` if such data is expected."};

// Text -----------------------------------------------------------------------------------------------------
inline constexpr ErrorCode kTextEncoding{
    "text.encoding", ErrorClass::kUser, "A byte sequence does not exist in the text's encoding.",
    "Name the right `encoding` in the contract, or have the sender mend it."};
inline constexpr ErrorCode kTextNulByte{"text.nul_byte", ErrorClass::kUser, "The text holds a NUL character.",
                                        "Have the sender mend the file, or name its right `encoding`."};

// CSV and fixed width --------------------------------------------------------------------------------------
inline constexpr ErrorCode kCsvUnterminatedQuote{
    "csv.unterminated_quote", ErrorClass::kUser, "A quoted field has no closing quote.",
    "Have the sender double quotes inside fields, or set `quote: none` in the contract."};
inline constexpr ErrorCode kCsvTextAfterQuote{
    "csv.text_after_quote", ErrorClass::kUser, "Characters follow the closing quote of a field.",
    "Have the sender double quotes inside fields, or set `escape` or `quote` in the contract."};
inline constexpr ErrorCode kCsvRecordTooLarge{"csv.record_too_large", ErrorClass::kUser,
                                              "A record is longer than the feed allows.",
                                              "Raise the feed's `limits: record_size` if that is expected."};
inline constexpr ErrorCode kCsvFieldTooLarge{"csv.field_too_large", ErrorClass::kUser,
                                             "A field is longer than the feed allows.",
                                             "Raise the feed's `limits: field_size` if that is expected."};
inline constexpr ErrorCode kCsvTooManyColumns{
    "csv.too_many_columns", ErrorClass::kUser, "A record has more fields than the feed allows.",
    "Raise the feed's `limits: columns`, or check the `delimiter`."};
inline constexpr ErrorCode kCsvBadOptions{"csv.bad_options", ErrorClass::kUser,
                                          "Delimiter, quote, escape and comment cannot work together.",
                                          "Use distinct characters that are neither line ends nor NUL."};
inline constexpr ErrorCode kFixedBadRange{
    "fixed.bad_range", ErrorClass::kUser, "A column's positions are not a range such as \"1-10\".",
    "Write first and last position, counted from 1, as in `from: \"1-10\"`."};
inline constexpr ErrorCode kFixedShortLine{
    "fixed.short_line", ErrorClass::kUser, "A line ends before a column that it needs.",
    "Have the sender pad the line, or correct the column's positions."};
inline constexpr ErrorCode kFixedLongLine{
    "fixed.long_line", ErrorClass::kUser, "A line has text behind its last column.",
    "Mend the columns' positions, or set `drift: freeze` to pass over what no column covers."};
inline constexpr ErrorCode kFixedTextBetween{
    "fixed.text_between", ErrorClass::kUser, "A line has text between its columns.",
    "Mend the columns' positions, or set `drift: freeze` to pass over what no column covers."};
inline constexpr ErrorCode kFixedRecordTooLarge{
    "fixed.record_too_large", ErrorClass::kUser, "A line is longer than the feed allows.",
    "Raise the feed's `limits: record_size` if that is expected."};
inline constexpr ErrorCode kFixedFieldTooLarge{"fixed.field_too_large", ErrorClass::kUser,
                                               "A value is longer than the feed allows.",
                                               "Raise the feed's `limits: field_size` if that is expected."};

// XML ------------------------------------------------------------------------------------------------------
inline constexpr ErrorCode kXmlMalformed{"xml.malformed", ErrorClass::kUser,
                                         "The document is not well-formed XML.",
                                         "Have the sender mend the document at the place named."};
inline constexpr ErrorCode kXmlEmpty{"xml.empty", ErrorClass::kUser, "The document has no element.",
                                     "Have the sender send a document, or ignore empty files by name."};
inline constexpr ErrorCode kXmlDtd{"xml.dtd", ErrorClass::kUser,
                                   "The document has a document type declaration; Tarn never loads one.",
                                   "Have the sender leave <!DOCTYPE …> out."};
inline constexpr ErrorCode kXmlEntity{
    "xml.entity", ErrorClass::kUser, "The document uses an entity other than XML's own five.",
    "Have the sender write the character itself or its number, such as &#228;."};
inline constexpr ErrorCode kXmlDepth{"xml.depth", ErrorClass::kUser,
                                     "Elements are nested more deeply than the feed allows.",
                                     "Raise the feed's `limits: depth` if that is expected."};
inline constexpr ErrorCode kXmlTooManyAttributes{"xml.too_many_attributes", ErrorClass::kUser,
                                                 "An element has more attributes than the feed allows.",
                                                 "Raise the feed's `limits: columns` if that is expected."};
inline constexpr ErrorCode kXmlTooLarge{"xml.too_large", ErrorClass::kUser,
                                        "The document is larger than Tarn can hold (2 GiB).",
                                        "Have the sender split the document."};
inline constexpr ErrorCode kXmlRecordTooLarge{"xml.record_too_large", ErrorClass::kUser,
                                              "A record's element is longer than the feed allows.",
                                              "Raise the feed's `limits: record_size` if that is expected."};
inline constexpr ErrorCode kXmlFieldTooLarge{"xml.field_too_large", ErrorClass::kUser,
                                             "A value is longer than the feed allows.",
                                             "Raise the feed's `limits: field_size` if that is expected."};
inline constexpr ErrorCode kXmlEncoding{
    "xml.encoding", ErrorClass::kUser,
    "The document's encoding is unknown or contradicts its byte-order mark.",
    "Have the sender declare the encoding that the bytes are in."};
inline constexpr ErrorCode kXmlCharacter{"xml.character", ErrorClass::kUser,
                                         "The document holds a character that XML 1.0 forbids.",
                                         "Have the sender remove control characters."};
inline constexpr ErrorCode kXmlNamespace{"xml.namespace", ErrorClass::kUser,
                                         "A namespace prefix is not declared or wrongly declared.",
                                         "Have the sender declare it with xmlns:prefix=\"…\"."};
inline constexpr ErrorCode kXmlBadPath{
    "xml.bad_path", ErrorClass::kUser, "A path into the document is not one that Tarn understands.",
    "Use steps such as `Patient/@id`, `Visit/Time`, `Note/text()`, `Id[@type='mrn']` or `.`."};

// Values ---------------------------------------------------------------------------------------------------
inline constexpr ErrorCode kValueEmpty{"value.empty", ErrorClass::kUser,
                                       "An empty text is not a value of the column's type.",
                                       "Name the empty text as a `null` marker, or have the sender fill it."};
inline constexpr ErrorCode kValueNotAnInteger{"value.not_an_integer", ErrorClass::kUser,
                                              "The text is not a whole number.",
                                              "Use a decimal or double column, or have the sender mend it."};
inline constexpr ErrorCode kValueNotANumber{
    "value.not_a_number", ErrorClass::kUser, "The text is not a number in the notation the contract states.",
    "Check `decimal_mark` and `thousands_mark`, or have the sender mend it."};
inline constexpr ErrorCode kValueOutOfRange{"value.out_of_range", ErrorClass::kUser,
                                            "The value does not fit the column's type.",
                                            "Use a wider type, or have the sender mend the value."};
inline constexpr ErrorCode kValueTooPrecise{"value.too_precise", ErrorClass::kUser,
                                            "The value has more fractional digits than the column keeps.",
                                            "Raise the scale of the type; Tarn never rounds."};
inline constexpr ErrorCode kValueNotABoolean{"value.not_a_boolean", ErrorClass::kUser,
                                             "The text is none of the column's words for true and false.",
                                             "List the words with `format: {true: […], false: […]}`."};
inline constexpr ErrorCode kValueNotATime{
    "value.not_a_time", ErrorClass::kUser,
    "The text is not a date or time in a notation that the contract names.",
    "State the notation with `format`, such as \"%d/%m/%Y\"."};
inline constexpr ErrorCode kValueNoSuchTime{
    "value.no_such_time", ErrorClass::kUser,
    "The date or time does not exist (30 February, 25:00, or an hour that daylight saving skips).",
    "Have the sender mend the value."};
inline constexpr ErrorCode kValueYearOutOfRange{
    "value.year_out_of_range", ErrorClass::kUser,
    "The date or time lies outside the years 0001 to 9999 (a timestamptz: in UTC), where many readers fail.",
    "Have the sender mend the value, or name it as a `null` marker."};
inline constexpr ErrorCode kValueZoneMissing{"value.zone_missing", ErrorClass::kUser,
                                             "The time has no offset and the column names no time zone.",
                                             "State `timezone` for the column."};
inline constexpr ErrorCode kValueUnexpectedZone{
    "value.unexpected_zone", ErrorClass::kUser, "The time has an offset but the column keeps none.",
    "Use the type timestamptz, or a `format` that names the offset."};
inline constexpr ErrorCode kValueNotAUuid{"value.not_a_uuid", ErrorClass::kUser, "The text is not a UUID.",
                                          "Use a string column, or have the sender mend it."};
inline constexpr ErrorCode kValueNotBase64{"value.not_base64", ErrorClass::kUser, "The text is not base64.",
                                           "Set `format: hex`, or have the sender mend it."};
inline constexpr ErrorCode kValueNotHex{"value.not_hex", ErrorClass::kUser, "The text is not hexadecimal.",
                                        "Set `format: base64`, or have the sender mend it."};
inline constexpr ErrorCode kValueBadFormat{
    "value.bad_format", ErrorClass::kUser, "A date or time format is not one that Tarn understands.",
    "Use the letters %Y %m %d %H %M %S %f %z %y %b %B %e %p %I %j %s %T %F."};
inline constexpr ErrorCode kValueBadZone{
    "value.bad_zone", ErrorClass::kUser, "A time zone is unknown or its data is damaged.",
    "Use UTC, an offset such as \"+01:00\", or a name such as \"Europe/Berlin\"."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::format
