#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "workload/defect.h"
#include "workload/plan.h"
#include "workload/random.h"
#include "workload/truth.h"
#include "workload/zip_writer.h"

namespace tarn::workload {

/// Where the writer of a feed puts a zip's members and what is true about them. One thread, one zip at a
/// time.
class FeedZip {
 public:
  FeedZip(const Plan& plan, std::uint32_t zip, std::string file, ZipWriter& writer, Truth& truth);

  const Plan& plan() const { return plan_; }
  const ZipPlan& zip() const { return plan_.zips[zip_]; }
  std::uint32_t number() const { return zip_; }
  Truth& truth() { return truth_; }

  /// A member of data. `records`: how many a reader finds in it, good and bad.
  void add_member(Feed feed, std::string_view name, std::string_view content, std::uint64_t records);
  /// A member that holds nothing to load, whatever the defect costs. `content` is what its records would be.
  void add_spoilt_member(Feed feed, Defect defect, std::string_view name, std::string_view content);
  /// A member that the contracts ignore.
  void add_ignored_member(Feed feed, std::string_view name, std::string_view content);
  /// A bad record of a member that was or will be added.
  void add_spoilt_record(Feed feed, Defect defect, std::string_view member, std::uint64_t record);
  /// A row of a feed without versions: the lake holds it exactly when the zip can be read.
  void add_row(Table table, std::string_view key, std::initializer_list<std::int64_t> sums);

 private:
  void add_unreadable(Feed feed, Defect defect, std::string_view name, std::string_view content);

  const Plan& plan_;
  std::uint32_t zip_;
  std::string file_;
  ZipWriter& writer_;
  Truth& truth_;
  bool lost_;
};

// The writers of the feeds. Each fills the archive and the truth of one zip. `scale_percent`: of the usual
// size.
void write_adt(FeedZip& out);
void write_lab(FeedZip& out, std::uint32_t scale_percent);
void write_claims(FeedZip& out);
void write_census(FeedZip& out, std::uint32_t scale_percent);
void write_demographics(FeedZip& out);

/// The member that a defect of the zip asks for besides the healthy ones: `sample` holds a few records of the
/// feed.
void write_defect_member(FeedZip& out, Feed feed, std::string_view folder, std::string_view extension,
                         std::string_view sample);

// Text of the feeds.
/// "2025-03-01T06:45:00".
void append_iso(std::string& out, std::int64_t seconds);
/// "20250301064500", or its first `size` characters.
void append_compact(std::string& out, std::int64_t seconds, std::size_t size = 14);
/// "123.45" from hundredths, "0.007" from thousandths: `scale` digits after the point.
void append_decimal(std::string& out, std::int64_t value, int scale);

}  // namespace tarn::workload
