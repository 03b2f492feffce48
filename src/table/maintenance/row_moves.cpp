#include "table/maintenance/row_moves.h"

#include <cstring>
#include <utility>

#include "base/hash.h"
#include "table/errors.h"

namespace tarn::table {
namespace {

constexpr std::string_view kMagic = "TRNMOVE1";
constexpr std::size_t kChecksumBytes = sizeof(std::uint64_t);

void put_number(std::string& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes += static_cast<char>(number | 0x80);
  bytes += static_cast<char>(number);
}

void put_text(std::string& bytes, std::string_view text) {
  put_number(bytes, text.size());
  bytes += text;
}

void put_places(std::string& bytes, const std::vector<std::uint32_t>& places) {
  put_number(bytes, places.size());
  std::int64_t expected = 0;
  for (const std::uint32_t place : places) {
    if (place == RewrittenGroup::kGone) {
      put_number(bytes, 0);
      continue;
    }
    const std::int64_t distance = static_cast<std::int64_t>(place) - expected;
    put_number(bytes,
               (static_cast<std::uint64_t>(distance) << 1 ^ static_cast<std::uint64_t>(distance >> 63)) + 1);
    expected = static_cast<std::int64_t>(place) + 1;
  }
}

/// Reads what the functions above write.
class MovesReader {
 public:
  explicit MovesReader(std::string_view bytes) : bytes_(bytes) {}

  Result<std::uint64_t> number() {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return Error(kIndexFailed, "it ends in the middle");
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if ((byte & 0x80) == 0) return number;
    }
    return Error(kIndexFailed, "a number is too long");
  }

  /// What each of takes a byte at least.
  Result<std::size_t> count() {
    TARN_ASSIGN_OR_RETURN(const std::uint64_t count, number());
    if (count > bytes_.size()) return Error(kIndexFailed, "it ends in the middle");
    return static_cast<std::size_t>(count);
  }

  Result<std::string> text() {
    TARN_ASSIGN_OR_RETURN(const std::size_t size, count());
    std::string text(bytes_.substr(0, size));
    bytes_.remove_prefix(size);
    return text;
  }

  Result<MovedPlaces> places() {
    TARN_ASSIGN_OR_RETURN(const std::size_t rows, count());
    if (rows > UINT32_MAX) return Error(kIndexFailed, "a file has too many rows");
    MovedPlaces places;
    std::int64_t expected = 0;
    for (std::size_t row = 0; row < rows; ++row) {
      TARN_ASSIGN_OR_RETURN(std::uint64_t code, number());
      if (code == 0) {
        places.add(MovedPlaces::kGone);
        continue;
      }
      --code;
      if (code >> 1 > UINT32_MAX) return Error(kIndexFailed, "a place is out of range");
      const auto half = static_cast<std::int64_t>(code >> 1);
      const std::int64_t place = expected + ((code & 1) == 0 ? half : -half - 1);
      if (place < 0 || place >= RewrittenGroup::kGone) return Error(kIndexFailed, "a place is out of range");
      places.add(static_cast<std::uint32_t>(place));
      expected = place + 1;
    }
    return places;
  }

  bool is_at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace

std::string moves_to_bytes(std::span<const RewrittenGroup> groups) {
  std::string bytes(kMagic);
  put_number(bytes, groups.size());
  for (const RewrittenGroup& group : groups) {
    put_text(bytes, group.files.empty() ? std::string() : group.files.front().file.file_path);
    put_number(bytes, group.group.files.size());
    for (std::size_t i = 0; i < group.group.files.size(); ++i) {
      put_text(bytes, group.group.files[i].data->file.file_path);
      put_places(bytes, group.places[i]);
    }
  }
  const std::uint64_t checksum = xxh3_64(bytes);
  bytes.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  return bytes;
}

Result<std::vector<MovedGroup>> moves_from_bytes(std::string_view bytes) {
  if (bytes.size() < kMagic.size() + kChecksumBytes || !bytes.starts_with(kMagic))
    return Error(kIndexFailed, "it is no file of moves");
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + bytes.size() - kChecksumBytes, kChecksumBytes);
  bytes.remove_suffix(kChecksumBytes);
  if (checksum != xxh3_64(bytes)) return Error(kIndexFailed, "its checksum is wrong");
  MovesReader in(bytes.substr(kMagic.size()));
  TARN_ASSIGN_OR_RETURN(const std::size_t count, in.count());
  std::vector<MovedGroup> groups;
  for (std::size_t i = 0; i < count; ++i) {
    MovedGroup group;
    TARN_ASSIGN_OR_RETURN(group.new_path, in.text());
    TARN_ASSIGN_OR_RETURN(const std::size_t files, in.count());
    for (std::size_t j = 0; j < files; ++j) {
      MovedFile file;
      TARN_ASSIGN_OR_RETURN(file.path, in.text());
      TARN_ASSIGN_OR_RETURN(file.places, in.places());
      group.files.push_back(std::move(file));
    }
    groups.push_back(std::move(group));
  }
  if (!in.is_at_end()) return Error(kIndexFailed, "something stands behind its end");
  return groups;
}

std::string moves_location(const iceberg::TableMetadata& metadata, const std::string& id) {
  return metadata.location + "/metadata/" + id + "-moves.bin";
}

std::optional<std::string> moves_location(const iceberg::TableMetadata& metadata,
                                          const iceberg::Snapshot& snapshot) {
  const auto id = snapshot.summary.find(kMovesProperty);
  // Whoever commits writes the summary: it may not lead elsewhere.
  if (id == snapshot.summary.end() || id->second.find_first_of("/\\%") != std::string::npos)
    return std::nullopt;
  return moves_location(metadata, id->second);
}

std::vector<MovedGroup> read_moves(io::ObjectStore& store, const iceberg::TableMetadata& metadata,
                                   const iceberg::Snapshot& snapshot) {
  const auto location = moves_location(metadata, snapshot);
  if (!location) return {};
  const auto bytes = store.read(*location);
  if (!bytes.ok()) return {};
  auto groups = moves_from_bytes(*bytes);
  return groups.ok() ? *std::move(groups) : std::vector<MovedGroup>();
}

}  // namespace tarn::table
