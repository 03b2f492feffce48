#include <gtest/gtest.h>

#include "query/sql_files_test.h"

// tests/sql over the doors of a server: tests/sql/doors_test.cpp.
namespace tarn::query {
namespace {

constexpr const char* kFolder = TARN_TEST_DATA "/sql";

std::filesystem::path path_of(const std::string& name) {
  return std::filesystem::path(kFolder) / (name + ".test");
}

class SqlLogic : public testing::TestWithParam<std::string> {};

TEST_P(SqlLogic, File) {
  TestLake lake;
  Door door(lake);
  run_sql_file(path_of(GetParam()), lake, door);
}

INSTANTIATE_TEST_SUITE_P(Files, SqlLogic, testing::ValuesIn(sql_files(kFolder)),
                         [](const auto& file) { return file.param; });

}  // namespace
}  // namespace tarn::query
