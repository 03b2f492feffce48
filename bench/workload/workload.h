#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

/// The workload generator: the zips that hospitals send in a day, as they send them, and the truth about
/// them.
///
///   tarn::workload::WorkloadOptions options;
///   options.folder = "inbox";
///   options.zips = 1000;
///   options.defects = tarn::workload::typical_defects();
///   TARN_ASSIGN_OR_RETURN(const auto report, tarn::workload::make_workload(options, {}));
///
/// Five feeds are written, the ones that `examples/hospital` has contracts for:
///
///   ADT_*.zip  admissions, discharges, transfers   90 - 300 XML files of one record each   curated.encounter
///                                                                               and
///                                                                               curated.encounter_diagnosis
///   LAB_*.zip  laboratory results                  pipe-separated TXT curated.lab_result CLM_*.zip  claims
///   quoted CSV, CRLF, BOM                   curated.claim_line BED_*.zip  bed census by unit and hour
///   fixed-width TXT                         curated.bed_census DEM_*.zip  demographics CSV curated.patient
///   MIX_*.zip  bed census and laboratory results in one archive
///
/// Everything is a function of the options: the same seed gives the same bytes on every machine, with any
/// number of threads. Random numbers are xoshiro256** and integer tables only, never floating-point
/// distributions.
///
/// The truth file says what a lake that loaded all of it must hold; README.md beside this header documents
/// it.
namespace tarn::workload {

/// Everything that can be wrong with what arrives. The first group spoils an archive as a whole, the second a
/// member, the third one record.
enum class Defect : std::uint8_t {
  kNone,
  // The archive.
  kTruncated,  ///< The file ends in the middle.
  kEmptyZip,   ///< An end record and nothing else.
  kNotZip,     ///< An error page saved as .zip.
  // A member of it.
  kEncrypted,      ///< The encryption flag on every member of the archive.
  kCorruptCrc,     ///< A member's bytes do not match its checksum.
  kNestedZip,      ///< A zip within the zip.
  kTraversalName,  ///< A member called ../…
  kAbsoluteName,   ///< A member called /…
  kBomb,           ///< A small member that inflates a thousandfold.
  kMalformedXml,   ///< An element is never closed.
  kDoctype,        ///< A DOCTYPE with an external entity.
  kEntity,         ///< An entity that XML does not have.
  kXmlEncoding,    ///< Bytes that are not the declared encoding.
  kXmlNul,         ///< A NUL byte in the document.
  kUnknownColumn,  ///< A header names a column the contract does not have.
  kMissingColumn,  ///< A header lacks a column of the contract.
  // A record.
  kUnknownElement,  ///< An XML element the contract does not have.
  kRaggedRow,       ///< A delimited row with a field too few or too many.
  kTextEncoding,    ///< A row of text with bytes that are not UTF-8.
  kTextNul,         ///< A row of text with a NUL byte.
  kWrongType,       ///< Letters where a number or a time belongs.
  kMissingKey,      ///< No key.
  kOutOfRange,      ///< A number outside its range.
  kNotAccepted,     ///< A code outside the accepted ones.
};
inline constexpr std::size_t kDefectCount = static_cast<std::size_t>(Defect::kNotAccepted) + 1;

/// What the contracts make of a defect by default: what it costs.
enum class DefectLevel : std::uint8_t { kArchive, kMember, kRecord };

struct DefectKind {
  Defect defect;
  std::string_view name;  ///< As in the truth file: "truncated".
  DefectLevel level;
  std::string_view code;  ///< The error code under which it must be found in ops.quarantine.
};
/// All kinds but kNone, in the order of the enumeration.
std::span<const DefectKind> defect_kinds();

/// Shares by kind, each 0 … 1. Of an archive's or a member's kind: the share of the zips that have one such
/// defect. Of a record's kind: the share of the records of every feed in which it can occur. Malformed XML,
/// doctype, encoding and NUL spoil single-record members and count as shares of XML records.
struct DefectShares {
  std::array<double, kDefectCount> share{};
  bool every_kind = false;  ///< At least one of each kind with a share above zero, however few the zips.
  double& operator[](Defect defect) { return share[static_cast<std::size_t>(defect)]; }
  double operator[](Defect defect) const { return share[static_cast<std::size_t>(defect)]; }
};
DefectShares no_defects();
/// About one zip in a hundred and some records in a thousand.
DefectShares typical_defects();
/// Every kind at least once, and several percent in all: for tests.
DefectShares all_defects();

struct WorkloadOptions {
  std::filesystem::path
      folder;  ///< The drop folder; made when it is not there. Zips go to <folder>/<facility>/.
  std::filesystem::path
      truth_file;  ///< Empty: <folder>/../truth.json. `<stem>_defects.csv` is written beside it.
  std::uint64_t seed = 1;
  std::uint32_t zips = 1000;     ///< Distinct zips, large ones not counted; resends come on top.
  std::uint32_t large = 0;       ///< Zips of about 40 MB (laboratory archives) on top.
  std::uint32_t facilities = 0;  ///< 0: in the mission's proportion, 8,000 for 77,000 zips.
  std::uint32_t patients = 0;    ///< 0: 100 for each zip, which gives plausible readmission rates.
  std::uint32_t days = 365;      ///< The time that the records cover.
  std::string first_day = "2025-01-01";
  double resend_share = 0.01;      ///< Zips that come again under another name.
  double correction_share = 0.03;  ///< Encounters and patients that come again in a later version.
  DefectShares defects = typical_defects();
  int compression = 6;   ///< libdeflate's level, 0 (stored) … 12.
  unsigned threads = 0;  ///< 0: the machine's cores. Never changes what is written.
};

struct WorkloadReport {
  std::uint64_t files = 0;         ///< Zips written, resends included.
  std::uint64_t duplicates = 0;    ///< Of them resends.
  std::uint64_t members = 0;       ///< Data files in the distinct zips.
  std::uint64_t records = 0;       ///< Records in the distinct zips, bad ones included.
  std::uint64_t zipped_bytes = 0;  ///< Of the distinct zips.
  std::uint64_t raw_bytes = 0;     ///< Inflated, of the distinct zips that can be read.
  std::uint64_t defects = 0;
  double seconds = 0;
  std::filesystem::path truth_file;
};

struct WorkloadProgress {
  std::uint32_t done = 0;  ///< Zips.
  std::uint32_t total = 0;
};
/// Called now and then, by one thread at a time but not by the caller's.
using ProgressCallback = std::function<void(const WorkloadProgress&)>;

/// Writes the workload and its truth file. Files appear complete (written aside, then renamed) and bear the
/// time at which the facility sent them, in the past. Errors: workload.bad_option, workload.write_failed.
Result<WorkloadReport> make_workload(const WorkloadOptions& options, const ProgressCallback& progress);

}  // namespace tarn::workload
