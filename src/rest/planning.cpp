#include <charconv>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "iceberg/literal.h"
#include "rest/call.h"
#include "rest/errors.h"

// Scan planning on the server (Iceberg REST spec, "planTableScan", "fetchPlanningResult", "cancelPlanning",
// "fetchScanTasks"). Plans are complete when they are answered; a plan of one page is answered with its
// files, a longer one with a task a page.
namespace tarn::rest {
namespace {

using iceberg::DataFile;
using table::PlannedFile;
using table::ScanRequest;

/// What a client wants, as far as it needs no table to be understood.
struct Wanted {
  ScanRequest scan = {};
  bool use_snapshot_schema = false;
  iceberg::NameCase name_case = iceberg::NameCase::kSensitive;
  std::vector<std::string> select = {};
  std::vector<std::string> stats_fields = {};
};

Result<bool> flag_of(const JsonView& body, std::string_view key, bool otherwise) {
  const auto member = body.find(key);
  if (!member) return otherwise;
  return member->as_bool();
}

Result<std::vector<std::string>> names_of(const JsonView& body, std::string_view key) {
  const auto member = body.find(key);
  if (!member) return std::vector<std::string>();
  return member->as_text_list();
}

Result<Wanted> wanted_from(const JsonView& body) {
  TARN_RETURN_IF_ERROR(body.expect_object());
  Wanted wanted;
  TARN_ASSIGN_OR_RETURN(wanted.scan.snapshot_id, body.optional_int64("snapshot-id"));
  TARN_ASSIGN_OR_RETURN(wanted.scan.start_snapshot_id, body.optional_int64("start-snapshot-id"));
  TARN_ASSIGN_OR_RETURN(wanted.scan.end_snapshot_id, body.optional_int64("end-snapshot-id"));
  const bool incremental = wanted.scan.start_snapshot_id || wanted.scan.end_snapshot_id;
  if (incremental && wanted.scan.snapshot_id)
    return body.wrong("a scan has either a snapshot or a start and an end");
  if (wanted.scan.start_snapshot_id.has_value() != wanted.scan.end_snapshot_id.has_value())
    return body.wrong("an incremental scan has both a start and an end");
  TARN_ASSIGN_OR_RETURN(const bool case_sensitive, flag_of(body, "case-sensitive", true));
  if (!case_sensitive) wanted.name_case = iceberg::NameCase::kInsensitive;
  TARN_ASSIGN_OR_RETURN(wanted.use_snapshot_schema, flag_of(body, "use-snapshot-schema", false));
  TARN_ASSIGN_OR_RETURN(wanted.select, names_of(body, "select"));
  TARN_ASSIGN_OR_RETURN(wanted.stats_fields, names_of(body, "stats-fields"));
  return wanted;
}

Json partition_json(const iceberg::PartitionTuple& partition) {
  Json values = Json::array();
  for (const auto& value : partition) values.push_back(value ? iceberg::json_of(*value) : Json());
  return values;
}

template <typename Value>
void put_map(Json& json, const char* key, const iceberg::ColumnMap<Value>& map,
             const std::vector<std::int32_t>& columns) {
  Json ids = Json::array();
  Json values = Json::array();
  for (const std::int32_t column : columns) {
    const Value* value = map.find(column);
    if (value == nullptr) continue;
    ids.push_back(column);
    if constexpr (std::is_same_v<Value, std::string>) {
      values.push_back(iceberg::json_of(iceberg::Literal::binary(*value)));
    } else {
      values.push_back(*value);
    }
  }
  if (!ids.empty()) json[key] = {{"keys", std::move(ids)}, {"values", std::move(values)}};
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

// Iceberg REST spec, "ContentFile"; bounds as bytes in hexadecimal, which is what the reference reads.
Json json_of(const table::LiveFile& live, const std::vector<std::int32_t>& stats_columns) {
  const DataFile& file = live.file;
  constexpr std::string_view kContents[] = {"data", "position-deletes", "equality-deletes"};
  Json json = {{"content", kContents[static_cast<std::size_t>(file.content)]},
               {"file-path", file.file_path},
               {"file-format", lower_case(iceberg::to_string(file.file_format))},
               {"spec-id", live.spec_id},
               {"partition", partition_json(file.partition)},
               {"file-size-in-bytes", file.file_size_bytes},
               {"record-count", file.record_count}};
  if (file.key_metadata)
    json["key-metadata"] = iceberg::json_of(iceberg::Literal::binary(*file.key_metadata));
  if (!file.split_offsets.empty()) json["split-offsets"] = file.split_offsets;
  if (!file.equality_ids.empty()) json["equality-ids"] = file.equality_ids;
  if (file.sort_order_id) json["sort-order-id"] = *file.sort_order_id;
  if (file.first_row_id) json["first-row-id"] = *file.first_row_id;
  if (file.referenced_data_file) json["referenced-data-file"] = *file.referenced_data_file;
  if (file.content_offset) json["content-offset"] = *file.content_offset;
  if (file.content_size_bytes) json["content-size-in-bytes"] = *file.content_size_bytes;
  put_map(json, "column-sizes", file.column_sizes, stats_columns);
  put_map(json, "value-counts", file.value_counts, stats_columns);
  put_map(json, "null-value-counts", file.null_value_counts, stats_columns);
  put_map(json, "nan-value-counts", file.nan_value_counts, stats_columns);
  put_map(json, "lower-bounds", file.lower_bounds, stats_columns);
  put_map(json, "upper-bounds", file.upper_bounds, stats_columns);
  return json;
}

// Iceberg REST spec, "ScanTasks": each delete file once, and by its place in the list at the data files.
void put_files(Json& json, const std::vector<PlannedFile>& files,
               const std::vector<std::int32_t>& stats_columns) {
  Json tasks = Json::array();
  Json deletes = Json::array();
  std::unordered_map<const table::LiveFile*, std::size_t> places;
  for (const PlannedFile& file : files) {
    Json task = {{"data-file", json_of(*file.data, stats_columns)}};
    task["residual-filter"] = iceberg::json_of(file.residual);
    Json references = Json::array();
    for (const auto& one : file.deletes) {
      const auto [place, is_new] = places.emplace(one.get(), places.size());
      if (is_new) deletes.push_back(json_of(*one, {}));
      references.push_back(place->second);
    }
    if (!references.empty()) task["delete-file-references"] = std::move(references);
    tasks.push_back(std::move(task));
  }
  json["file-scan-tasks"] = std::move(tasks);
  if (!deletes.empty()) json["delete-files"] = std::move(deletes);
}

std::optional<std::int64_t> planned_snapshot(const ScanRequest& scan,
                                             const iceberg::TableMetadata& metadata) {
  if (scan.snapshot_id) return scan.snapshot_id;
  return scan.end_snapshot_id ? scan.end_snapshot_id : metadata.current_snapshot_id;
}

std::string task_of(const std::string& plan_id, std::size_t page) {
  return plan_id + "." + std::to_string(page);
}

}  // namespace

Result<Json> Endpoints::planned(const std::string& plan_id, const PlannedScan& scan) {
  Json json = {{"status", "completed"}};
  if (scan.plan.page_count() > 1) {
    Json tasks = Json::array();
    for (std::size_t page = 0; page < scan.plan.page_count(); ++page) tasks.push_back(task_of(plan_id, page));
    json["plan-tasks"] = std::move(tasks);
    return json;
  }
  std::vector<PlannedFile> files;
  if (scan.plan.page_count() == 1) {
    TARN_ASSIGN_OR_RETURN(files, scan.plan.page(parts_.manifests, 0));
  }
  put_files(json, files, scan.stats_columns);
  return json;
}

Endpoints::Reply Endpoints::plan_scan(Call& call) {
  call.reply.reset();  // Planning changes nothing; it may be done twice.
  const JsonView body = call.view();
  TARN_ASSIGN_OR_RETURN(Wanted wanted, wanted_from(body));
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.load_table(call.table()));
  TARN_ASSIGN_OR_RETURN(const iceberg::Schema* const schema,
                        table::scan_schema(*table.metadata, wanted.scan, wanted.use_snapshot_schema));
  if (const auto filter = body.find("filter")) {
    TARN_ASSIGN_OR_RETURN(wanted.scan.filter, iceberg::filter_from(*filter, *schema, wanted.name_case));
  }
  const std::optional<std::int64_t> snapshot_id = planned_snapshot(wanted.scan, *table.metadata);
  call.told.add(table.name, snapshot_id);
  if (!wanted.select.empty())
    call.told.columns = iceberg::dump_json(Json{{table.name.to_string(), wanted.select}});
  // Engines read the columns themselves; that they exist is all there is to say.
  for (const std::string& name : wanted.select)
    TARN_RETURN_IF_ERROR(iceberg::find_field(*schema, name, wanted.name_case));
  std::vector<std::int32_t> stats_columns;
  for (const std::string& name : wanted.stats_fields) {
    TARN_ASSIGN_OR_RETURN(const iceberg::NestedField* const field,
                          iceberg::find_field(*schema, name, wanted.name_case));
    stats_columns.push_back(field->id);
  }
  const auto may_read = [this](const std::string& location) {
    return parts_.catalog.check_location(location);
  };
  TARN_ASSIGN_OR_RETURN(
      table::ScanPlan plan,
      table::ScanPlan::make(parts_.manifests, table.metadata, std::move(wanted.scan), *schema,
                            {.entries_per_page = options_.files_per_plan_task, .may_read = may_read}));
  const auto scan = std::make_shared<const PlannedScan>(
      PlannedScan{std::move(plan), std::move(stats_columns), snapshot_id});
  const std::string id = plans_.keep(scan);
  auto json = planned(id, *scan);
  if (!json.ok()) {
    plans_.forget(id);
    return std::move(json).error();
  }
  (*json)["plan-id"] = id;
  return json_response(200, *json);
}

// The plan of this id, if it is one of the table that the path names.
Result<ScanPlans::Plan> Endpoints::find_plan(Call& call, const std::string& id) {
  TARN_ASSIGN_OR_RETURN(const catalog::Table table, parts_.catalog.load_table(call.table()));
  ScanPlans::Plan scan = plans_.find(id);
  if (scan != nullptr && scan->plan.metadata().table_uuid != table.metadata->table_uuid) scan = nullptr;
  if (scan != nullptr) call.told.add(table.name, scan->snapshot_id);
  return scan;
}

Endpoints::Reply Endpoints::load_plan(Call& call) {
  TARN_ASSIGN_OR_RETURN(const ScanPlans::Plan scan, find_plan(call, call.plan));
  if (scan == nullptr) return Error(kNoPlan, "there is no plan " + call.plan + " (any more)");
  TARN_ASSIGN_OR_RETURN(const Json json, planned(call.plan, *scan));
  return json_response(200, json);
}

Endpoints::Reply Endpoints::cancel_plan(Call& call) {
  TARN_ASSIGN_OR_RETURN(const ScanPlans::Plan scan, find_plan(call, call.plan));
  if (scan != nullptr) plans_.forget(call.plan);
  return no_content();
}

Endpoints::Reply Endpoints::fetch_scan_tasks(Call& call) {
  call.reply.reset();
  TARN_ASSIGN_OR_RETURN(const std::string task, call.view().text("plan-task"));
  const std::size_t dot = std::min(task.rfind('.'), task.size());
  TARN_ASSIGN_OR_RETURN(const ScanPlans::Plan scan, find_plan(call, task.substr(0, dot)));
  std::size_t page = 0;
  const char* const end = task.data() + task.size();
  const auto [stop, failure] = std::from_chars(std::min(task.data() + dot + 1, end), end, page);
  const bool is_page = failure == std::errc() && stop == end;
  if (scan == nullptr || !is_page || page >= scan->plan.page_count())
    return Error(kNoPlanTask, "there is no plan task " + task + " (any more)");
  TARN_ASSIGN_OR_RETURN(const std::vector<PlannedFile> files, scan->plan.page(parts_.manifests, page));
  Json json = Json::object();
  put_files(json, files, scan->stats_columns);
  return json_response(200, json);
}

}  // namespace tarn::rest
