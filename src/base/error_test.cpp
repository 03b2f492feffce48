#include "base/error.h"

#include <gtest/gtest.h>

#include <array>

#include "base/result.h"

namespace tarn {
namespace {

constexpr ErrorCode kUnknownKey{"contract.unknown_key", ErrorClass::kUser, "A key is not known.",
                                "Correct its name."};

TEST(Error, RendersThePlaceTheLineAndTheMend) {
  const Error error = Error(kUnknownKey, "`mdoe` is not a setting of a feed")
                          .with_span({"feeds/labs.yaml", 7, 5, 4, "    mdoe: upsert"})
                          .with_hint("did you mean `mode`?");
  EXPECT_EQ(render_diagnostic(error, false),
            "error[contract.unknown_key]: `mdoe` is not a setting of a feed\n"
            "  feeds/labs.yaml:7:5\n"
            "  7 |     mdoe: upsert\n"
            "    |     ^^^^ did you mean `mode`?\n");
}

TEST(Error, CopiesAreIndependent) {
  Error first(kUnknownKey, "one");
  Error second = first;
  second = std::move(second).with_hint("two");
  EXPECT_EQ(first.hint(), "");
  EXPECT_EQ(second.hint(), "two");
}

TEST(NearestName, FindsSlipsAndRefusesStrangers) {
  constexpr std::array<std::string_view, 3> kNames = {"mode", "format", "columns"};
  EXPECT_EQ(nearest_name("mdoe", kNames), "mode");
  EXPECT_EQ(nearest_name("colums", kNames), "columns");
  EXPECT_EQ(nearest_name("zebra", kNames), "");
}

Result<int> half(int value) {
  if (value % 2 != 0) return Error(kUnknownKey, "odd");
  return value / 2;
}

Status quarter(int value, int* out) {
  TARN_ASSIGN_OR_RETURN(const int once, half(value));
  TARN_ASSIGN_OR_RETURN(*out, half(once));
  return ok_status();
}

TEST(Result, PropagatesThroughTheMacros) {
  int out = 0;
  EXPECT_TRUE(quarter(8, &out).ok());
  EXPECT_EQ(out, 2);
  const Status failed = quarter(6, &out);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(failed.error().name(), "contract.unknown_key");
}

}  // namespace
}  // namespace tarn
