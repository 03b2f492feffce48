#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "project/column_spec.h"
#include "project/glob.h"
#include "project/located.h"

/// A feed's contract (feeds/*.yaml) as typed values. load() in `project/load.h` fills and checks it: whoever
/// holds a FeedSpec may rely on what is said here. Plain values; any thread may read them.
namespace tarn::project {

enum class AfterIngest : std::uint8_t { kKeep, kDelete, kMove };
enum class LoadMode : std::uint8_t { kAppend, kUpsert, kScd2, kScd3, kReplace };
enum class FormatType : std::uint8_t { kCsv, kFixed, kXml };
enum class Encoding : std::uint8_t { kAuto, kUtf8, kUtf16, kUtf16Le, kUtf16Be, kLatin1, kWindows1252 };
enum class Drift : std::uint8_t { kQuarantine, kFreeze, kEvolve };

struct SourceSpec {
  Located<std::string> folder;     ///< Relative to the project, or absolute.
  PatternList files{Pattern()};    ///< Against the path relative to the folder. Default `**`.
  PatternList members{Pattern()};  ///< Against the member's name inside an archive. Default `**`.
  PatternList ignore;              ///< Files and members passed over in silence.
  std::int64_t settle_ms = 2000;
  AfterIngest after = AfterIngest::kKeep;
  Located<std::string>
      move_to;  ///< Filled exactly when after == kMove; relative to the project, or absolute.

  bool operator==(const SourceSpec&) const = default;
};

struct FormatSpec {
  Located<FormatType> type{FormatType::kCsv};
  Encoding encoding = Encoding::kAuto;
  std::vector<std::string> null_markers{""};
  std::optional<bool> trim;  ///< As written; ask trims().
  // csv
  char delimiter = ',';
  std::optional<char> quote = '"';  ///< Absent: values are never quoted.
  char escape = '"';                ///< The quote itself (doubled) or '\\'.
  bool header = true;
  // csv and fixed
  std::optional<char> comment;  ///< Lines that start with it are passed over.
  std::uint32_t skip_rows = 0;  ///< Lines before the header or the first record.
  // xml
  Located<std::string> record;  ///< "/Messages/Message"; empty: the root element is the record.
  std::map<std::string, std::string> namespaces;

  /// Whether blanks around values are trimmed: as written, else false for csv and true for fixed and xml.
  bool trims() const { return trim.value_or(*type != FormatType::kCsv); }
  bool operator==(const FormatSpec&) const = default;
};

/// A repeated XML element as a table of its own. Its table has the parent's key columns, `ordinal` (int,
/// 1-based) and these columns.
struct ChildSpec {
  Located<TableName> table;
  Located<std::string> from;  ///< Path relative to the record.
  std::string description;
  std::vector<ColumnSpec> columns;

  bool operator==(const ChildSpec&) const = default;
};

enum class Transform : std::uint8_t { kIdentity, kBucket, kTruncate, kYear, kMonth, kDay, kHour };

struct PartitionField {
  Transform transform = Transform::kIdentity;
  std::uint32_t parameter = 0;  ///< Buckets of kBucket, width of kTruncate.
  std::string column;           ///< Exists, and the transform fits its type.

  bool operator==(const PartitionField&) const = default;
};

struct SortField {
  std::string column;  ///< Exists and is scalar.
  bool descending = false;

  bool operator==(const SortField&) const = default;
};

/// Limits on one arrival of a feed. Sizes in bytes.
struct FeedLimits {
  std::uint64_t file_size = 1ULL << 30;
  std::uint64_t members = 65535;
  std::uint64_t member_size = 512ULL << 20;
  std::uint64_t total_size = 4ULL << 30;
  std::uint64_t ratio = 200;
  std::uint64_t record_size = 16ULL << 20;
  std::uint64_t field_size = 8ULL << 20;
  std::uint64_t depth = 64;
  std::uint64_t columns = 4096;

  bool operator==(const FeedLimits&) const = default;
};

/// Which records delete their key instead of becoming its row.
struct DeleteRule {
  Located<std::string> column;  ///< Empty: none does. Not of the key; text, boolean or integer with `values`.
  std::vector<Located<std::string>> values;  ///< Values of the column; none: any value but null.

