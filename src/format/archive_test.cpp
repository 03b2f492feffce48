#include "format/archive.h"

#include <gtest/gtest.h>

#include "format/errors.h"
#include "format/zip_builder_test.h"

namespace tarn::format {
namespace {

using namespace std::string_literals;

ZipEntry entry(std::string name, std::string content) {
  ZipEntry made;
  made.name = std::move(name);
  made.content = std::move(content);
  return made;
}

// The code with which the only (or the given) member is refused, "" when it is read.
std::string member_code(const std::string& bytes, std::size_t index = 0, const ArchiveLimits& limits = {}) {
  ZipArchive zip;
  const Status opened = zip.open(bytes, limits);
  if (!opened.ok()) return "open: " + std::string(opened.error().name());
  if (index >= zip.members().size()) return "absent";
  Buffer out;
  const Status status = zip.read(index, out);
  return status.ok() ? "" : std::string(status.error().name());
}

std::string open_code(const std::string& bytes, const ArchiveLimits& limits = {}) {
  ZipArchive zip;
  const Status opened = zip.open(bytes, limits);
  return opened.ok() ? "" : std::string(opened.error().name());
}

TEST(ArchiveKind, IsToldByMagic) {
  const std::pair<std::string, ArchiveKind> cases[] = {
      {ZipBuilder().finish(), ArchiveKind::kZip},
      {ZipBuilder().add(entry("a", "x")).finish(), ArchiveKind::kZip},
      {"\x1F\x8B\x08", ArchiveKind::kGzip},
      {"7z\xBC\xAF\x27\x1C", ArchiveKind::kSevenZip},
      {"Rar!\x1A\x07\x01", ArchiveKind::kRar},
      {"BZh91AY&SY", ArchiveKind::kBzip2},
      {"\xFD"
       "7zXZ\0"s,
       ArchiveKind::kXz},
      {"\x28\xB5\x2F\xFD", ArchiveKind::kZstd},
      {"%PDF-1.7", ArchiveKind::kPdf},
      {"BZh9 is a product code", ArchiveKind::kPlain},
      {"PK;name\n1;x\n", ArchiveKind::kPlain},
      {"", ArchiveKind::kPlain},
  };
  for (const auto& [bytes, kind] : cases) EXPECT_EQ(detect_archive(bytes), kind) << bytes;
  EXPECT_TRUE(check_archive_kind("a,b").ok());
  EXPECT_EQ(check_archive_kind("").error().name(), "archive.empty");
  EXPECT_EQ(check_archive_kind("Rar!\x1A\x07\x01").error().name(), "archive.unsupported");
  EXPECT_EQ(check_not_nested(ZipBuilder().finish()).error().name(), "archive.nested");
  EXPECT_TRUE(check_not_nested("<a/>").ok());
}

TEST(Zip, ReadsWhatOrdinaryToolsWrite) {
  const std::string big(300'000, 'x');
  ZipEntry stored = entry("b/stored.txt", "as it is");
  stored.stored = true;
  ZipEntry streamed = entry("streamed.csv", "a,b\n1,2\n");
  streamed.descriptor = true;
  ZipEntry wide = entry("wide.txt", "zip64");
  wide.zip64 = true;
  const std::string bytes = ZipBuilder()
                                .add(entry("a.xml", "<a/>"))
                                .add(entry("b/", ""))
                                .add(stored)
                                .add(streamed)
                                .add(entry("big.txt", big))
                                .add(wide)
                                .add(entry("empty.txt", ""))
                                .finish("a comment PK\x05\x06 with a trap");
  ZipArchive zip;
  ASSERT_TRUE(zip.open(bytes, {}).ok());
  ASSERT_EQ(zip.members().size(), 6U);
  EXPECT_EQ(zip.directory_count(), 1U);
  const std::string_view expected[] = {"<a/>", "as it is", "a,b\n1,2\n", big, "zip64", ""};
  Buffer out;
  for (std::size_t i = 0; i < 6; ++i) {
    const Status status = zip.read(i, out);
    ASSERT_TRUE(status.ok()) << status.error().to_string();
    EXPECT_EQ(out.view(), expected[i]);
  }
  // The object and the buffer are reused; bytes before the archive (a self-extractor) are passed over.
  const std::string prefixed = "#!stub\n" + bytes;
  ASSERT_TRUE(zip.open(prefixed, {}).ok());
  ASSERT_TRUE(zip.read(3, out).ok());
  EXPECT_EQ(out.view(), big);
}

TEST(Zip, ReadsZip64Directories) {
  const std::string bytes = ZipBuilder().add(entry("a", "1")).add(entry("b", "2")).finish("", true);
  EXPECT_EQ(member_code(bytes, 1), "");
  EXPECT_EQ(member_code("prefix" + bytes, 1), "");
}

TEST(Zip, RefusesWhatIsNoWholeArchive) {
  const std::string whole = ZipBuilder().add(entry("a.xml", "<a>some text</a>")).finish();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_EQ(open_code(whole.substr(0, size)), "archive.truncated") << size;
  EXPECT_EQ(open_code(ZipBuilder().finish()), "archive.empty");
  EXPECT_EQ(open_code(ZipBuilder().add(entry("only/", "")).finish()), "archive.empty");
  EXPECT_EQ(open_code("PK\x03\x04" + std::string(100, '\0')), "archive.truncated");
  // Bytes cut out of the middle leave a directory that points outside.
  std::string cut = whole;
  cut.erase(4, 10);
  EXPECT_EQ(open_code(cut), "archive.truncated");
  std::string damaged = whole;
  damaged[damaged.size() - 22 - 46 - 5] = 'X';
  EXPECT_EQ(open_code(damaged), "archive.corrupt");
}

TEST(Zip, ABadMemberDoesNotTouchItsNeighbours) {
  ZipEntry lying_crc = entry("crc", "content");
  lying_crc.stated_crc = 1;
  ZipEntry larger = entry("larger", std::string(1000, 'a'));
  larger.stated_size = 10;
  ZipEntry smaller = entry("smaller", std::string(1000, 'a'));
  smaller.stated_size = 2000;
  ZipEntry encrypted = entry("encrypted", "x");
  encrypted.flags |= 1;
  ZipEntry aes = entry("aes", "x");
  aes.method = 99;
  ZipEntry lzma = entry("lzma", "x");
  lzma.method = 14;
  ZipEntry renamed = entry("renamed", "x");
  renamed.local_name = "another";
  ZipEntry link = entry("link", "/etc/passwd");
  link.attributes = 0120777U << 16;
  ZipEntry piped = entry("-", "of standard input");
  piped.attributes = 0010600U << 16;
  const std::string bytes = ZipBuilder()
                                .add(entry("good", "1"))
                                .add(lying_crc)
                                .add(larger)
                                .add(smaller)
                                .add(encrypted)
                                .add(aes)
                                .add(lzma)
                                .add(renamed)
                                .add(link)
                                .add(piped)
                                .add(entry("good", "again"))
                                .add(entry("last", "2"))
                                .finish();
  const char* const expected[] = {"",
                                  "archive.crc",
                                  "archive.corrupt",
                                  "archive.corrupt",
                                  "archive.encrypted",
                                  "archive.encrypted",
                                  "archive.unsupported",
                                  "archive.header_mismatch",
                                  "archive.special_file",
                                  "",
                                  "archive.duplicate_member",
                                  ""};
  for (std::size_t i = 0; i < std::size(expected); ++i) EXPECT_EQ(member_code(bytes, i), expected[i]) << i;
}

TEST(Zip, DamagedDataIsFound) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "record " + std::to_string(i * 7919) + "\n";
  const std::string whole = ZipBuilder().add(entry("a", text)).finish();
  for (std::size_t at = 31; at < 31 + 200; at += 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    const std::string code = member_code(damaged);
    EXPECT_TRUE(code == "archive.crc" || code == "archive.corrupt") << at << " " << code;
  }
}

TEST(Zip, OverlappingMembersAreBothRefused) {
  const ZipEntry first = entry("a", std::string(5000, 'z'));
  const std::string bytes = ZipBuilder().add(first).alias_first("a", first).add(entry("c", "fine")).finish();
  EXPECT_EQ(member_code(bytes, 0), "archive.overlap");
  EXPECT_EQ(member_code(bytes, 1), "archive.overlap");
  EXPECT_EQ(member_code(bytes, 2), "");
}

TEST(Zip, LimitsHoldBeforeInflating) {
  ArchiveLimits limits;
  limits.members = 1;
  const std::string two = ZipBuilder().add(entry("a", "1")).add(entry("b", "2")).finish();
  EXPECT_EQ(open_code(two, limits), "archive.too_many_members");
  limits = {};
  limits.member_size = 3;
  EXPECT_EQ(member_code(ZipBuilder().add(entry("a", "1234")).finish(), 0, limits),
            "archive.member_too_large");
  limits = {};
  const std::string bomb = ZipBuilder().add(entry("bomb", std::string(3 << 20, '\0'))).finish();
  EXPECT_EQ(member_code(bomb, 0, limits), "archive.ratio");
  limits.ratio = 2000;
  EXPECT_EQ(member_code(bomb, 0, limits), "");
  limits.ratio = 0;
  EXPECT_EQ(member_code(bomb, 0, limits), "archive.ratio");
  limits = {};
  limits.total_size = 5;
  const std::string bytes = ZipBuilder().add(entry("a", "1234")).add(entry("b", "567")).finish();
  ZipArchive zip;
  Buffer out;
  ASSERT_TRUE(zip.open(bytes, limits).ok());
  EXPECT_TRUE(zip.read(0, out).ok());
  EXPECT_EQ(zip.read(1, out).error().name(), "archive.total_too_large");
  // A size that only the directory claims costs no memory.
  ZipEntry claims = entry("claims", "tiny");
  claims.stated_size = 400 << 20;
  EXPECT_EQ(member_code(ZipBuilder().add(claims).finish()), "archive.ratio");
}

TEST(ZipNames, AreJudged) {
  struct Case {
    std::string raw;
    bool utf8;
    bool windows;
    const char* expected;  // nullptr: unsafe
  };
  const Case cases[] = {
      {"a/b.xml", true, false, "a/b.xml"},
      {"./a.xml", true, false, "a.xml"},
      {".hidden/x", true, false, ".hidden/x"},
      {"a..b/c", true, false, "a..b/c"},
      {"Stra\xC3\x9F"
       "e.csv",
       true, false,
       "Stra\xC3\x9F"
       "e.csv"},
      {"Stra\xC3\x9F"
       "e.csv",
       false, false,
       "Stra\xC3\x9F"
       "e.csv"},
      {"Stra\xE1"
       "e.csv",
       false, false,
       "Stra\xC3\x9F"
       "e.csv"},
      {"Stra\xE1"
       "e.csv",
       true, false, nullptr},
      {"dir\\a.xml", true, true, "dir/a.xml"},
      {"dir\\a.xml", true, false, nullptr},
      {"..\\a.xml", true, true, nullptr},
      {"/etc/passwd", true, false, nullptr},
      {"\\\\host\\share", true, true, nullptr},
      {"C:evil", true, false, nullptr},
      {"c:/evil", true, false, nullptr},
      {"../up", true, false, nullptr},
      {"a/../../up", true, false, nullptr},
      {"a/..", true, false, nullptr},
      {"a\0b"s, true, false, nullptr},
      {"a\nb", true, false, nullptr},
      {"", true, false, nullptr},
      {std::string(1025, 'n'), true, false, nullptr},
  };
  for (const Case& c : cases) {
    std::string out;
    const ErrorCode* code = normalize_member_name(c.raw, c.utf8, c.windows, 1024, out);
    if (c.expected == nullptr) {
      EXPECT_EQ(code, &kArchiveUnsafeName) << c.raw;
    } else {
      EXPECT_EQ(code, nullptr) << c.raw;
      EXPECT_EQ(out, c.expected);
    }
  }
  EXPECT_EQ(member_code(ZipBuilder().add(entry("../a", "x")).finish()), "archive.unsafe_name");
  EXPECT_EQ(member_code(ZipBuilder().add(entry("a/b", "x")).finish()), "");
}

std::string gzip(std::string_view content, std::uint8_t flags = 0, const std::string& extra = "") {
  std::string out = "\x1F\x8B\x08"s;
  out.push_back(static_cast<char>(flags));
  out += std::string(6, '\0') + extra + deflate(content);
  put32(out, libdeflate_crc32(0, content.data(), content.size()));
  put32(out, content.size());
  return out;
}

TEST(Gzip, ReadsOneOrManyMembers) {
  GzipReader reader;
  Buffer out;
  ASSERT_TRUE(reader.read(gzip("hello"), {}, out).ok());
  EXPECT_EQ(out.view(), "hello");
  EXPECT_EQ(reader.name(), "");
  const std::string big(2'000'000, 'y');
  ArchiveLimits generous;
  generous.ratio = 2000;
  ASSERT_TRUE(reader.read(gzip(big) + gzip("") + gzip("end") + std::string(512, '\0'), generous, out).ok());
  EXPECT_EQ(out.view(), big + "end");
  ASSERT_TRUE(reader.read(gzip("x", 8, "dir/na\xEFve.csv"s + '\0'), {}, out).ok());
  EXPECT_EQ(reader.name(), "na\xC3\xAFve.csv");
  ASSERT_TRUE(reader.read(gzip("x", 4 | 16 | 2, "\x02\x00zzcomment\x00\x11\x22"s), {}, out).ok());
  EXPECT_EQ(out.view(), "x");
}

TEST(Gzip, RefusesDamageAndBombs) {
  GzipReader reader;
  Buffer out;
  const auto code = [&](const std::string& bytes, const ArchiveLimits& limits = {}) {
    const Status status = reader.read(bytes, limits, out);
    return status.ok() ? std::string() : std::string(status.error().name());
  };
  const std::string whole = gzip("some content, some more content");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string found = code(whole.substr(0, size));
    EXPECT_TRUE(found == "archive.truncated" || found == "archive.corrupt") << size << found;
  }
  EXPECT_EQ(code(whole + "garbage garbage"), "archive.corrupt");
  EXPECT_EQ(code(whole + "x"), "archive.corrupt");
  EXPECT_EQ(code(whole + "junk"), "archive.corrupt");
  EXPECT_EQ(code(whole + "\x1F"), "archive.truncated");
  EXPECT_EQ(code(whole + "\x1F\x8B\x08"), "archive.truncated");
  std::string wrong = whole;
  wrong[wrong.size() - 8] ^= 1;
  EXPECT_EQ(code(wrong), "archive.crc");
  wrong = whole;
  wrong[wrong.size() - 1] = 1;
  EXPECT_EQ(code(wrong), "archive.crc");
  wrong = whole;
  wrong[2] = 7;
  EXPECT_EQ(code(wrong), "archive.unsupported");
  ArchiveLimits limits;
  EXPECT_EQ(code(gzip(std::string(4 << 20, '\0'))), "archive.ratio");
  limits.member_size = 10;
  EXPECT_EQ(code(gzip("0123456789"), limits), "");
  EXPECT_EQ(code(gzip("0123456789a"), limits), "archive.member_too_large");
  EXPECT_EQ(code(gzip("01234") + gzip("56789") + gzip(""), limits), "");
  EXPECT_EQ(code(gzip("01234") + gzip("567890"), limits), "archive.member_too_large");
  limits.total_size = 9;
  EXPECT_EQ(code(gzip("0123456789"), limits), "archive.total_too_large");
  EXPECT_EQ(code(gzip("01234") + gzip("56789"), limits), "archive.total_too_large");
  EXPECT_EQ(code(gzip("012345678"), limits), "");
}

}  // namespace
}  // namespace tarn::format
