#include "query/ops_tables.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "catalog/if_present.h"
#include "engine/cell.h"
#include "query/views/type_sql.h"
#include "state/batches.h"
#include "state/quarantine.h"
#include "state/runs.h"

namespace tarn::query {
namespace {

struct Definition {
  std::string_view name;
  std::string_view columns;
};

constexpr std::array kDefinitions = {
    Definition{
        "files",
        "arrival BIGINT, source VARCHAR, path VARCHAR, state VARCHAR, size_bytes BIGINT, sha256 VARCHAR, "
        "landed_at TIMESTAMPTZ, settled_at TIMESTAMPTZ, batch_id VARCHAR, feeds VARCHAR, members BIGINT, "
        "records_arrived BIGINT, records_committed BIGINT, records_quarantined BIGINT, "
        "records_superseded BIGINT, records_late BIGINT, bytes_raw BIGINT, duplicate_of BIGINT, "
        "error_code VARCHAR, error_message VARCHAR"},
    Definition{
        "quarantine",
        "id BIGINT, status VARCHAR, level VARCHAR, feed VARCHAR, table_name VARCHAR, arrival BIGINT, "
        "source_file VARCHAR, member VARCHAR, record BIGINT, line BIGINT, \"column\" BIGINT, field VARCHAR, "
        "code VARCHAR, rule VARCHAR, reason VARCHAR, raw VARCHAR, contract_version INTEGER, batch_id "
        "VARCHAR, "
        "created_at TIMESTAMPTZ, status_changed_at TIMESTAMPTZ, note VARCHAR"},
    Definition{
        "runs",
        "id BIGINT, command VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, outcome VARCHAR, "
        "files_arrived BIGINT, files_committed BIGINT, files_quarantined BIGINT, files_duplicate BIGINT, "
        "records_arrived BIGINT, records_committed BIGINT, records_quarantined BIGINT, "
        "records_duplicate BIGINT, bytes_raw BIGINT, batches BIGINT"},
    Definition{
        "batches",
        "batch_id VARCHAR, state VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, run BIGINT, "
        "table_name VARCHAR, rows_added BIGINT, rows_deleted BIGINT, snapshot_id BIGINT"},
    Definition{"snapshots",
               "table_name VARCHAR, snapshot_id BIGINT, parent_snapshot_id BIGINT, sequence_number BIGINT, "
               "committed_at TIMESTAMPTZ, is_current BOOLEAN, operation VARCHAR, batch_id VARCHAR, "
               "added_records BIGINT, total_records BIGINT, total_data_files BIGINT, summary JSON, "
               "manifest_list VARCHAR"},
    Definition{
        "tables",
        "table_schema VARCHAR, table_name VARCHAR, columns BIGINT, records BIGINT, data_files BIGINT, "
        "size_bytes BIGINT, snapshots BIGINT, snapshot_id BIGINT, updated_at TIMESTAMPTZ, location VARCHAR"},
    Definition{
        "columns",
        "table_schema VARCHAR, table_name VARCHAR, position INTEGER, column_name VARCHAR, type VARCHAR, "
        "required BOOLEAN, field_id INTEGER, description VARCHAR"},
    Definition{
        "audit",
        "sequence BIGINT, recorded_at TIMESTAMPTZ, event VARCHAR, begun BIGINT, user_name VARCHAR, roles "
        "VARCHAR, door VARCHAR, peer VARCHAR, application VARCHAR, session_id VARCHAR, statement VARCHAR, "
        "tables VARCHAR, columns_read JSON, policy JSON, outcome VARCHAR, row_count BIGINT, duration_ms "
        "BIGINT, "
        "hash VARCHAR"},
};

/// A page of the state's lists.
constexpr std::size_t kPage = 20'000;
/// Lists without pages are read whole.
constexpr std::size_t kAll = 1'000'000'000;

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : ", ") + text;
  return joined;
}

engine::Appender& time_or_null(engine::Appender& rows, const std::optional<std::int64_t>& micros) {
  return micros ? rows.timestamp_us(*micros) : rows.null();
}

std::optional<std::int64_t> count_of(const std::map<std::string, std::string>& summary, const char* key) {
  const auto found = summary.find(key);
  if (found == summary.end()) return std::nullopt;
  std::int64_t count = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(count) : std::nullopt;
}

