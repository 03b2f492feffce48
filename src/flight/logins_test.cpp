#include "flight/logins.h"

#include <gtest/gtest.h>

#include <string>

#include "base/base64.h"
#include "base/scram.h"
#include "io/simulated.h"

namespace tarn::flight {
namespace {

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + to_base64(user + ":" + password);
}

class LoginsTest : public ::testing::Test {
 protected:
  std::string outcome(const std::string& header) {
    const Result<std::string> user = logins_.user_of(header);
    return user.ok() ? *user : "refused";
  }

  io::ManualClock clock_{1};
  io::SeededRandom random_{1};
  std::string verifier_ = to_string(make_scram_verifier("secret: word", std::string(16, 's'), 4096));
  Logins logins_{[this](const std::string& user) -> std::optional<std::string> {
                   if (user == "ann" || user == "bob") return verifier_;
                   if (user == "certified") return "";
                   return std::nullopt;
                 },
                 random_, clock_};
};

TEST_F(LoginsTest, PasswordsAreChecked) {
  EXPECT_EQ(outcome(basic("ann", "secret: word")), "ann");
  EXPECT_EQ(outcome("bAsIc  " + to_base64("ann:secret: word")), "ann");
  std::string unpadded = basic("ann", "secret: word");
  ASSERT_TRUE(unpadded.ends_with("=="));
  unpadded.resize(unpadded.size() - 2);
  EXPECT_EQ(outcome(unpadded), "ann") << "as Go's client sends it";
  EXPECT_EQ(outcome(basic("ann", "secret")), "refused");
  EXPECT_EQ(outcome(basic("ann", "")), "refused");
  EXPECT_EQ(outcome(basic("eve", "secret: word")), "refused");
  EXPECT_EQ(outcome(basic("certified", "")), "refused");
  EXPECT_EQ(outcome(basic("certified", "none")), "refused");
  EXPECT_EQ(outcome("Basic !!"), "refused");
  EXPECT_EQ(outcome("Basic " + to_base64("ann")), "refused");
  EXPECT_EQ(outcome(""), "refused");
  EXPECT_EQ(outcome("Negotiate abc"), "refused");
}

TEST_F(LoginsTest, TokensEnd) {
  const std::string token = "Bearer " + logins_.issue("ann");
  EXPECT_EQ(outcome(token), "ann");
  EXPECT_EQ(outcome(token + "0"), "refused");
  EXPECT_EQ(outcome("Bearer "), "refused");
  clock_.advance_us(Logins::kTokenLifeUs);
  EXPECT_EQ(outcome(token), "refused");
  const std::string other = "Bearer " + logins_.issue("ann");
  logins_.revoke(other);
  EXPECT_EQ(outcome(other), "refused");
}

TEST_F(LoginsTest, OneUserCannotFillTheTable) {
  const std::string of_bob = "Bearer " + logins_.issue("bob");
  const std::string first = "Bearer " + logins_.issue("ann");
  clock_.advance_us(1'000'000);
  std::string last;
  for (std::size_t i = 0; i < Logins::kTokensOfUser; ++i) last = "Bearer " + logins_.issue("ann");
  EXPECT_EQ(outcome(first), "refused");
  EXPECT_EQ(outcome(last), "ann");
  EXPECT_EQ(outcome(of_bob), "bob");
}

TEST(LoginsWithoutUsers, EverybodyIsNobodyInParticular) {
  io::ManualClock clock{1};
  io::SeededRandom random{1};
  Logins logins({}, random, clock);
  EXPECT_EQ(logins.user_of("").value(), "");
  EXPECT_EQ(logins.user_of(basic("ann", "x")).value(), "");
  EXPECT_EQ(logins.user_of("Bearer unknown").value(), "");
}

}  // namespace
}  // namespace tarn::flight
