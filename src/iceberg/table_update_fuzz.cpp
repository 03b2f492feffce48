// Any text as the commit of a table or view, applied to one that has something of everything: it is refused,
// or what comes of it can be written and read back the same, as can the updates themselves.
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "iceberg/json/codec.h"
#include "iceberg/table_metadata.h"
#include "iceberg/update.h"
#include "iceberg/view_metadata.h"

namespace {

using namespace tarn::iceberg;  // NOLINT(google-build-using-namespace)

constexpr const char* kTable =
    R"({"format-version":3,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1","location":"file:///lake/ns/t",)"
    R"("last-sequence-number":4,"last-updated-ms":1602638573590,"last-column-id":3,"next-row-id":9,)"
    R"("current-schema-id":1,"schemas":[{"type":"struct","schema-id":0,"fields":[)"
    R"({"id":1,"name":"x","required":true,"type":"long"}]},{"type":"struct","schema-id":1,)"
    R"("identifier-field-ids":[1],"fields":[{"id":1,"name":"x","required":true,"type":"long"},)"
    R"({"id":2,"name":"y","required":false,"type":"string"},)"
    R"({"id":3,"name":"z","required":false,"type":"timestamp"}]}],"default-spec-id":0,"partition-specs":[)"
    R"({"spec-id":0,"fields":[{"name":"x_bucket","transform":"bucket[4]","source-id":1,"field-id":1000}]}],)"
    R"("last-partition-id":1000,"default-sort-order-id":3,"sort-orders":[{"order-id":3,"fields":[)"
    R"({"transform":"identity","source-id":2,"direction":"asc","null-order":"nulls-first"}]}],)"
    R"("properties":{"write.metadata.previous-versions-max":"1"},"current-snapshot-id":3055729675574597004,)"
    R"("snapshots":[{"snapshot-id":3051729675574597004,"timestamp-ms":1515100955770,"sequence-number":0,)"
    R"("first-row-id":0,"added-rows":4,"summary":{"operation":"append"},"manifest-list":"file:///lake/1"},)"
    R"({"snapshot-id":3055729675574597004,"parent-snapshot-id":3051729675574597004,"sequence-number":1,)"
    R"("first-row-id":4,"added-rows":5,"timestamp-ms":1555100955770,"summary":{"operation":"append"},)"
    R"("manifest-list":"file:///lake/2","schema-id":1}],"snapshot-log":[)"
    R"({"snapshot-id":3051729675574597004,"timestamp-ms":1515100955770},)"
    R"({"snapshot-id":3055729675574597004,"timestamp-ms":1555100955770}],"metadata-log":[],)"
    R"("refs":{"main":{"snapshot-id":3055729675574597004,"type":"branch"},)"
    R"("tag":{"snapshot-id":3051729675574597004,"type":"tag"}}})";
constexpr const char* kView =
    R"({"view-uuid":"fa6506c3-7681-40c8-86dc-e36561f83385","format-version":1,"location":"file:///lake/v",)"
    R"("current-version-id":1,"properties":{"version.history.num-entries":"2"},"versions":[{"version-id":1,)"
    R"("timestamp-ms":1573518431292,"schema-id":1,"default-namespace":["ns"],"summary":{},)"
    R"("representations":[{"type":"sql","sql":"SELECT 1","dialect":"spark"}]}],"schemas":[{"schema-id":1,)"
    R"("type":"struct","fields":[{"id":1,"name":"c","required":false,"type":"int"}]}],)"
    R"("version-log":[{"timestamp-ms":1573518431292,"version-id":1}]})";
constexpr std::int64_t kNowMs = 1'709'294'400'000;

template <typename T>
std::vector<T> all_of(const JsonView& list, tarn::Result<T> (*read)(const JsonView&)) {
  std::vector<T> items;
  if (!list.expect_array().ok()) return items;
  for (std::size_t index = 0; index < list.size(); ++index) {
    if (!list.element(index).expect_object().ok()) continue;
    if (auto item = read(list.element(index)); item.ok()) items.push_back(std::move(item).value());
  }
  return items;
}

void commit_table(const TableMetadata& table, const std::vector<TableUpdate>& updates) {
  for (const TableUpdate& update : updates) {
    const auto again = update_from_json(to_json(update));
    TARN_CHECK(again.ok() && again.value() == update);
  }
  for (const auto& changed : {apply(table, updates, {.now_ms = kNowMs, .previous_file = "file:///lake/m"}),
                              create_from(updates, {.now_ms = kNowMs})}) {
    if (!changed.ok()) continue;
    const auto again = TableMetadata::from_json(changed->to_json());
    TARN_CHECK(again.ok() && again.value() == changed.value());
  }
}

void commit_view(const ViewMetadata& view, const std::vector<ViewUpdate>& updates) {
  for (const ViewMetadata& base : {view, ViewMetadata{}}) {
    const auto changed = apply(base, updates, {.now_ms = kNowMs});
    if (!changed.ok()) continue;
    const auto again = ViewMetadata::from_json(changed->to_json());
    TARN_CHECK(again.ok() && again.value() == changed.value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TableMetadata table = TableMetadata::from_json(kTable).value();
  static const ViewMetadata view = ViewMetadata::from_json(kView).value();
  static const tarn::ErrorCode code{"fuzz.bad", tarn::ErrorClass::kUser, "", ""};
  const auto json = parse_json({reinterpret_cast<const char*>(data), size});
  if (!json.ok()) return 0;
  const JsonView body(json.value(), code);
  if (const auto requirements = body.find("requirements")) {
    (void)check(&table, all_of(*requirements, &requirement_from));
    (void)check(view, all_of(*requirements, &view_requirement_from));
  }
  if (const auto updates = body.find("updates")) {
    commit_table(table, all_of(*updates, &update_from));
    commit_view(view, all_of(*updates, &view_update_from));
  }
  return 0;
}