std::string summary_json(const std::map<std::string, std::string>& summary) {
  std::string json = "{";
  for (const auto& [key, value] : summary) {
    if (json.size() > 1) json += ',';
    engine::append_json_string(key, json);
    json += ':';
    engine::append_json_string(value, json);
  }
  return json + "}";
}

Status append_file(engine::Appender& rows, const state::Arrival& file) {
  rows.int64(file.id.value()).text(file.source).text(file.path).text(state::to_string(file.state));
  rows.int64(static_cast<std::int64_t>(file.size_bytes)).text_or_null(file.sha256 ? file.sha256->hex() : "");
  rows.timestamp_us(file.landed_at_us);
  time_or_null(rows, file.settled_at_us).text_or_null(file.batch.value()).text_or_null(join(file.feeds));
  rows.int64(file.members).int64(file.records.arrived).int64(file.records.committed);
  rows.int64(file.records.quarantined)
      .int64(file.records.superseded)
      .int64(file.records.late)
      .int64(static_cast<std::int64_t>(file.bytes_raw));
  rows.int64_or_null(file.duplicate_of ? std::optional(file.duplicate_of->value()) : std::nullopt);
  rows.text_or_null(file.error_code).text_or_null(file.error_message);
  return rows.end_row();
}

Status append_quarantine(engine::Appender& rows, const state::QuarantineEntry& entry) {
  rows.int64(entry.id.value()).text(state::to_string(entry.status)).text(state::to_string(entry.level));
  rows.text_or_null(entry.feed)
      .text_or_null(entry.table)
      .int64(entry.arrival.value())
      .text(entry.source_file);
  rows.text_or_null(entry.member)
      .int64_or_null(entry.record)
      .int64_or_null(entry.line)
      .int64_or_null(entry.column);
  rows.text_or_null(entry.field)
      .text(entry.code)
      .text_or_null(entry.rule)
      .text(entry.reason)
      .text_or_null(entry.raw);
  rows.int64(entry.contract_version).text_or_null(entry.batch.value()).timestamp_us(entry.created_at_us);
  time_or_null(rows, entry.status_changed_at_us).text_or_null(entry.note);
  return rows.end_row();
}

// What positional deletes took away is in the files still.
std::optional<std::int64_t> live_records(const std::map<std::string, std::string>& summary) {
  const auto records = count_of(summary, "total-records");
  if (!records) return records;
  return *records - count_of(summary, "total-position-deletes").value_or(0);
}

Status append_snapshot(engine::Appender& rows, const catalog::Table& table,
                       const iceberg::Snapshot& snapshot) {
  const auto batch = snapshot.summary.find("tarn.batch-id");
  rows.text(table.name.to_string()).int64(snapshot.snapshot_id).int64_or_null(snapshot.parent_snapshot_id);
  rows.int64(snapshot.sequence_number).timestamp_us(snapshot.timestamp_ms * 1000);
  rows.boolean(table.metadata->current_snapshot_id == snapshot.snapshot_id).text_or_null(snapshot.operation);
  rows.text_or_null(batch == snapshot.summary.end() ? "" : batch->second);
  rows.int64_or_null(count_of(snapshot.summary, "added-records"));
  rows.int64_or_null(count_of(snapshot.summary, "total-records"));
  rows.int64_or_null(count_of(snapshot.summary, "total-data-files"));
  rows.text(summary_json(snapshot.summary)).text_or_null(snapshot.manifest_list);
  return rows.end_row();
}

}  // namespace

std::vector<std::string_view> OpsTables::names() {
  std::vector<std::string_view> names;
  for (const Definition& definition : kDefinitions) names.push_back(definition.name);
  return names;
}

VisibleTable OpsTables::describe(std::string_view name) {
  using engine::TypeId;
  constexpr std::array<std::pair<std::string_view, TypeId>, 6> kTypes = {
      {{"BIGINT", TypeId::kInt64},
       {"INTEGER", TypeId::kInt32},
       {"BOOLEAN", TypeId::kBoolean},
       {"TIMESTAMPTZ", TypeId::kTimestampTz},
       {"JSON", TypeId::kJson},
       {"VARCHAR", TypeId::kText}}};
  VisibleTable table{.name = {"ops", std::string(name)}};
  for (const Definition& definition : kDefinitions) {
    if (definition.name != name) continue;
    std::string_view left = definition.columns;
    while (!left.empty()) {
      const std::size_t comma = std::min(left.find(", "), left.size());
      const std::string_view one = left.substr(0, comma);
      left.remove_prefix(std::min(comma + 2, left.size()));
      const std::size_t space = one.find(' ');
      std::string column(one.substr(0, space));
      std::erase(column, '"');
      const auto* const type =
          std::ranges::find(kTypes, one.substr(space + 1), &std::pair<std::string_view, TypeId>::first);
      table.columns.push_back(
          {.name = std::move(column), .type = {.id = type->second}, .sql_type = std::string(type->first)});
    }
  }
  return table;
}

