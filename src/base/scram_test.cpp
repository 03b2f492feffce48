#include "base/scram.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace tarn {
namespace {

TEST(Base64, ReadsWhatItWritesAndNothingElse) {
  for (const std::string_view bytes : {"", "a", "ab", "abc", "abcd", "\xff\xfe\xfd"}) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  EXPECT_EQ(to_base64("ab"), "YWI=");
  for (const std::string_view text : {"YWI", "YW==I", "YWJ=", "====", "YW I=", " YWI", "YWI=\n", "YW=I"})
    EXPECT_FALSE(from_base64(text)) << text;
}

// The example of RFC 7677, section 3: user "user", password "pencil".
TEST(Scram, MakesTheKeysOfTheRfc) {
  const ScramVerifier verifier =
      make_scram_verifier("pencil", from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value(), 4096);
  EXPECT_EQ(to_string(verifier),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
  const auto read = parse_scram_verifier(to_string(verifier));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_string(*read), to_string(verifier));
}

TEST(Scram, RefusesOtherTexts) {
  const std::string good = to_string(make_scram_verifier("x", "0123456789abcdef", 4096));
  EXPECT_TRUE(parse_scram_verifier(good));
  for (const std::string& text :
       {std::string(), std::string("pencil"), std::string("md5abc"), good.substr(0, good.size() - 4),
        good + "=", "SCRAM-SHA-256$4095" + good.substr(18), "SCRAM-SHA-256$x" + good.substr(18),
        "SCRAM-SHA-256$1000001" + good.substr(18)}) {
    EXPECT_FALSE(parse_scram_verifier(text)) << text;
  }
}

}  // namespace
}  // namespace tarn
