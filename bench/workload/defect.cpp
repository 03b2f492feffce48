#include "workload/defect.h"

#include <algorithm>

#include "base/check.h"

namespace tarn::workload {
namespace {

constexpr DefectLevel kArchive = DefectLevel::kArchive;
constexpr DefectLevel kMember = DefectLevel::kMember;
constexpr DefectLevel kRecord = DefectLevel::kRecord;

constexpr DefectKind kKinds[] = {
    {Defect::kTruncated, "truncated", kArchive, "archive.truncated"},
    {Defect::kEmptyZip, "empty_zip", kArchive, "archive.empty"},
    {Defect::kNotZip, "not_zip", kArchive, "archive.not_a_zip"},
    {Defect::kEncrypted, "encrypted", kMember, "archive.encrypted"},
    {Defect::kCorruptCrc, "corrupt_crc", kMember, "archive.crc"},
    {Defect::kNestedZip, "nested_zip", kMember, "archive.nested"},
    {Defect::kTraversalName, "traversal_name", kMember, "archive.unsafe_name"},
    {Defect::kAbsoluteName, "absolute_name", kMember, "archive.unsafe_name"},
    {Defect::kBomb, "bomb", kMember, "archive.ratio"},
    {Defect::kMalformedXml, "malformed_xml", kMember, "xml.malformed"},
    {Defect::kDoctype, "doctype", kMember, "xml.dtd"},
    {Defect::kEntity, "entity", kMember, "xml.entity"},
    {Defect::kXmlEncoding, "xml_encoding", kMember, "text.encoding"},
    {Defect::kXmlNul, "xml_nul", kMember, "text.nul_byte"},
    {Defect::kUnknownColumn, "unknown_column", kMember, "drift.unknown_column"},
    {Defect::kMissingColumn, "missing_column", kMember, "drift.missing_column"},
    {Defect::kUnknownElement, "unknown_element", kRecord, "drift.unknown_column"},
    {Defect::kRaggedRow, "ragged_row", kRecord, "record.ragged"},
    {Defect::kTextEncoding, "text_encoding", kRecord, "text.encoding"},
    {Defect::kTextNul, "text_nul", kRecord, "text.nul_byte"},
    {Defect::kWrongType, "wrong_type", kRecord, "value.*"},
    {Defect::kMissingKey, "missing_key", kRecord, "record.missing_key"},
    {Defect::kOutOfRange, "out_of_range", kRecord, "record.out_of_range"},
    {Defect::kNotAccepted, "not_accepted", kRecord, "record.not_accepted"},
};
static_assert(std::size(kKinds) == kDefectCount - 1);

bool is_of_records(Defect defect, Feed feed) {
  switch (defect) {
    case Defect::kMalformedXml:
    case Defect::kDoctype:
    case Defect::kEntity:
    case Defect::kXmlEncoding:
    case Defect::kXmlNul:
    case Defect::kUnknownElement:
      return feed == Feed::kAdmissions;
    case Defect::kRaggedRow:
    case Defect::kTextEncoding:
    case Defect::kTextNul:
      return feed != Feed::kAdmissions && feed != Feed::kCensus;
    case Defect::kWrongType:
    case Defect::kMissingKey:
    case Defect::kOutOfRange:
    case Defect::kNotAccepted:
      return true;
    default:
      return false;
  }
}

DefectShares shares_by_level(double archives_and_members, double records) {
  DefectShares shares;
  for (const DefectKind& kind : kKinds) {
    const bool of_records =
        is_of_records(kind.defect, Feed::kAdmissions) || is_of_records(kind.defect, Feed::kClaims);
    shares[kind.defect] = of_records ? records : archives_and_members;
  }
  return shares;
}

}  // namespace

std::span<const DefectKind> defect_kinds() {
  return kKinds;
}

const DefectKind& kind_of(Defect defect) {
  TARN_CHECK(defect != Defect::kNone);
  return kKinds[static_cast<std::size_t>(defect) - 1];
}

DefectShares no_defects() {
  return {};
}

DefectShares typical_defects() {
  return shares_by_level(0.001, 0.0003);
}

DefectShares all_defects() {
  DefectShares shares = shares_by_level(0.005, 0.004);
  shares.every_kind = true;
  return shares;
}

DefectDice::DefectDice(const DefectShares& shares, Feed feed) {
  std::uint64_t sum = 0;
  for (const DefectKind& kind : kKinds) {
    if (is_of_records(kind.defect, feed))
      sum += static_cast<std::uint64_t>(shares[kind.defect] * 4294967296.0);
    below_[static_cast<std::size_t>(kind.defect)] = sum;
  }
  any_ = std::min<std::uint64_t>(sum, 1ULL << 32U);
}

Defect DefectDice::draw(Random& random) const {
  const std::uint64_t value = random.next() >> 32U;
  if (value >= any_) return Defect::kNone;
  std::size_t defect = 1;
  while (value >= below_[defect]) ++defect;
  return static_cast<Defect>(defect);
}

}  // namespace tarn::workload
