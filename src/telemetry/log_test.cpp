#include "telemetry/log.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tarn::telemetry {
namespace {

constexpr ErrorCode kFull{"io.disk_full", ErrorClass::kPermanent, "Full.", "Free space."};

TEST(Log, WritesOneJsonObjectALine) {
  std::ostringstream out;
  Log log(out, Level::kInfo, [] { return std::int64_t{1709294400000000}; });
  log.debug("hidden", {});
  log.info("ingest.done", {{"files", std::int64_t{12}}, {"path", "a \"b\"\n\xff"}, {"dry", true}});
  log.error("ingest.failed", Error(kFull, "no space"), {{"seconds", 0.5}});
  log.warning("index.dropped", Error(kFull, "no space"), {});
  EXPECT_EQ(
      out.str(),
      "{\"time\":\"2024-03-01T12:00:00Z\",\"level\":\"info\",\"event\":\"ingest.done\",\"files\":12,"
      "\"path\":\"a \\\"b\\\"\\n\xEF\xBF\xBD\",\"dry\":true}\n"
      "{\"time\":\"2024-03-01T12:00:00Z\",\"level\":\"error\",\"event\":\"ingest.failed\",\"seconds\":0.5,"
      "\"code\":\"io.disk_full\",\"class\":\"permanent\",\"message\":\"no space\"}\n"
      "{\"time\":\"2024-03-01T12:00:00Z\",\"level\":\"warning\",\"event\":\"index.dropped\","
      "\"code\":\"io.disk_full\",\"class\":\"permanent\",\"message\":\"no space\"}\n");
}

}  // namespace
}  // namespace tarn::telemetry
