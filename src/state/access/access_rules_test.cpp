#include "state/access/access_rules.h"

#include <gtest/gtest.h>

#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

class AccessRulesTest : public StateTest {
 protected:
  std::string keep(std::int64_t revision, const std::string& document) {
    return name_of(write([&](Transaction& transaction) {
      return write_access_rules(transaction, {revision, document, 5, "ann"});
    }));
  }
};

TEST_F(AccessRulesTest, OneRevisionFollowsTheOther) {
  EXPECT_EQ(access_rules(*database_)->revision, 0);
  EXPECT_EQ(access_rules(*database_)->document, "");
  EXPECT_EQ(keep(2, "{}"), "state.conflict") << "there is no first one";
  EXPECT_EQ(keep(1, R"({"roles": {"ö": {}}})"), "ok");
  EXPECT_EQ(keep(1, "{}"), "state.conflict") << "somebody else was faster";
  EXPECT_EQ(keep(2, "{}"), "ok");
  const AccessRules newest = access_rules(*database_).value();
  EXPECT_EQ(newest.revision, 2);
  EXPECT_EQ(newest.document, "{}");
  EXPECT_EQ(newest.changed_at_us, 5);
  EXPECT_EQ(newest.changed_by, "ann");
}

}  // namespace
}  // namespace tarn::state
