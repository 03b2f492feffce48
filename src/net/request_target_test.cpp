#include "net/request_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tarn::net {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RequestTarget, SplitsBeforeItDecodes) {
  EXPECT_THAT(parse_target("/v1/namespaces/a%2Fb%1Fc/tables/%2e%2E")->segments,
              ElementsAre("v1", "namespaces",
                          "a/b\x1f"
                          "c",
                          "tables", ".."));
  EXPECT_THAT(parse_target("/")->segments, IsEmpty());
  EXPECT_THAT(parse_target("/a/")->segments, ElementsAre("a"));
  EXPECT_THAT(parse_target("/a+b")->segments, ElementsAre("a+b"));
}

TEST(RequestTarget, ReadsTheQuery) {
  const RequestTarget target = parse_target("/x?parent=a%1Fb&pageToken=&flag&x=1+2&x=3").value();
  EXPECT_THAT(target.query, ElementsAre(Pair("flag", ""), Pair("pageToken", ""),
                                        Pair("parent",
                                             "a\x1f"
                                             "b"),
                                        Pair("x", "1 2")));
  EXPECT_EQ(target.parameter("x"), "1 2");
  EXPECT_EQ(target.parameter("y"), std::nullopt);
}

TEST(RequestTarget, RefusesWhatIsNoPath) {
  for (const char* bad :
       {"", "x", "*", "http://h/x", "//", "/a//b", "/%", "/%4", "/%zz", "/x?a=%g1", "/x?%=1"}) {
    const auto parsed = parse_target(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().name(), "net.bad_target") << bad;
  }
}

}  // namespace
}  // namespace tarn::net
