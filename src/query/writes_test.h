#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "query/lake_test.h"

namespace tarn::query {

/// The rows of the last statement, or its error's code.
inline std::vector<std::string> run(Session& session, const std::string& script) {
  std::vector<std::string> lines;
  for (const StatementText& statement : split_statements(script)) {
    const auto texts = [&]() -> Result<std::vector<std::vector<std::optional<std::string>>>> {
      TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session.run(statement, {}));
      return engine::read_texts(rows);
    }();
    if (!texts.ok()) return {std::string(texts.error().name())};
    lines.clear();
    for (const auto& row : *texts) {
      std::string line;
      for (const auto& cell : row) line += (line.empty() ? "" : " | ") + cell.value_or("NULL");
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

class Writes : public testing::Test {
 protected:
  Writes() {
    EXPECT_THAT(run(*first_, "CREATE SCHEMA s; CREATE TABLE s.t (id BIGINT, v TEXT)"),
                testing::ElementsAre("0"));
  }

  TestLake lake_;
  std::unique_ptr<Session> first_ = lake_.open_writer();
  std::unique_ptr<Session> second_ = lake_.open_writer();
};

}  // namespace tarn::query
