#include "discover/propose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "discover/errors.h"
#include "project/load.h"

namespace tarn::discover {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Lines of a table that go on: `row` with `{}` as the number.
std::string repeat(int count, const std::string& row, int first = 1) {
  std::string text;
  for (int i = first; i < first + count; ++i) {
    std::string line = row;
    for (std::size_t at = line.find("{}"); at != std::string::npos; at = line.find("{}"))
      line.replace(at, 2, std::to_string(i));
    text += line;
  }
  return text;
}

struct Case {
  std::string name;
  std::string path;
  std::string bytes;
  std::vector<std::string> expect;
  std::vector<std::string> refuse = {};
};

class ProposeTest : public ::testing::TestWithParam<Case> {};

TEST_P(ProposeTest, WritesAContractThatLoads) {
  const Case& c = GetParam();
  const SampleFile samples[] = {{c.path, c.bytes}};
  const auto proposal = propose(samples, {});
  ASSERT_TRUE(proposal.ok()) << proposal.error().to_string();
  const auto loaded =
      project::load_feed({"feeds/x.yaml", proposal->yaml}, [](std::string_view) { return std::nullopt; });
  ASSERT_TRUE(loaded.feed.has_value()) << proposal->yaml;
  EXPECT_TRUE(loaded.errors.empty());
  for (const std::string& text : c.expect) EXPECT_THAT(proposal->yaml, HasSubstr(text));
  for (const std::string& text : c.refuse) EXPECT_THAT(proposal->yaml, Not(HasSubstr(text)));
  const auto again = propose(samples, {});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->yaml, proposal->yaml);
}

const std::string kPeople =
    "PatientId,First Name,DateOfBirth,Phone,Zip,Weight,updated_at,active\n" +
    repeat(30, "{},Ann{},1980-01-02,030-555-1234,04109,61.5,2024-01-02T03:04:05Z,Y\n") +
    repeat(30, "{},Bob{},1981-02-03,030-555-9999,10115,72.25,2024-01-03T03:04:05+01:00,N\n", 31);

