#include "workload/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/civil_time.h"
#include "workload/errors.h"
#include "workload/random.h"

namespace tarn::workload {
namespace {

/// Zips in a thousand. With about 200 files an XML zip, 1,000 zips hold about 168,500 files.
constexpr std::array<std::uint32_t, kZipKindCount> kPerMille = {839, 79, 24, 28, 20, 10};

Status check_options(const WorkloadOptions& options) {
  const auto bad = [](std::string message) { return Error(kBadOption, std::move(message)); };
  if (options.folder.empty()) return bad("a folder is needed");
  if (options.zips < 1 || options.zips > 10'000'000) return bad("zips must be 1 … 10,000,000");
  if (options.large > 10'000) return bad("large must be 0 … 10,000");
  if (options.facilities > 99'999) return bad("facilities must be 0 … 99,999");
  if (options.days < 1 || options.days > 3650) return bad("days must be 1 … 3650");
  if (options.compression < 0 || options.compression > 12) return bad("compression must be 0 … 12");
  std::vector<double> shares(options.defects.share.begin(), options.defects.share.end());
  shares.push_back(options.resend_share);
  shares.push_back(options.correction_share);
  for (const double share : shares) {
    if (!(share >= 0.0 && share <= 1.0)) return bad("shares must be 0 … 1");
  }
  return ok_status();
}

Result<std::int64_t> parse_first_day(std::string_view text) {
  CivilDate date;
  const auto number = [&](std::size_t at, std::size_t size, auto& out) {
    const char* end = text.data() + at + size;
    const auto [stop, problem] = std::from_chars(text.data() + at, end, out);
    return problem == std::errc() && stop == end;
  };
  if (text.size() == 10 && number(0, 4, date.year) && number(5, 2, date.month) && number(8, 2, date.day) &&
      date.year >= 1990 && date.year <= 2090) {
    if (const auto days = days_from_civil(date)) return std::int64_t{*days} * 86'400;
  }
  return Error(kBadOption, fmt::format("`{}` is not a day between 1990-01-01 and 2090-12-31", text));
}

template <typename T>
void shuffle(std::vector<T>& items, Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) {
    std::swap(items[i - 1], items[random.below(static_cast<std::uint32_t>(i))]);
  }
}

std::vector<ZipKind> kinds(std::uint32_t zips, Random& random) {
  std::vector<ZipKind> result;
  for (std::size_t kind = 1; kind < kZipKindCount; ++kind) {
    const auto share = static_cast<std::uint32_t>((std::uint64_t{zips} * kPerMille[kind] + 500) / 1000);
    result.insert(result.end(), std::max(share, 1U), static_cast<ZipKind>(kind));
  }
  // Small workloads still have one of each kind, as far as there is room beside the ADT zip they refer to.
  const std::size_t others = std::min<std::size_t>(result.size(), zips - 1);
  result.resize(others);
  result.insert(result.end(), zips - others, ZipKind::kAdt);
  shuffle(result, random);
  return result;
}

/// Whether the defect can be put into a zip of that kind.
bool fits(Defect defect, ZipKind kind) {
  if (defect == Defect::kUnknownColumn || defect == Defect::kMissingColumn) {
    return kind == ZipKind::kLab || kind == ZipKind::kClaims || kind == ZipKind::kDemographics;
  }
  return true;
}

/// Deals the defects of archives and members out to zips, no more than one each.
void deal_defects(Plan& plan, Random& random) {
  std::vector<std::uint32_t> order(plan.options.zips);
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  shuffle(order, random);
  const auto deal = [&](const DefectKind& kind) {
    const double share = plan.options.defects[kind.defect];
    auto count = static_cast<std::uint32_t>(share * plan.options.zips + 0.5);
    if (plan.options.defects.every_kind && share > 0) count = std::max(count, 1U);
    for (std::size_t at = order.size(); at > 0 && count > 0; --at) {
      ZipPlan& zip = plan.zips[order[at - 1]];
      if (!fits(kind.defect, zip.kind) || zip.large) continue;
      zip.defect = kind.defect;
      order.erase(order.begin() + static_cast<std::ptrdiff_t>(at - 1));
      --count;
    }
  };
  // Those that fit few kinds of zip choose first.
  for (const Defect defect : {Defect::kUnknownColumn, Defect::kMissingColumn}) deal(kind_of(defect));
  for (const Defect defect :
       {Defect::kTruncated, Defect::kEncrypted, Defect::kEmptyZip, Defect::kNotZip, Defect::kCorruptCrc,
        Defect::kNestedZip, Defect::kTraversalName, Defect::kAbsoluteName, Defect::kBomb}) {
    deal(kind_of(defect));
  }
  const auto resends = static_cast<std::size_t>(plan.options.resend_share * plan.options.zips + 0.5);
  for (std::size_t i = 0; i < std::min(resends, order.size()); ++i) plan.zips[order[i]].resend = true;
}

void number_by_facility(Plan& plan) {
  constexpr auto kCensus = static_cast<std::size_t>(ZipKind::kCensus);
  std::vector<std::array<std::uint32_t, kZipKindCount>> counts(plan.options.facilities);
  const auto counter = [&](const ZipPlan& zip) -> std::uint32_t& {
    return counts[zip.facility][zip.kind == ZipKind::kMixed ? kCensus : static_cast<std::size_t>(zip.kind)];
  };
  plan.adt.resize(plan.options.facilities);
  plan.claims.resize(plan.options.facilities);
  for (std::uint32_t i = 0; i < plan.zips.size(); ++i) {
    ZipPlan& zip = plan.zips[i];
    zip.ordinal = counter(zip)++;
    if (zip.kind == ZipKind::kAdt) {
      plan.adt[zip.facility].push_back(i);
      plan.all_adt.push_back(i);
    }
    if (zip.kind == ZipKind::kClaims) plan.claims[zip.facility].push_back(i);
    if (zip.kind == ZipKind::kDemographics) plan.demographics.push_back(i);
  }
  for (ZipPlan& zip : plan.zips) zip.of = counter(zip);
}

}  // namespace

std::string_view prefix_of(ZipKind kind) {
  constexpr std::array<std::string_view, kZipKindCount> kPrefixes = {"ADT", "LAB", "CLM",
                                                                     "BED", "DEM", "MIX"};
  return kPrefixes[static_cast<std::size_t>(kind)];
}

std::string facility_id(std::uint32_t facility) {
  return fmt::format("F{:04}", facility + 1);
}

bool Plan::lost(std::uint32_t zip) const {
  const Defect defect = zips[zip].defect;
  return defect == Defect::kEncrypted ||
         (defect != Defect::kNone && kind_of(defect).level == DefectLevel::kArchive);
}

std::uint32_t Plan::next_adt(std::uint32_t zip) const {
  const auto& mine = adt[zips[zip].facility];
  return mine[std::min<std::size_t>(zips[zip].ordinal + 1, mine.size() - 1)];
}

std::vector<std::uint32_t> Plan::sources(std::uint32_t zip) const {
  const auto& mine = adt[zips[zip].facility];
  if (!mine.empty()) return mine;
  return {all_adt[mix(options.seed, zip) % all_adt.size()]};
}

std::int64_t Plan::window_begin(std::uint32_t zip) const {
  const std::int64_t days = options.days;
  return first_second + days * 86'400 * zips[zip].ordinal / zips[zip].of / 86'400 * 86'400;
}

std::int64_t Plan::window_end(std::uint32_t zip) const {
  const std::int64_t days = options.days;
  return first_second + days * 86'400 * (zips[zip].ordinal + 1) / zips[zip].of / 86'400 * 86'400;
}

std::uint32_t Plan::patients_per_facility() const {
  return std::max(options.patients / options.facilities, 1U);
}

Result<Plan> make_plan(const WorkloadOptions& options) {
  TARN_RETURN_IF_ERROR(check_options(options));
  Plan plan;
  plan.options = options;
  TARN_ASSIGN_OR_RETURN(plan.first_second, parse_first_day(options.first_day));
  WorkloadOptions& filled = plan.options;
  if (filled.facilities == 0) {
    filled.facilities =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(1, std::uint64_t{filled.zips} * 8000 / 77'000));
  }
  if (filled.patients == 0) filled.patients = std::max(filled.zips * 100, filled.facilities);
  if (filled.threads == 0) filled.threads = std::max(1U, std::thread::hardware_concurrency());
  if (filled.truth_file.empty()) {
    std::filesystem::path folder = filled.folder.lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path();  // "inbox/" is "inbox".
    filled.truth_file = folder.parent_path() / "truth.json";
  }

  Random random(filled.seed, 0x506C616EULL);
  const std::vector<ZipKind> order = kinds(filled.zips, random);
  plan.zips.resize(std::size_t{filled.zips} + filled.large);
  for (std::uint32_t i = 0; i < plan.zips.size(); ++i) {
    plan.zips[i].large = i >= filled.zips;
    plan.zips[i].kind = plan.zips[i].large ? ZipKind::kLab : order[i];
    plan.zips[i].facility = i % filled.facilities;
  }
  number_by_facility(plan);
  deal_defects(plan, random);
  return plan;
}

}  // namespace tarn::workload
