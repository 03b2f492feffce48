#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "discover/propose.h"
#include "discover/sample.h"
#include "format/zip_builder_test.h"

namespace tarn::discover {
namespace {

using ::testing::HasSubstr;

format::ZipEntry entry(const std::string& name, const std::string& content) {
  format::ZipEntry made;
  made.name = name;
  made.content = content;
  return made;
}

std::string mixed_zip() {
  format::ZipBuilder zip;
  zip.add(entry("adt/1.xml", "<Visit><Id>1</Id><Ward>A</Ward></Visit>"));
  zip.add(entry("adt/2.xml", "<Visit><Id>2</Id><Ward>B</Ward></Visit>"));
  zip.add(entry("lab.csv", "id,value\n1,2.5\n2,3.5\n"));
  zip.add(entry("README.md", "Read me.\n"));
  return zip.finish();
}

TEST(Packed, TakesTheLargestGroupOfMembers) {
  const std::string bytes = mixed_zip();
  const SampleFile samples[] = {{"in/F0012.zip", bytes}};
  const auto proposal = propose(samples, {});
  ASSERT_TRUE(proposal.ok()) << proposal.error().to_string();
  EXPECT_EQ(*proposal->feed.name, "visit");
  EXPECT_EQ(proposal->feed.source.members.front()->text(), "adt/*.xml");
  EXPECT_EQ(proposal->feed.source.files.front()->text(), "**/*.zip");
  EXPECT_THAT(proposal->yaml, HasSubstr("groups of alike documents was taken (choose with --members)"));
  EXPECT_THAT(proposal->yaml, HasSubstr("1 like lab.csv"));
}

TEST(Packed, TakesTheMembersNamed) {
  const std::string bytes = mixed_zip();
  const SampleFile samples[] = {{"in/F0012.zip", bytes}};
  const auto proposal = propose(samples, {.members = "*.csv"});
  ASSERT_TRUE(proposal.ok()) << proposal.error().to_string();
  EXPECT_EQ(*proposal->feed.name, "lab");
  EXPECT_EQ(proposal->feed.source.members.front()->text(), "*.csv");
}

TEST(Packed, SaysThatNoMemberMatches) {
  const std::string bytes = mixed_zip();
  const SampleFile samples[] = {{"in/F0012.zip", bytes}};
  const auto proposal = propose(samples, {.members = "*.json"});
  ASSERT_FALSE(proposal.ok());
  EXPECT_EQ(proposal.error().name(), "discover.no_member");
}

TEST(Packed, PassesOverMembersThatCannotBeRead) {
  format::ZipBuilder zip;
  zip.add(entry("a.csv", "id,n\n1,2\n2,3\n"));
  format::ZipEntry wrong = entry("b.csv", "id,n\n3,4\n4,5\n");
  wrong.stated_crc = 7;
  zip.add(wrong);
  const std::string bytes = zip.finish();
  const SampleFile samples[] = {{"x.zip", bytes}};
  const auto proposal = propose(samples, {});
  ASSERT_TRUE(proposal.ok()) << proposal.error().to_string();
  EXPECT_THAT(proposal->yaml, HasSubstr("archive.crc"));
  EXPECT_THAT(proposal->yaml, HasSubstr("from 2 records"));
}

TEST(Packed, TellsMembersOfOneFolderApart) {
  format::ZipBuilder zip;
  zip.add(entry("lab_1.csv", "id,n\n1,2\n2,3\n"));
  zip.add(entry("lab_2.csv", "id,n\n3,2\n4,3\n"));
  zip.add(entry("ward_1.csv", "ward,beds\nA,2\nB,3\n"));
  const std::string bytes = zip.finish();
  const SampleFile samples[] = {{"x.zip", bytes}};
  const auto proposal = propose(samples, {});
  ASSERT_TRUE(proposal.ok()) << proposal.error().to_string();
  EXPECT_EQ(proposal->feed.source.members.front()->text(), "lab*.csv");
  EXPECT_EQ(*proposal->feed.name, "lab");
}

TEST(Sample, CutsNamesToTheirStem) {
  EXPECT_EQ(name_stem("in/adt_2024-01-02.csv"), "adt");
  EXPECT_EQ(name_stem("lab-results.csv.gz"), "lab-results");
  EXPECT_EQ(name_stem("2024.csv"), "");
  EXPECT_EQ(extension_of("a/b.CSV"), ".CSV");
  EXPECT_EQ(extension_of("a/b.csv.gz"), ".csv");
  EXPECT_EQ(extension_of("a/.hidden"), "");
  EXPECT_EQ(extension_of("a/noext"), "");
}

}  // namespace
}  // namespace tarn::discover