INSTANTIATE_TEST_SUITE_P(
    Csv, ProposeTest,
    ::testing::Values(
        Case{"Types",
             "people.csv",
             kPeople,
             {"feed: people", "table: raw.people", "- name: patient_id", "from: PatientId", "type: date",
              "type: timestamptz", "type: boolean", "type: decimal(12,2)", "identifying: birth_date",
              "identifying: name", "identifying: contact", "identifying: location", "key: [patient_id]",
              "version_column: updated_at", "required: true", "owner: "}},
        Case{"Semicolon", "a.csv", "id;name\n1;a\n2;b\n3;c\n", {"delimiter: \";\"", "type: int"}},
        Case{"Tab", "a.txt", "id\tname\n1\ta\n2\tb\n", {"delimiter: ", "**/*.txt"}},
        Case{"Pipe", "a.csv", "id|name\n1|a, b\n2|b, c\n", {"delimiter: \"|\""}},
        Case{"CommasInText", "a.csv", "id;text\n1;a, b\n2;c, d, e\n3;f\n", {"delimiter: \";\""}},
        Case{"NoHeader",
             "a.csv",
             "1,2024-01-01,x\n2,2024-01-02,y\n3,2024-01-03,z\n",
             {"header: false", "from: \"2\"", "type: date", "name: column_1"}},
        Case{"TextHeader",
             "a.csv",
             "city,land\nBerlin,DE\nParis,FR\n",
             {"- name: city", "- name: land"},
             {"header: false"}},
        Case{"TextWithoutHeader", "a.csv", "Berlin,DE\nParis,FR\nBonn,DE\n", {"header: false"}},
        Case{"RepeatedNames",
             "a.csv",
             "id,x,x\n1,2,3\n2,3,4\n",
             {"header: false", "skip_rows: 1", "name: x_2"}},
        Case{"Preamble",
             "a.csv",
             "Report of today\nmade by us\n\nid,name,n\n1,a,2\n2,b,3\n3,c,4\n",
             {"skip_rows: 3", "- name: id"}},
        Case{"CommentLines",
             "a.csv",
             "# made by us\n# twice\nid,size\n1,2\n3,4\n5,6\n7,8\n",
             {"comment: ", "- name: size"}},
        Case{"SingleQuotes", "a.csv", "id,t\n1,'a,b'\n2,'c,d'\n3,'e'\n", {"quote: \"'\""}},
        Case{"Backslash", "a.csv", "id,t\n1,\"a\\\"b, c\"\n2,\"d\\\"e, f\"\n", {"escape: "}},
        Case{"LeadingZeros", "a.csv", "code,n\n001,1\n042,2\n", {"leading zeros"}},
        Case{"NullMarkers",
             "a.csv",
             "id,a,b\n1,NULL,5\n2,7,NULL\n3,8,9\n",
             {"null: [\"\", \"NULL\"]", "type: int"},
             {"type: string"}},
        Case{"NamibiaStays", "a.csv", "id,land\n1,NA\n2,DE\n3,FR\n", {"`NA` is kept as text"}},
        Case{"DecimalComma",
             "a.csv",
             "id;price\n1;1.234,50\n2;7,25\n3;1,5\n",
             {"decimal_mark: \",\"", "thousands_mark: \".\"", "decimal(12,2)"}},
        Case{"GermanDate", "a.csv", "id;tag\n1;31.12.2024\n2;01.02.2023\n", {"%d.%m.%Y", "type: date"}},
        Case{"MonthFirst",
             "a.csv",
             "id,start,stop\n1,01/02/2024,12/31/2024\n2,03/04/2024,11/30/2024\n",
             {"format: \"%m/%d/%Y\"", "`%d/%m/%Y` reads every sample as well"}},
        Case{"CompactTimestamp",
             "a.csv",
             "id,event_time\n1,20240131120000\n2,20231231235959\n",
             {"%Y%m%d%H%M%S", "type: timestamp"}},
        Case{"Uuid",
             "a.csv",
             "id,n\n617da89b-ccfd-031d-dfc3-3d41e9b3fcd4,1\n717da89b-ccfd-031d-dfc3-3d41e9b3fcd4,2\n",
             {"type: uuid"}},
        Case{"BigNumber",
             "a.csv",
             "account_no,n\n1234567890123456789012,1\n2234567890123456789012,2\n",
             {"more digits than"}},
        Case{"LongNumber",
             "a.csv",
             "account_no,n\n9000000000000000059,1\n-9223372036854775808,2\n",
             {"type: long"},
             {"more digits than"}},
        Case{"JustBeyondLong",
             "a.csv",
             "account_no,n\n9223372036854775808,1\n9000000000000000059,2\n",
             {"more digits than"}},
        Case{"Exponent", "a.csv", "id,v\n1,1.5e10\n2,2.5\n", {"type: double"}},
        Case{"Accepted",
             "a.csv",
             "id,sex\n" + repeat(15, "{},M\n") + repeat(15, "{},F\n", 16),
             {"accepted: [\"F\", \"M\"]"}},
        Case{"NoNamesInComments",
             "a.csv",
             "id,first_name\n" + repeat(30, "{},Ann\n") + repeat(30, "{},Bob\n", 31),
             {"identifying: name"},
             {"Ann", "Bob"}},
        Case{
            "MailByValue", "a.csv", "id,reach\n1,a@example.org\n2,b@example.com\n", {"identifying: contact"}},
        Case{"Windows1252", "a.csv", "id,ort\n1,K\xf6ln\n2,M\xfcnchen\n", {"encoding: windows-1252"}},
        Case{"BadBytes", "a.csv", "id,ort\n1,Köln Köln\n2,M\xff\n3,Zürich\n", {"bytes are not UTF-8"}},
        Case{"Ragged", "a.csv", "id,n\n1,2\n2,3,4\n3,4\n4,5\n", {"do not have 2 fields"}},
        Case{"Padded", "a.csv", "id, n\n1, 2\n2, 3\n3, 4\n", {"trim: true", "type: int"}},
        Case{"OneColumn", "ids.txt", "number\n17\n18\n", {"each line is one value", "- name: number"}},
        Case{"ReservedNames",
             "a.csv",
             "_source_file,_batch_id,select,\xc3\x84rzte\n1,2,3,4\n",
             {"- name: source_file", "- name: aerzte"}},
        Case{"ControlCharacters", "a.csv", "id,t\n1,a\x01\x02 b\n2,c\n", {"- name: t"}},
        Case{"Variable", "${HOME}.csv", "${HOME},t\n1,a\n2,c\n", {"- name: home"}},
        Case{"Fixed",
             "a.dat",
             "0001 Ann      2024-01-01\n0002 Bob      2024-02-01\n0003 Christine2024-03-01\n",
             {"type: fixed", "from: 1-5"}},
        Case{"FixedWithHeader",
             "a.dat",
             "ID   NAME  AMOUNT\n0001 Ann      1.5\n0002 Bob     12.5\n0003 Cleo     2.5\n",
             {"type: fixed", "skip_rows: 1", "- name: amount"}}),
    [](const auto& test) { return test.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Xml, ProposeTest,
    ::testing::Values(
        Case{"OneRecord",
             "visit.xml",
             "<Visit id=\"7\"><Patient "
             "mrn=\"0012\"><Name>Ann</Name></Patient><AdmitTime>2024-01-02T03:04:05</AdmitTime>"
             "<Ward>A</Ward></Visit>",
             {"type: xml", "from: \"@id\"", "from: Patient/@mrn", "from: AdmitTime", "type: timestamp",
              "each document is one record"},
             {"record:"}},
        Case{"ManyRecords",
             "messages.xml",
             "<Messages>" + repeat(25, "<Message id=\"{}\"><Text>hello</Text></Message>") + "</Messages>",
             {"record: /Messages/Message", "key: [id]", "required: true"}},
        Case{"Nested",
             "x.xml",
             "<Export><Head>1</Head><Patients>" + repeat(3, "<Patient><Id>{}</Id></Patient>") +
                 "</Patients></Export>",
             {"record: /Export/Patients/Patient"}},
        Case{"ListOfStruct",
             "order.xml",
             "<Order><Id>1</Id><At>2024-01-01</At><Line no=\"1\"><Sku>a</Sku></Line><Line "
             "no=\"2\"><Sku>b</Sku></Line></Order>",
             {"type: list<struct>", "from: Line", "as a table of its own", "table: raw.order_line",
              "from: Sku"}},
        Case{"ListOfValues",
             "order.xml",
             "<Order><Id>1</Id><At>2024-01-01</At><Tag>1</Tag><Tag>2</Tag></Order>",
             {"type: list<int>"}},
        Case{"Namespaces",
             "a.xml",
             "<a:M xmlns:a=\"urn:a\" xmlns:b=\"urn:b\"><a:Id b:type=\"x\">1</a:Id><b:Id>2</b:Id></a:M>",
             {"namespaces: ", "a: \"urn:a\"", "from: \"a:Id\"", "from: \"a:Id/@b:type\"", "from: \"b:Id\""}},
        Case{"DefaultNamespace",
             "a.xml",
             "<M xmlns=\"urn:a\"><Id>1</Id></M>",
             {"from: Id", "steps match by local name"},
             {"namespaces:"}},
        Case{"Mixed",
             "a.xml",
             "<M><Id>1</Id><T>some <b>bold</b> text</T></M>",
             {"drift: freeze", "T: text beside child elements"}},
        Case{"RepeatsInRepeats",
             "a.xml",
             "<M><Id>1</Id><Name>x</Name><S k=\"1\"><E>1</E><E>2</E></S><S k=\"2\"/></M>",
             {"S/E: repeats within a repeated element"}},
        Case{"EmptyRoot", "a.xml", "<M/>", {"from: \".\""}},
        Case{"OddNames",
             "a.xml",
             "<M><\xe6\x82\xa3>1</\xe6\x82\xa3><a.b-c>2</a.b-c><A>1</A><a>2</a></M>",
             {"from: a.b-c"}}),
    [](const auto& test) { return test.param.name; });

struct ErrorCase {
  std::string name;
  std::string bytes;
  std::string code;
  ProposeOptions options = {};
};

class ProposeErrorTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(ProposeErrorTest, SaysWhatIsWrong) {
  const ErrorCase& c = GetParam();
  const SampleFile samples[] = {{"in/sample", c.bytes}};
  const auto proposal = propose(samples, c.options);
  ASSERT_FALSE(proposal.ok()) << proposal->yaml;
  EXPECT_EQ(proposal.error().name(), c.code);
}

INSTANTIATE_TEST_SUITE_P(
    All, ProposeErrorTest,
    ::testing::Values(ErrorCase{"Empty", "", "discover.no_data"},
                      ErrorCase{"Blank", " \n\n  \n", "discover.no_data"},
                      ErrorCase{"HeaderOnly", "id,name\n", "discover.no_data"},
                      ErrorCase{"Binary", std::string("\x01\x02\x03\x04\x05\x06\x07\x0e\x0f\x10", 10),
                                "discover.not_text"},
                      ErrorCase{"Malformed", "<a><b></a>", "discover.not_well_formed"},
                      ErrorCase{"Doctype", "<!DOCTYPE a><a/>", "discover.not_well_formed"},
                      ErrorCase{"CutZip", std::string("PK\x03\x04", 4) + "rest", "archive.truncated"},
                      ErrorCase{"SevenZip", std::string("7z\xbc\xaf\x27\x1c", 6), "archive.unsupported"},
                      ErrorCase{"BadPattern", "id,n\n1,2\n", "contract.bad_pattern", {.members = "/(/"}}),
    [](const auto& test) { return test.param.name; });

TEST(Propose, TakesTheGivenNameAndFolder) {
  const SampleFile samples[] = {{"a/lab_2024-01-01.csv", "id,n\n1,2\n2,3\n"},
                                {"a/lab_2024-01-02.csv", "id,n\n3,2\n4,3\n"}};
  const auto named = propose(samples, {.feed = "Lab Results", .folder = "in/labs"});
  ASSERT_TRUE(named.ok());
  EXPECT_EQ(*named->feed.name, "lab_results");
  EXPECT_EQ(*named->feed.source.folder, "in/labs");
  EXPECT_EQ(named->feed.source.files.front()->text(), "**/lab*.csv");
  EXPECT_THAT(named->yaml, HasSubstr("4 records"));
}

TEST(Propose, LooksAtNoMoreRecordsThanAsked) {
  const std::string text = "id,n\n" + repeat(100, "{},1\n");
  const SampleFile samples[] = {{"a.csv", text}};
  const auto proposal = propose(samples, {.max_records = 10});
  ASSERT_TRUE(proposal.ok());
  EXPECT_THAT(proposal->yaml, HasSubstr("10 records"));
}

TEST(Propose, SurvivesEveryCutAndFlippedByte) {
  const std::string whole = kPeople.substr(0, 400);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const std::string cut = whole.substr(0, i);
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 0x95);
    for (const std::string& bytes : {cut, flipped}) {
      const SampleFile samples[] = {{"a.csv", bytes}};
      const auto proposal = propose(samples, {});
      if (proposal.ok()) continue;
      EXPECT_NE(proposal.error().name(), kBadProposal.name) << i;
    }
  }
}

}  // namespace
}  // namespace tarn::discover
