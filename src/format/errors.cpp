#include "format/errors.h"

#include <array>

namespace tarn::format {

namespace {
constexpr std::array kCodes = {
    &kArchiveUnsupported,
    &kArchiveEmpty,
    &kArchiveTruncated,
    &kArchiveCorrupt,
    &kArchiveCrc,
    &kArchiveHeaderMismatch,
    &kArchiveOverlap,
    &kArchiveEncrypted,
    &kArchiveNested,
    &kArchiveUnsafeName,
    &kArchiveDuplicateMember,
    &kArchiveSpecialFile,
    &kArchiveTooManyMembers,
    &kArchiveMemberTooLarge,
    &kArchiveTotalTooLarge,
    &kArchiveRatio,
    &kTextEncoding,
    &kTextNulByte,
    &kCsvUnterminatedQuote,
    &kCsvTextAfterQuote,
    &kCsvRecordTooLarge,
    &kCsvFieldTooLarge,
    &kCsvTooManyColumns,
    &kCsvBadOptions,
    &kFixedBadRange,
    &kFixedShortLine,
    &kFixedLongLine,
    &kFixedTextBetween,
    &kFixedRecordTooLarge,
    &kFixedFieldTooLarge,
    &kXmlMalformed,
    &kXmlEmpty,
    &kXmlDtd,
    &kXmlEntity,
    &kXmlDepth,
    &kXmlTooManyAttributes,
    &kXmlTooLarge,
    &kXmlRecordTooLarge,
    &kXmlFieldTooLarge,
    &kXmlEncoding,
    &kXmlCharacter,
    &kXmlNamespace,
    &kXmlBadPath,
    &kValueEmpty,
    &kValueNotAnInteger,
    &kValueNotANumber,
    &kValueOutOfRange,
    &kValueTooPrecise,
    &kValueNotABoolean,
    &kValueNotATime,
    &kValueNoSuchTime,
    &kValueYearOutOfRange,
    &kValueZoneMissing,
    &kValueUnexpectedZone,
    &kValueNotAUuid,
    &kValueNotBase64,
    &kValueNotHex,
    &kValueBadFormat,
    &kValueBadZone,
};
}  // namespace

std::span<const ErrorCode* const> error_codes() {
  return kCodes;
}

}  // namespace tarn::format
