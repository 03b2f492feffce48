#include "engine/appender.h"
#include "query/ops_tables.h"
#include "state/audit/audit_chain.h"

namespace tarn::query {
namespace {

constexpr std::size_t kPage = 5000;

Status append_record(engine::Appender& rows, const state::AuditRecord& record) {
  const state::AuditActor& actor = record.actor;
  rows.int64(record.sequence).timestamp_us(record.at_us).text(record.event).int64_or_null(record.begun);
  rows.text_or_null(actor.user).text_or_null(actor.roles).text_or_null(actor.door).text_or_null(actor.peer);
  rows.text_or_null(actor.application).text_or_null(actor.session).text_or_null(record.statement);
  rows.text_or_null(record.tables).text_or_null(record.columns).text_or_null(record.policy);
  rows.text_or_null(record.outcome).int64_or_null(record.rows).int64_or_null(record.duration_ms);
  rows.text(record.hash.hex());
  return rows.end_row();
}

}  // namespace

Status OpsTables::load_audit() {
  if (!last_audit_) TARN_RETURN_IF_ERROR(recreate("audit"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "audit"}));
  std::int64_t last = last_audit_.value_or(0);
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::vector<state::AuditRecord> page, state::read_audit(state_, last, kPage));
    for (const state::AuditRecord& record : page) {
      TARN_RETURN_IF_ERROR(append_record(rows, record));
      last = record.sequence;
    }
    if (page.size() < kPage) break;
  }
  TARN_RETURN_IF_ERROR(rows.close());
  last_audit_ = last;
  return ok_status();
}

}  // namespace tarn::query
