#include "iceberg/binary/deletion_vector.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <sstream>

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

TEST(DeletionVector, ReadsWhatAnotherImplementationWrote) {
  const std::pair<const char*, Positions> cases[] = {
      {"small", {0, 3, 7}},
      {"runs", runs()},
      {"dense", dense()},
      {"far", {5, (std::int64_t{1} << 32) + 1, (std::int64_t{1} << 40) + 9}}};
  for (const auto& [name, expected] : cases) {
    SCOPED_TRACE(name);
    const auto read = read_deletion_vector(golden(name), std::ssize(expected));
    ASSERT_TRUE(read.ok()) << read.error().to_string();
    EXPECT_EQ(*read, expected);
  }
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