Status OpsTables::recreate(std::string_view name) {
  for (const Definition& definition : kDefinitions) {
    if (definition.name != name) continue;
    return connection_.run(fmt::format("CREATE SCHEMA IF NOT EXISTS ops; CREATE OR REPLACE TABLE ops.{} ({})",
                                       name, definition.columns));
  }
  return ok_status();
}

Status OpsTables::load(std::string_view name) {
  if (name == "files") return load_files();
  if (name == "quarantine") return load_quarantine();
  if (name == "runs") return load_runs();
  if (name == "batches") return load_batches();
  if (name == "snapshots") return load_snapshots();
  if (name == "tables") return load_tables();
  if (name == "audit") return load_audit();
  return load_columns();
}

Status OpsTables::load_files() {
  // The totals move with every change of the ledger: equal totals, equal rows.
  TARN_ASSIGN_OR_RETURN(const state::LedgerSummary summary, state::summary(state_));
  if (files_loaded_ && summary == loaded_summary_) return ok_status();
  TARN_RETURN_IF_ERROR(recreate("files"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "files"}));
  state::ArrivalFilter filter;
  filter.limit = kPage;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const std::vector<state::Arrival> page, state::list_arrivals(state_, filter));
    for (const state::Arrival& file : page) {
      TARN_RETURN_IF_ERROR(append_file(rows, file));
    }
    if (page.size() < kPage) break;
    filter.before = page.back().id;
  }
  TARN_RETURN_IF_ERROR(rows.close());
  loaded_summary_ = summary;
  files_loaded_ = true;
  return ok_status();
}

Status OpsTables::load_quarantine() {
  TARN_RETURN_IF_ERROR(recreate("quarantine"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "quarantine"}));
  state::QuarantineFilter filter;
  filter.limit = kPage;
  while (true) {
    TARN_ASSIGN_OR_RETURN(const auto page, state::list_quarantine(state_, filter));
    for (const state::QuarantineEntry& entry : page) {
      TARN_RETURN_IF_ERROR(append_quarantine(rows, entry));
    }
    if (page.size() < kPage) break;
    filter.offset += page.size();
  }
  return rows.close();
}

Status OpsTables::load_runs() {
  TARN_RETURN_IF_ERROR(recreate("runs"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "runs"}));
  TARN_ASSIGN_OR_RETURN(const std::vector<state::Run> runs, state::list_runs(state_, kAll));
  for (const state::Run& run : runs) {
    rows.int64(run.id.value()).text(run.command).timestamp_us(run.started_at_us);
    time_or_null(rows, run.finished_at_us).text_or_null(run.outcome);
    const state::RunTotals& totals = run.totals;
    rows.int64(totals.files_arrived).int64(totals.files_committed).int64(totals.files_quarantined);
    rows.int64(totals.files_duplicate).int64(totals.records_arrived).int64(totals.records_committed);
    rows.int64(totals.records_quarantined).int64(totals.records_duplicate).int64(totals.bytes_raw);
    rows.int64(totals.batches);
    TARN_RETURN_IF_ERROR(rows.end_row());
  }
  return rows.close();
}

Status OpsTables::load_batches() {
  TARN_RETURN_IF_ERROR(recreate("batches"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "batches"}));
  TARN_ASSIGN_OR_RETURN(const std::vector<state::Batch> batches, state::list_batches(state_, kAll));
  for (const state::Batch& batch : batches) {
    const auto begin = [&]() -> engine::Appender& {
      rows.text(batch.id.value()).text(state::to_string(batch.state)).timestamp_us(batch.started_at_us);
      time_or_null(rows, batch.finished_at_us);
      return rows.int64_or_null(batch.run ? std::optional(batch.run->value()) : std::nullopt);
    };
    for (const state::BatchTable& table : batch.tables) {
      begin()
          .text(table.table.to_string())
          .int64(table.rows_added)
          .int64(table.rows_deleted)
          .int64(table.snapshot_id);
      TARN_RETURN_IF_ERROR(rows.end_row());
    }
    if (!batch.tables.empty()) continue;
    begin().null().null().null().null();
    TARN_RETURN_IF_ERROR(rows.end_row());
  }
  return rows.close();
}

