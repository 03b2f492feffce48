#include "iceberg/binary/puffin.h"

#include <fmt/format.h>

#include <utility>

#include "iceberg/json/view.h"
#include "iceberg/types.h"

namespace tarn::iceberg {
namespace {

constexpr std::string_view kMagic = "PFA1";
// Neither the snapshot nor its number is known when deletion vectors are written.
constexpr std::int64_t kUnknown = -1;

void put_int32(std::string& out, std::uint32_t number) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(number >> shift);
}

}  // namespace

struct PuffinWriter::State {
  std::string bytes{kMagic};
  Json blobs = Json::array();
};

PuffinWriter::PuffinWriter() : state_(std::make_unique<State>()) {}
PuffinWriter::PuffinWriter(PuffinWriter&&) noexcept = default;
PuffinWriter& PuffinWriter::operator=(PuffinWriter&&) noexcept = default;
PuffinWriter::~PuffinWriter() = default;

PuffinPlace PuffinWriter::add_deletion_vector(std::string_view data_file, std::int64_t cardinality,
                                              std::string_view blob) {
  const PuffinPlace place{static_cast<std::int64_t>(state_->bytes.size()),
                          static_cast<std::int64_t>(blob.size())};
  state_->bytes += blob;
  state_->blobs.push_back({{"type", "deletion-vector-v1"},
                           {"fields", Json::array({kRowPositionId})},
                           {"snapshot-id", kUnknown},
                           {"sequence-number", kUnknown},
                           {"offset", place.offset},
                           {"length", place.size_bytes},
                           {"properties",
                            {{"referenced-data-file", std::string(data_file)},
                             {"cardinality", fmt::format("{}", cardinality)}}}});
  return place;
}

std::string PuffinWriter::finish() && {
  const std::string footer =
      dump_json({{"blobs", std::move(state_->blobs)}, {"properties", {{"created-by", "Tarn"}}}});
  std::string bytes = std::move(state_->bytes);
  bytes += kMagic;
  bytes += footer;
  put_int32(bytes, static_cast<std::uint32_t>(footer.size()));
  put_int32(bytes, 0);  // flags: the footer is not compressed
  bytes += kMagic;
  return bytes;
}

}  // namespace tarn::iceberg
