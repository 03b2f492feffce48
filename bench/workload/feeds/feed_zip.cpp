#include "workload/feeds/feed_zip.h"

#include <fmt/format.h>

#include "base/civil_time.h"

namespace tarn::workload {
namespace {

void append_digits(std::string& out, std::uint64_t value, std::size_t width) {
  char digits[20];
  for (std::size_t i = width; i > 0; --i, value /= 10) digits[i - 1] = static_cast<char>('0' + value % 10);
  out.append(digits, width);
}

ZipWriter::Flaw flaw_of(Defect defect) {
  if (defect == Defect::kCorruptCrc) return ZipWriter::Flaw::kCrc;
  return defect == Defect::kEncrypted ? ZipWriter::Flaw::kEncrypted : ZipWriter::Flaw::kNone;
}

constexpr std::uint64_t kDaySeconds = 86'400;

}  // namespace

FeedZip::FeedZip(const Plan& plan, std::uint32_t zip, std::string file, ZipWriter& writer, Truth& truth)
    : plan_(plan), zip_(zip), file_(std::move(file)), writer_(writer), truth_(truth), lost_(plan.lost(zip)) {}

void FeedZip::add_member(Feed feed, std::string_view name, std::string_view content, std::uint64_t records) {
  writer_.add(name, content,
              flaw_of(zip().defect == Defect::kEncrypted ? Defect::kEncrypted : Defect::kNone));
  if (!lost_) {
    truth_.add_member(feed, content.size());
    truth_.add_records(feed, records);
  } else if (zip().defect == Defect::kEncrypted) {
    add_unreadable(feed, Defect::kEncrypted, name, content);
  }
}

void FeedZip::add_spoilt_member(Feed feed, Defect defect, std::string_view name, std::string_view content) {
  if (zip().defect == Defect::kEncrypted) defect = Defect::kEncrypted;  // It is found first.
  writer_.add(name, content, flaw_of(defect));
  if (!lost_ || defect == Defect::kEncrypted) add_unreadable(feed, defect, name, content);
}

void FeedZip::add_unreadable(Feed feed, Defect defect, std::string_view name, std::string_view content) {
  truth_.add_member(feed, content.size());
  truth_.add_spoilt(feed, {file_, std::string(name), 0, defect});
}

void FeedZip::add_ignored_member(Feed feed, std::string_view name, std::string_view content) {
  writer_.add(name, content);
  if (!lost_ || zip().defect == Defect::kEncrypted) truth_.add_ignored_member(feed);
}

void FeedZip::add_spoilt_record(Feed feed, Defect defect, std::string_view member, std::uint64_t record) {
  if (!lost_) truth_.add_spoilt(feed, {file_, std::string(member), record, defect});
}

void FeedZip::add_row(Table table, std::string_view key, std::initializer_list<std::int64_t> sums) {
  if (!lost_) truth_.add_row(table, key, std::span(sums.begin(), sums.size()));
}

void write_defect_member(FeedZip& out, Feed feed, std::string_view folder, std::string_view extension,
                         std::string_view sample) {
  const Defect defect = out.zip().defect;
  const std::string name = fmt::format("{}/extra_{:07}.{}", folder, out.number() + 1, extension);
  switch (defect) {
    case Defect::kCorruptCrc:
    case Defect::kUnknownColumn:
    case Defect::kMissingColumn:
      return out.add_spoilt_member(feed, defect, name, sample);
    case Defect::kTraversalName:
      return out.add_spoilt_member(feed, defect, "../../" + name, sample);
    case Defect::kAbsoluteName:
      return out.add_spoilt_member(feed, defect, "/" + name, sample);
    case Defect::kNestedZip: {
      ZipWriter inner(6);
      inner.start({2025, 1, 1, 0, 0, 0});
      inner.add(fmt::format("inner.{}", extension), sample);
      return out.add_spoilt_member(feed, defect, name + ".zip", inner.finish());
    }
    case Defect::kBomb: {
      std::string bomb(sample);
      bomb.append(8U << 20U, ' ');
      return out.add_spoilt_member(feed, defect, name, bomb);
    }
    default:
      return;
  }
}

void append_iso(std::string& out, std::int64_t seconds) {
  const auto days = static_cast<std::int32_t>(seconds / static_cast<std::int64_t>(kDaySeconds));
  const auto rest = static_cast<std::uint64_t>(seconds) % kDaySeconds;
  const CivilDate date = civil_from_days(days);
  append_digits(out, static_cast<std::uint64_t>(date.year), 4);
  out += '-';
  append_digits(out, date.month, 2);
  out += '-';
  append_digits(out, date.day, 2);
  out += 'T';
  append_digits(out, rest / 3600, 2);
  out += ':';
  append_digits(out, rest / 60 % 60, 2);
  out += ':';
  append_digits(out, rest % 60, 2);
}

void append_compact(std::string& out, std::int64_t seconds, std::size_t size) {
  std::string iso;
  append_iso(iso, seconds);
  std::size_t copied = 0;
  for (const char c : iso) {
    if (c == '-' || c == ':' || c == 'T') continue;
    if (copied++ == size) return;
    out += c;
  }
}

void append_decimal(std::string& out, std::int64_t value, int scale) {
  if (value < 0) {
    out += '-';
    value = -value;
  }
  std::int64_t unit = 1;
  for (int i = 0; i < scale; ++i) unit *= 10;
  fmt::format_to(std::back_inserter(out), "{}", value / unit);
  if (scale == 0) return;
  out += '.';
  append_digits(out, static_cast<std::uint64_t>(value % unit), static_cast<std::size_t>(scale));
}

}  // namespace tarn::workload
