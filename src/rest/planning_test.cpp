#include <gmock/gmock.h>

#include "rest/served_test.h"
#include "table/manifest_cache.h"
#include "table/snapshot_builder.h"

namespace tarn::rest {
namespace {

using iceberg::Literal;

constexpr const char* kTable = "/v1/namespaces/ns/tables/t";

class PlanningTest : public RestCatalogTest {
 protected:
  PlanningTest() {
    start({.files_per_plan_task = 3});
    post("/v1/namespaces", R"({"namespace":["ns"]})");
    const std::string schema =
        R"({"type":"struct","fields":[{"id":1,"name":"id","required":true,"type":"long"},)"
        R"({"id":2,"name":"part","required":false,"type":"int"}]})";
    EXPECT_EQ(post("/v1/namespaces/ns/tables",
                   fmt::format(R"({{"name":"t","schema":{},"partition-spec":{{"fields":[)"
                               R"({{"name":"part","transform":"identity","source-id":2}}]}}}})",
                               schema))
                  .status,
              200);
  }

  table::NewFile file(const std::string& name, std::int32_t part, std::int64_t first_id,
                      iceberg::FileContent content = iceberg::FileContent::kData) {
    table::NewFile made;
    made.file.content = content;
    made.file.file_path = "file:///lake/ns/t/data/" + name;
    made.file.partition = {Literal::int32(part)};
    made.file.record_count = 10;
    made.file.file_size_bytes = 100;
    if (content == iceberg::FileContent::kData) {
      made.file.value_counts = {{1, 10}};
      made.file.null_value_counts = {{1, 0}};
      made.file.lower_bounds = {{1, Literal::int64(first_id).to_binary()}};
      made.file.upper_bounds = {{1, Literal::int64(first_id + 9).to_binary()}};
    }
    return made;
  }

  std::int64_t commit(const table::SnapshotChange& change) {
    const auto loaded = catalog_->load_table({"ns", "t"});
    auto dated = change;
    dated.timestamp_ms = clock_.now_us() / 1000;
    auto built = table::build_snapshot(store_, cache_, random_, *loaded->metadata, dated);
    EXPECT_TRUE(built.ok());
    const catalog::TableCommit commits[] = {{{"ns", "t"}, built->requirements, built->updates}};
    EXPECT_TRUE(catalog_->commit(commits).ok());
    return built->snapshot.snapshot_id;
  }

  Answer plan(const std::string& body = "{}") { return post(std::string(kTable) + "/plan", body); }
  Answer fetch(const Json& task) {
    return post(std::string(kTable) + "/tasks", Json{{"plan-task", task}}.dump());
  }
  static std::string paths(const Json& answer) {
    std::string text;
    for (const Json& task : answer["file-scan-tasks"]) {
      const std::string path = task["data-file"]["file-path"];
      text += path.substr(path.rfind('/') + 1);
    }
    return text;
  }

  table::ManifestCache cache_{store_};
};

TEST_F(PlanningTest, AnswersASmallPlanWithItsFiles) {
  EXPECT_EQ(plan().body["file-scan-tasks"].dump(), "[]");
  commit({.data_files = {file("a", 1, 0), file("b", 2, 100)}});
  commit({.delete_files = {file("d", 1, 0, iceberg::FileContent::kPositionDeletes)}});
  const Answer planned = plan(R"({"stats-fields":["id"],"filter":{"type":"lt-eq","term":"id","value":104}})");
  ASSERT_EQ(planned.status, 200) << planned.body.dump();
  EXPECT_EQ(planned.body["status"], "completed");
  EXPECT_EQ(paths(planned.body), "ab");
  const Json& tasks = planned.body["file-scan-tasks"];
  EXPECT_EQ(
      tasks[0]["data-file"].dump(),
      R"({"content":"data","file-format":"parquet","file-path":"file:///lake/ns/t/data/a",)"
      R"("file-size-in-bytes":100,"lower-bounds":{"keys":[1],"values":["0000000000000000"]},)"
      R"("null-value-counts":{"keys":[1],"values":[0]},"partition":[1],"record-count":10,"spec-id":0,)"
      R"("upper-bounds":{"keys":[1],"values":["0900000000000000"]},"value-counts":{"keys":[1],"values":[10]}})");
  EXPECT_EQ(tasks[0]["delete-file-references"].dump(), "[0]");
  EXPECT_EQ(tasks[0]["residual-filter"], true);
  EXPECT_FALSE(tasks[1].contains("delete-file-references"));
  EXPECT_EQ(tasks[1]["residual-filter"].dump(), R"({"term":"id","type":"lt-eq","value":104})");
  EXPECT_EQ(planned.body["delete-files"].size(), 1U);
  EXPECT_EQ(planned.body["delete-files"][0]["content"], "position-deletes");
  EXPECT_EQ(paths(plan(R"({"filter":{"type":"eq","term":"PART","value":2},"case-sensitive":false})").body),
            "b");
}

TEST_F(PlanningTest, TellsALargePlanInTasks) {
  table::SnapshotChange change;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) change.data_files.push_back(file(name, 1, 0));
  commit(change);
  const Answer planned = plan();
  EXPECT_FALSE(planned.body.contains("file-scan-tasks"));
  ASSERT_EQ(planned.body["plan-tasks"].size(), 3U);
  std::string all;
  for (const Json& task : planned.body["plan-tasks"]) all += paths(fetch(task).body);
  EXPECT_EQ(all, "abcdefg");
  const std::string plan_target = std::string(kTable) + "/plan/" + planned.body["plan-id"].get<std::string>();
  const Answer again = ask("GET", plan_target);
  EXPECT_EQ(again.body["plan-tasks"], planned.body["plan-tasks"]);
  EXPECT_EQ(again.body["status"], "completed");
  // What is committed meanwhile does not change the plan.
  commit({.data_files = {file("h", 1, 0)}});
  EXPECT_EQ(paths(fetch(planned.body["plan-tasks"][2]).body), "g");
  EXPECT_EQ(ask("DELETE", plan_target).status, 204);
  EXPECT_EQ(ask("DELETE", plan_target).status, 204);
  EXPECT_EQ(ask("GET", plan_target).type(), "NoSuchPlanIdException");
  const Answer gone = fetch(planned.body["plan-tasks"][0]);
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.type(), "NoSuchPlanTaskException");
}

