#include "ingest/read/member_sink.h"

#include <fmt/format.h>

#include <utility>

namespace tarn::ingest {
namespace {
// A power of two, so that looking costs nothing.
constexpr std::int64_t kRowsBetweenLooks = 1024;
}  // namespace

MemberSink::MemberSink(Target target, const RowOrigin& origin) : target_(target), origin_(origin) {
  for (TableBuilder& table : target_.rows.tables) table.set_origin(origin);
  if (target_.replay == nullptr) return;
  key_ = {*target.feed.spec->name, origin.member.value_or("")};
  if (target_.replay->whole_file || target_.replay->members.contains(key_.second) ||
      target_.replay->feed_members.contains(key_) || target_.replay->feeds.contains(key_.first)) {
    return;
  }
  static const std::set<std::int64_t> no_records;
  const auto records = target_.replay->records.find(key_);
  wanted_ = records == target_.replay->records.end() ? &no_records : &records->second;
}

bool MemberSink::wants(std::int64_t record) const {
  return wanted_ == nullptr || wanted_->contains(record);
}

Status MemberSink::accept(std::int64_t record, const RecordCells& cells,
                          std::span<const TableBuilder::ExtraValue> extras, const ChildRows& children) {
  TableBuilder& own = target_.rows.tables.front();
  TARN_RETURN_IF_ERROR(own.append(cells.columns, cells.elements, {.record = record, .extras = extras}));
  const std::int64_t parent_row = own.rows() - 1;
  for (std::size_t i = 0; i < target_.feed.children.size(); ++i) {
    const CompiledChild& child = target_.feed.children[i];
    const ChildRows::Rows& rows = children.children[i];
    for (std::size_t row = 0; row < rows.count; ++row) {
      child_cells_.columns.clear();
      for (const std::size_t key : child.parent_columns) child_cells_.columns.push_back(cells.columns[key]);
      Cell ordinal;
      ordinal.is_null = false;
      ordinal.integer = static_cast<std::int64_t>(row) + 1;
      child_cells_.columns.push_back(ordinal);
      const auto first = rows.cells.begin() + static_cast<std::ptrdiff_t>(row * child.group.members.size());
      child_cells_.columns.insert(child_cells_.columns.end(), first,
                                  first + static_cast<std::ptrdiff_t>(child.group.members.size()));
      TARN_RETURN_IF_ERROR(target_.rows.tables[i + 1].append(child_cells_.columns, cells.elements,
                                                             {.record = record, .parent_row = parent_row}));
    }
  }
  ++accepted_;
  if (accepted_ % kRowsBetweenLooks == 0) TARN_RETURN_IF_ERROR(spill_if_large());
  state::RecordCounts& counts = target_.outcome.settlement.records;
  ++counts.arrived;
  ++counts.committed;
  if (target_.replay != nullptr) target_.outcome.accepted_records.emplace(key_, record);
  return ok_status();
}

Status MemberSink::spill_if_large() {
  std::vector<TableBuilder>& tables = target_.rows.tables;
  std::uint64_t bytes = 0;
  for (const TableBuilder& table : tables) bytes += table.memory_bytes();
  const SpillRule& rule = target_.spill;
  if (bytes < rule.feed_bytes) return ok_status();
  const BatchStamp stamp{rule.batch, rule.clock.now_us(), target_.feed.spec->contract_version};
  for (std::size_t i = 0; i < tables.size(); ++i) {
    const std::string path = fmt::format("{}/{}-{}", rule.folder, rule.batch.value(), rule.next_file++);
    TARN_RETURN_IF_ERROR(tables[i].spill(target_.schemas[i], stamp, path));
  }
  return ok_status();
}

void MemberSink::refuse(const Refusal& refusal) {
  if (refusal.level == state::QuarantineLevel::kMember) refused_member_ = true;
  ++refused_;
  // A unit that a replay asked for and that fails again keeps its entry.
  if (target_.replay != nullptr) {
    const bool asked_record = wanted_ != nullptr;
    const bool asked_member = refusal.level == state::QuarantineLevel::kMember &&
                              !target_.replay->whole_file && !target_.replay->feeds.contains(key_.first);
    if (asked_record || asked_member) return;
  }
  state::RecordCounts& counts = target_.outcome.settlement.records;
  ++counts.arrived;
  ++counts.quarantined;
  target_.outcome.quarantine.push_back(quarantine_entry(refusal, origin_, &target_.feed));
}

state::NewQuarantineEntry quarantine_entry(const Refusal& refusal, const RowOrigin& origin,
                                           const CompiledFeed* feed) {
  const auto known = [](std::int64_t value) { return value > 0 ? std::optional(value) : std::nullopt; };
  state::NewQuarantineEntry entry;
  entry.arrival = origin.file->arrival;
  if (feed != nullptr) {
    entry.feed = *feed->spec->name;
    entry.table = feed->spec->table->to_string();
    entry.contract_version = feed->spec->contract_version;
  }
  entry.source_file = origin.file->path;
  entry.member = origin.member.value_or("");
  entry.record = known(refusal.record);
  entry.line = known(refusal.line);
  entry.column = known(refusal.column);
  entry.field = refusal.field;
  entry.level = refusal.level;
  entry.code = std::string(refusal.code->name);
  entry.rule = refusal.rule;
  entry.reason = refusal.reason.empty() ? std::string(refusal.code->meaning) : refusal.reason;
  entry.raw = std::string(refusal.raw.substr(0, MemberSink::kRawLimit));
  return entry;
}

}  // namespace tarn::ingest
