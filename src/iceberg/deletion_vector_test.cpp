#include "iceberg/binary/deletion_vector.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <random>
#include <set>
#include <sstream>

#include "iceberg/binary/puffin.h"
#include "iceberg/errors.h"

namespace tarn::iceberg {
namespace {

using Positions = std::vector<std::int64_t>;

/// Made by pyroaring, another implementation of the format.
std::string golden(const std::string& name) {
  std::ifstream in(
      std::filesystem::path(TARN_TEST_DATA) / "golden" / "iceberg" / "deletion_vectors" / (name + ".bin"),
      std::ios::binary);
  EXPECT_TRUE(in.good()) << name;
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return bytes.str();
}

Positions runs() {
  Positions positions(100'000 - 10);
  std::iota(positions.begin(), positions.end(), 10);
  positions.push_back(200'000);
  return positions;
}

Positions dense() {
  Positions positions;
  for (std::int64_t position = 0; position < 20'000; position += 2) positions.push_back(position);
  return positions;
}

std::vector<std::pair<const char*, Positions>> cases() {
  return {{"small", {0, 3, 7}},
          {"runs", runs()},
          {"dense", dense()},
          {"far", {5, (std::int64_t{1} << 32) + 1, (std::int64_t{1} << 40) + 9}}};
}

TEST(DeletionVector, ReadsWhatAnotherImplementationWrote) {
  for (const auto& [name, expected] : cases()) {
    SCOPED_TRACE(name);
    const auto read = read_deletion_vector(golden(name), std::ssize(expected));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, expected);
  }
}

TEST(DeletionVector, WritesTheSameBytesAsAnotherImplementation) {
  for (const auto& [name, positions] : cases()) {
    SCOPED_TRACE(name);
    const auto written = write_deletion_vector(positions);
    ASSERT_TRUE(written.ok()) << written.error().to_string();
    EXPECT_EQ(*written, golden(name));
  }
}

// Of every kind of container, few and many of them, in one and in several bitmaps.
TEST(DeletionVector, ReadsWhatItWrote) {
  std::mt19937_64 rng(5);
  for (int round = 0; round < 300; ++round) {
    SCOPED_TRACE(round);
    std::set<std::int64_t> chosen;
    const std::uint64_t stretches = 1 + rng() % 8;
    for (std::uint64_t i = 0; i < stretches; ++i) {
      const auto start = static_cast<std::int64_t>(rng() >> (1 + rng() % 48));
      const std::int64_t step = rng() % 3 == 0 ? 1 : 1 + static_cast<std::int64_t>(rng() % 40);
      const std::int64_t length = std::min<std::int64_t>(
          static_cast<std::int64_t>(rng() % (rng() % 4 == 0 ? 100'000 : 50)) * step, INT64_MAX - start);
      for (std::int64_t at = 0; at <= length; at += step) chosen.insert(start + at);
    }
    if (round % 10 == 0) chosen.insert({0, 65'535, 65'536, INT64_MAX});
    const Positions positions(chosen.begin(), chosen.end());
    const auto written = write_deletion_vector(positions);
    ASSERT_TRUE(written.ok()) << written.error().to_string();
    const auto read = read_deletion_vector(*written, std::ssize(positions));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    ASSERT_EQ(*read, positions);
  }
  EXPECT_EQ(read_deletion_vector(write_deletion_vector({}).value(), 0).value(), Positions());
}

TEST(DeletionVector, RefusesToWriteWhatIsNotInOrder) {
  for (const Positions& positions : {Positions{-1, 2}, Positions{3, 3}, Positions{4, 2}})
    EXPECT_EQ(write_deletion_vector(positions).error().name(), kBadValue.name);
}

TEST(Puffin, TellsWhereItsVectorsLie) {
  PuffinWriter writer;
  const std::string first = golden("small");
  const std::string second = golden("far");
  const PuffinPlace one = writer.add_deletion_vector("/a.parquet", 3, first);
  const PuffinPlace other = writer.add_deletion_vector("/b \"ü\".parquet", 3, second);
  const std::string file = std::move(writer).finish();
  EXPECT_EQ(file.substr(static_cast<std::size_t>(one.offset), static_cast<std::size_t>(one.size_bytes)),
            first);
  EXPECT_EQ(file.substr(static_cast<std::size_t>(other.offset), static_cast<std::size_t>(other.size_bytes)),
            second);
  const std::string footer =
      R"({"blobs":[{"fields":[2147483645],"length":)" + std::to_string(first.size()) +
      R"(,"offset":4,"properties":{"cardinality":"3","referenced-data-file":"/a.parquet"},"sequence-number":-1,)"
      R"("snapshot-id":-1,"type":"deletion-vector-v1"},{"fields":[2147483645],"length":)" +
      std::to_string(second.size()) + R"(,"offset":)" + std::to_string(other.offset) +
      R"(,"properties":{"cardinality":"3","referenced-data-file":"/b \"ü\".parquet"},"sequence-number":-1,)"
      R"("snapshot-id":-1,"type":"deletion-vector-v1"}],"properties":{"created-by":"Tarn"}})";
  std::string size;
  for (int shift = 0; shift < 32; shift += 8) size += static_cast<char>(footer.size() >> shift);
  EXPECT_EQ(file, "PFA1" + first + second + "PFA1" + footer + size + std::string(4, '\0') + "PFA1");
}

TEST(DeletionVector, RefusesWhatIsDamagedOrDisagreesWithTheManifest) {
  const std::string good = golden("small");
  const auto code = [](const std::string& blob, std::int64_t cardinality) {
    const auto read = read_deletion_vector(blob, cardinality);
    return read.ok() ? "" : std::string(read.error().name());
  };
  EXPECT_EQ(code(good, 2), kBadValue.name);
  EXPECT_EQ(code(good, 4), kBadValue.name);
  EXPECT_EQ(code("", 0), kBadValue.name);
  EXPECT_EQ(code(good + "x", 3), kBadValue.name);
  for (std::size_t cut = 0; cut < good.size(); ++cut) EXPECT_EQ(code(good.substr(0, cut), 3), kBadValue.name);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    EXPECT_EQ(code(damaged, 3), kBadValue.name) << at;
  }
}

}  // namespace
}  // namespace tarn::iceberg
