#include "table/maintenance/expiry.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <map>
#include <set>
#include <string_view>
#include <unordered_set>

#include "base/civil_time.h"

namespace tarn::table {
namespace {

using iceberg::SnapshotRef;

constexpr std::int64_t kMillisPerDay = 86'400'000;
constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

std::optional<std::int64_t> number_property(const iceberg::TableMetadata& metadata, const std::string& key) {
  const auto found = metadata.properties.find(key);
  if (found == metadata.properties.end()) return std::nullopt;
  const std::string& text = found->second;
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

/// "month-2026-10" of a time, in UTC.
std::string month_tag(std::int64_t timestamp_ms) {
  std::int64_t days = timestamp_ms / kMillisPerDay;
  if (timestamp_ms % kMillisPerDay < 0) --days;
  return "month-" + format_date(static_cast<std::int32_t>(days)).substr(0, 7);
}

class Expiry {
 public:
  Expiry(const iceberg::TableMetadata& metadata, const ExpiryPolicy& policy, std::int64_t now_ms)
      : metadata_(metadata),
        now_ms_(now_ms),
        max_age_ms_(number_property(metadata, "history.expire.max-snapshot-age-ms")
                        .value_or(policy.max_snapshot_age_ms.value_or(kForEver))),
        min_kept_(number_property(metadata, "history.expire.min-snapshots-to-keep")
                      .value_or(policy.min_snapshots_to_keep)),
        max_ref_age_ms_(number_property(metadata, "history.expire.max-ref-age-ms")
                            .value_or(policy.max_ref_age_ms.value_or(kForEver))),
        monthly_tags_(policy.monthly_tags) {}

  ExpiryPlan plan() {
    expire_refs();
    for (const auto& [name, ref] : refs_) {
      if (ref.kind == SnapshotRef::Kind::kBranch)
        keep_of_branch(ref);
      else
        kept_.insert(ref.snapshot_id);
    }
    if (monthly_tags_) tag_months();
    const auto is_young = [&](const iceberg::Snapshot& snapshot) { return age_ms(snapshot) <= max_age_ms_; };
    for (const iceberg::Snapshot& snapshot : metadata_.snapshots) {
      if (kept_.contains(snapshot.snapshot_id)) continue;
      // What no branch leads to may be the work of somebody who has not named it yet.
      if (!reached_.contains(snapshot.snapshot_id) && is_young(snapshot)) continue;
      plan_.snapshot_ids.push_back(snapshot.snapshot_id);
    }
    if (plan_.snapshot_ids.empty() && plan_.removed_refs.empty() && plan_.added_tags.empty()) return {};
    if (!plan_.snapshot_ids.empty()) plan_.updates.emplace_back(iceberg::RemoveSnapshots{plan_.snapshot_ids});
    plan_.requirements.insert(plan_.requirements.begin(), iceberg::AssertTableUuid{metadata_.table_uuid});
    return std::move(plan_);
  }

 private:
  std::int64_t age_ms(const iceberg::Snapshot& snapshot) const { return now_ms_ - snapshot.timestamp_ms; }

  /// Nobody may have moved a branch or tag since: what it leads to was decided by where it points.
  void expire_refs() {
    for (const auto& [name, ref] : metadata_.refs) {
      const iceberg::Snapshot* snapshot = metadata_.snapshot_by_id(ref.snapshot_id);
      const std::int64_t limit = ref.max_ref_age_ms.value_or(max_ref_age_ms_);
      plan_.requirements.emplace_back(iceberg::AssertRefSnapshotId{name, ref.snapshot_id});
      if (name != iceberg::kMainBranch && (snapshot == nullptr || age_ms(*snapshot) > limit)) {
        plan_.removed_refs.push_back(name);
        plan_.updates.emplace_back(iceberg::RemoveSnapshotRef{name});
      } else {
        refs_.emplace(name, ref);
      }
    }
  }

  void keep_of_branch(const SnapshotRef& ref) {
    const std::int64_t max_age = ref.max_snapshot_age_ms.value_or(max_age_ms_);
    const std::int64_t least = std::max<std::int64_t>(
        1, ref.min_snapshots_to_keep.value_or(static_cast<std::int32_t>(
               std::min<std::int64_t>(min_kept_, std::numeric_limits<std::int32_t>::max()))));
    std::int64_t count = 0;
    bool keeps = true;
    for_each_ancestor(ref.snapshot_id, [&](const iceberg::Snapshot& snapshot) {
      reached_.insert(snapshot.snapshot_id);
      keeps = keeps && (count < least || age_ms(snapshot) <= max_age);
      if (keeps) kept_.insert(snapshot.snapshot_id);
      ++count;
    });
  }

  /// The last snapshot of each month that is over.
  void tag_months() {
    const auto main = refs_.find(std::string(iceberg::kMainBranch));
    if (main == refs_.end()) return;
    const std::string this_month = month_tag(now_ms_);
    std::set<std::string> seen;
    for_each_ancestor(main->second.snapshot_id, [&](const iceberg::Snapshot& snapshot) {
      const std::string tag = month_tag(snapshot.timestamp_ms);
      if (tag >= this_month || !seen.insert(tag).second || metadata_.refs.contains(tag)) return;
      kept_.insert(snapshot.snapshot_id);
      plan_.added_tags.push_back(tag);
      SnapshotRef ref;
      ref.kind = SnapshotRef::Kind::kTag;
      ref.snapshot_id = snapshot.snapshot_id;
      ref.max_ref_age_ms = kForEver;
      plan_.updates.emplace_back(iceberg::SetSnapshotRef{tag, ref});
      plan_.requirements.emplace_back(iceberg::AssertRefSnapshotId{tag, std::nullopt});
    });
  }

  template <std::invocable<const iceberg::Snapshot&> Visit>
  void for_each_ancestor(std::int64_t snapshot_id, Visit visit) const {
    const iceberg::Snapshot* snapshot = metadata_.snapshot_by_id(snapshot_id);
    for (std::size_t i = 0; snapshot != nullptr && i < metadata_.snapshots.size(); ++i) {
      visit(*snapshot);
      snapshot =
          snapshot->parent_snapshot_id ? metadata_.snapshot_by_id(*snapshot->parent_snapshot_id) : nullptr;
    }
  }

  const iceberg::TableMetadata& metadata_;
  std::int64_t now_ms_;
  std::int64_t max_age_ms_;
  std::int64_t min_kept_;
  std::int64_t max_ref_age_ms_;
  bool monthly_tags_;
  std::map<std::string, SnapshotRef> refs_;   // that stay
  std::unordered_set<std::int64_t> reached_;  // ancestors of branches
  std::unordered_set<std::int64_t> kept_;
  ExpiryPlan plan_;
};

}  // namespace

ExpiryPlan plan_expiry(const iceberg::TableMetadata& metadata, const ExpiryPolicy& policy,
                       std::int64_t now_ms) {
  if (!may_remove_files(metadata)) return {};
  return Expiry(metadata, policy, now_ms).plan();
}

bool may_remove_files(const iceberg::TableMetadata& metadata) {
  const auto found = metadata.properties.find("gc.enabled");
  return found == metadata.properties.end() || found->second != "false";
}

}  // namespace tarn::table