  bool operator==(const DeleteRule&) const = default;
};

/// What a delivery of kReplace is the whole content of.
struct ReplaceSpec {
  std::vector<Located<std::string>> by;  ///< Of the key; empty: of the whole table.
  std::uint32_t max_deletes = 50;  ///< Percent of the rows there; a delivery that lacks more is refused.

  bool operator==(const ReplaceSpec&) const = default;
};

/// What DeleteRule::values mean in a column: texts, or numbers (1 and 0 of a boolean).
struct DeleteValues {
  std::vector<std::string> texts;
  std::vector<std::int64_t> numbers;
};
DeleteValues delete_values(const ColumnSpec& column, const DeleteRule& rule);

struct FeedSpec {
  Located<std::string> name;  ///< Unique in the project.
  std::int32_t contract_version = 1;
  std::string owner;
  std::string description;
  SourceSpec source;
  Located<TableName> table;
  Located<LoadMode> mode{LoadMode::kAppend};
  std::vector<Located<std::string>> key;  ///< Existing, scalar, required columns; not empty but for kAppend.
  /// Existing, ordered column; empty: the later arrival wins. For kScd2 and kScd3 not empty; for these and
  /// kReplace not null in a record.
  Located<std::string> version_column;
  std::vector<Located<std::string>> track;  ///< For kScd2: existing columns; empty: see tracks().
  /// For kScd3, not empty: existing, scalar columns, neither of the key nor the version.
  std::vector<Located<std::string>> previous;
  DeleteRule delete_when;  ///< Not for kAppend and kReplace.
  ReplaceSpec replace;     ///< For kReplace.
  FormatSpec format;
  std::vector<ColumnSpec> columns;  ///< Not empty.
  std::vector<ChildSpec> children;
  std::vector<Located<PartitionField>> partition;
  std::vector<Located<SortField>> sort;
  std::vector<Located<std::string>> zorder;  ///< Scalar columns, instead of `sort`.
  Drift drift = Drift::kQuarantine;
  std::optional<Located<std::int64_t>> lateness_ms;
  Located<std::string> event_time;  ///< Existing date or timestamp column; empty: none.
  FeedLimits limits;

  bool operator==(const FeedSpec&) const = default;
};

/// The null markers that hold for a column: its own, else the format's.
const std::vector<std::string>& null_markers_of(const FormatSpec& format, const ColumnSpec& column);

/// The table that remembers what the feed's own must not show, if it has one: `curated.visit__deleted` the
/// deletions of an upsert, `curated.visit__unchanged` the versions of a history that are no rows,
/// `curated.visit__versions` those of kScd3 that are not the latest,
/// `curated.visit__deliveries` of each scope the delivery that its rows follow.
std::optional<TableName> companion_table(const FeedSpec& feed);

/// Whether changes of a table's column open a row of a history: as `track` says, else every column but those
/// of key, version and `delete_when`, and Tarn's own.
bool tracks(const FeedSpec& feed, std::string_view column);

/// A column of FeedSpec::previous, and those that tell what it was before.
struct PreviousNames {
  std::string column;      ///< `ward`
  std::string before;      ///< `previous_ward`
  std::string changed_at;  ///< `ward_changed_at`
};
std::vector<PreviousNames> previous_names(const FeedSpec& feed);

/// The names of the columns that Tarn adds to the feed's own table or its companion besides the audit
/// columns.
std::vector<std::string> added_column_names(const FeedSpec& feed);

/// The names of the columns that Tarn appends to every table, in order: `_source_file` …
std::vector<std::string_view> audit_column_names();
/// The names of those that it adds to the tables of a history besides; the last is of the companion_table().
std::vector<std::string_view> history_column_names();

/// The names as a contract writes them ("append", "latin-1", "birth_date" …).
std::string_view to_string(AfterIngest value);
std::string_view to_string(LoadMode value);
std::string_view to_string(FormatType value);
std::string_view to_string(Encoding value);
std::string_view to_string(Drift value);
std::string_view to_string(Transform value);
std::string_view to_string(Identifying value);  // kNone: "none"

/// "month(admitted_at)", "bucket(16, id)", "x".
std::string to_string(const PartitionField& field);
/// "admitted_at desc".
std::string to_string(const SortField& field);

}  // namespace tarn::project