Result<std::vector<catalog::Table>> OpsTables::all_tables() {
  TARN_ASSIGN_OR_RETURN(const std::vector<TableName> names, catalog_.list_tables());
  std::vector<catalog::Table> tables;
  for (const TableName& name : names) {
    if (principal_ != nullptr && !principal_->sees(name)) continue;
    TARN_ASSIGN_OR_RETURN(auto table, catalog::if_present(catalog_.load_table(name)));
    if (table) tables.push_back(*std::move(table));
  }
  return tables;
}

Status OpsTables::load_snapshots() {
  TARN_RETURN_IF_ERROR(recreate("snapshots"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "snapshots"}));
  TARN_ASSIGN_OR_RETURN(const std::vector<catalog::Table> tables, all_tables());
  for (const catalog::Table& table : tables) {
    for (const iceberg::Snapshot& snapshot : table.metadata->snapshots) {
      TARN_RETURN_IF_ERROR(append_snapshot(rows, table, snapshot));
    }
  }
  return rows.close();
}

/// The owner sees all columns and rows.
TablePolicy OpsTables::policy_of(const catalog::Table& table) const {
  const iceberg::Schema& schema = table.metadata->current_schema();
  if (principal_ != nullptr) return principal_->policy(table.name, *table.metadata);
  TablePolicy all;
  for (const iceberg::NestedField& field : schema.fields()) all.columns.push_back({field.name, field.name});
  return all;
}

Status OpsTables::load_tables() {
  TARN_RETURN_IF_ERROR(recreate("tables"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "tables"}));
  TARN_ASSIGN_OR_RETURN(const std::vector<catalog::Table> tables, all_tables());
  for (const catalog::Table& table : tables) {
    const iceberg::TableMetadata& metadata = *table.metadata;
    const iceberg::Snapshot* now = metadata.current_snapshot();
    const std::map<std::string, std::string> none = {
        {"total-records", "0"}, {"total-data-files", "0"}, {"total-files-size", "0"}};
    const auto& summary = now == nullptr ? none : now->summary;
    const TablePolicy policy = policy_of(table);
    const auto count = [&](std::optional<std::int64_t> value) {
      // How much there is of what a filter hides is hidden, too.
      rows.int64_or_null(policy.filter.empty() ? value : std::nullopt);
    };
    rows.text(table.name.schema).text(table.name.name);
    rows.int64(static_cast<std::int64_t>(policy.columns.size()));
    count(live_records(summary));
    count(count_of(summary, "total-data-files"));
    count(count_of(summary, "total-files-size"));
    rows.int64(static_cast<std::int64_t>(metadata.snapshots.size()))
        .int64_or_null(metadata.current_snapshot_id);
    rows.timestamp_us(metadata.last_updated_ms * 1000);
    rows.text_or_null(principal_ == nullptr ? metadata.location : "");
    TARN_RETURN_IF_ERROR(rows.end_row());
  }
  return rows.close();
}

Status OpsTables::load_columns() {
  TARN_RETURN_IF_ERROR(recreate("columns"));
  TARN_ASSIGN_OR_RETURN(engine::Appender rows, connection_.append_to({"ops", "columns"}));
  TARN_ASSIGN_OR_RETURN(const std::vector<catalog::Table> tables, all_tables());
  for (const catalog::Table& table : tables) {
    std::int64_t position = 0;
    const TablePolicy policy = policy_of(table);
    for (const iceberg::NestedField& field : table.metadata->current_schema().fields()) {
      const VisibleColumn* column = policy.find(field.name);
      if (column == nullptr) continue;
      rows.text(table.name.schema).text(table.name.name).int64(++position).text(field.name);
      rows.text(column->is_text ? "VARCHAR" : type_sql(field.type))
          .boolean(field.required && column->is_plain)
          .int64(field.id)
          .text_or_null(field.doc.value_or(""));
      TARN_RETURN_IF_ERROR(rows.end_row());
    }
  }
  return rows.close();
}

}  // namespace tarn::query
