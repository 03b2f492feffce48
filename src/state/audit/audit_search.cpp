#include <fmt/format.h>

#include <limits>
#include <string_view>

#include "state/audit/audit_chain.h"
#include "state/audit/audit_rows.h"
#include "state/connection.h"

namespace tarn::state {
namespace {

constexpr std::size_t kPage = 1000;

/// Whether `curated.visit@123, ops.files` names a table.
bool names_table(std::string_view tables, std::string_view name) {
  while (!tables.empty()) {
    const std::size_t comma = std::min(tables.find(", "), tables.size());
    const std::string_view one = tables.substr(0, comma);
    if (one == name || (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '@'))
      return true;
    tables.remove_prefix(std::min(comma + 2, tables.size()));
  }
  return false;
}

struct Page {
  std::vector<AuditEntry> entries;
  std::int64_t last = 0;  ///< Of all that was looked at.
  bool is_last = false;
};

/// One page backwards, of what the state itself can tell apart.
Result<Page> read_page(Database& database, const AuditFilter& filter, std::int64_t before) {
  Database::Reading reading(database);
  TARN_ASSIGN_OR_RETURN(
      Statement rows,
      reading->prepare(
          fmt::format("SELECT {}, {} FROM audit_records r LEFT JOIN audit_records e ON e.begun = r.sequence "
                      "WHERE r.begun IS NULL AND r.sequence < ?1 AND r.at_us >= ?2 AND r.at_us <= ?3 "
                      "AND (r.user_name = ?4 OR ?4 = '') AND (r.door = ?5 OR ?5 = '') "
                      "ORDER BY r.sequence DESC, e.sequence LIMIT ?6",
                      audit_columns("r."), audit_columns("e."))));
  rows.bind(before, filter.since_us.value_or(std::numeric_limits<std::int64_t>::min()),
            filter.until_us.value_or(std::numeric_limits<std::int64_t>::max()), filter.user, filter.door,
            kPage);
  Page page;
  for (std::size_t read = 0;; ++read) {
    TARN_ASSIGN_OR_RETURN(const bool found, rows.step());
    if (!found) {
      page.is_last = read < kPage;
      return page;
    }
    AuditEntry entry{.record = read_record(rows)};
    if (!rows.is_null(kAuditColumns)) entry.end = read_record(rows, kAuditColumns);
    page.last = entry.record.sequence;
    page.entries.push_back(std::move(entry));
  }
}

}  // namespace

std::string AuditEntry::outcome() const {
  if (end) return end->outcome;
  return record.event == kAuditBegun ? std::string(kAuditOpen) : record.outcome;
}

Result<std::vector<AuditEntry>> search_audit(Database& database, const AuditFilter& filter) {
  std::vector<AuditEntry> found;
  for (std::int64_t before = std::numeric_limits<std::int64_t>::max();;) {
    TARN_ASSIGN_OR_RETURN(Page page, read_page(database, filter, before));
    for (AuditEntry& entry : page.entries) {
      const bool is_about = filter.table.empty() || names_table(entry.record.tables, filter.table) ||
                            (entry.end && names_table(entry.end->tables, filter.table));
      if (!is_about) continue;
      if (!filter.outcome.empty() && entry.outcome() != filter.outcome) continue;
      if (found.size() == filter.limit) return found;
      found.push_back(std::move(entry));
    }
    if (page.is_last) return found;
    before = page.last;
  }
}

}  // namespace tarn::state