TEST_F(PlanningTest, ForgetsPlansAfterAnHour) {
  const std::string id = plan().body["plan-id"];
  clock_.advance_us(30LL * 60 * 1'000'000);
  EXPECT_EQ(ask("GET", std::string(kTable) + "/plan/" + id).status, 200);
  clock_.advance_us(31LL * 60 * 1'000'000);
  EXPECT_EQ(ask("GET", std::string(kTable) + "/plan/" + id).type(), "NoSuchPlanIdException");
  const std::string first = plan().body["plan-id"];
  for (int more = 0; more < 256; ++more) plan();
  EXPECT_EQ(ask("GET", std::string(kTable) + "/plan/" + first).status, 404);
}

TEST_F(PlanningTest, KeepsPlansToTheirTable) {
  make_table("other");
  const std::string id = plan().body["plan-id"];
  EXPECT_EQ(ask("GET", "/v1/namespaces/ns/tables/other/plan/" + id).type(), "NoSuchPlanIdException");
  EXPECT_EQ(ask("DELETE", "/v1/namespaces/ns/tables/other/plan/" + id).status, 204);
  EXPECT_EQ(ask("GET", std::string(kTable) + "/plan/" + id).status, 200);
}

TEST_F(PlanningTest, PlansSnapshotsAndWhatLiesBetween) {
  const std::int64_t first = commit({.data_files = {file("a", 1, 0)}});
  const std::int64_t second = commit({.data_files = {file("b", 1, 0)}});
  EXPECT_EQ(paths(plan(fmt::format(R"({{"snapshot-id":{}}})", first)).body), "a");
  const auto between = [&](std::int64_t start, std::int64_t end) {
    return plan(fmt::format(R"({{"start-snapshot-id":{},"end-snapshot-id":{}}})", start, end));
  };
  EXPECT_EQ(paths(between(first, second).body), "b");
  EXPECT_EQ(between(second, first).status, 400);
  EXPECT_EQ(plan(R"({"snapshot-id":5})").type(), "NoSuchSnapshotException");
}

TEST_F(PlanningTest, RefusesBadRequests) {
  for (const char* bad :
       {"", "[]", R"({"snapshot-id":"x"})", R"({"start-snapshot-id":1})", R"({"end-snapshot-id":1})",
        R"({"snapshot-id":1,"start-snapshot-id":1,"end-snapshot-id":2})", R"({"case-sensitive":"no"})",
        R"({"select":"id"})", R"({"select":["nothing"]})", R"({"stats-fields":["nothing"]})",
        R"({"filter":5})", R"({"filter":{"type":"eq","term":"ID","value":1}})",
        R"({"filter":{"type":"eq","term":"id","value":"x"}})"})
    EXPECT_EQ(plan(bad).status, 400) << bad;
  EXPECT_EQ(post("/v1/namespaces/ns/tables/none/plan", "{}").type(), "NoSuchTableException");
  EXPECT_EQ(post("/v1/namespaces/ns/tables/none/tasks", R"({"plan-task":"x"})").type(),
            "NoSuchTableException");
  for (const char* task : {"", "x", ".", "x.1", ".0"})
    EXPECT_EQ(fetch(task).type(), "NoSuchPlanTaskException") << task;
  EXPECT_EQ(post(std::string(kTable) + "/tasks", "{}").status, 400);
  const std::string id = plan().body["plan-id"];
  for (const char* page : {".0", ".1", ".-1", ".x", "."}) EXPECT_EQ(fetch(id + page).status, 404) << page;
}

TEST_F(PlanningTest, ReadsNothingOutsideOfTheWarehouse) {
  const auto point_to = [&](const std::string& list) {
    const Json metadata = ask("GET", kTable).body["metadata"];
    const Json snapshot = {{"snapshot-id", 77},
                           {"sequence-number", metadata["last-sequence-number"].get<int>() + 1},
                           {"timestamp-ms", clock_.now_us() / 1000},
                           {"manifest-list", list},
                           {"summary", {{"operation", "append"}}}};
    const Json body = {
        {"updates",
         {{{"action", "add-snapshot"}, {"snapshot", snapshot}},
          {{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "branch"}, {"snapshot-id", 77}}}}};
    EXPECT_EQ(post(kTable, body.dump()).status, 200);
  };
  point_to("file:///etc/passwd");
  EXPECT_EQ(plan().type(), "ForbiddenException");
  post(kTable, R"({"updates":[{"action":"remove-snapshot-ref","ref-name":"main"},)"
               R"({"action":"remove-snapshots","snapshot-ids":[77]}]})");
  point_to("file:///lake/ns/t/metadata/none.avro");
  EXPECT_EQ(plan().type(), "NotFoundException");
}

}  // namespace
}  // namespace tarn::rest
