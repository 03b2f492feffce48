#include <fmt/format.h>
#include <libdeflate.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "iceberg/binary/avro.h"
#include "iceberg/binary/single_value.h"
#include "iceberg/errors.h"

// Avro 1.11 spec, "Object Container Files".
namespace tarn::iceberg {
namespace {

constexpr std::string_view kMagic("Obj\1", 4);
constexpr std::size_t kSyncBytes = 16;
constexpr std::size_t kBlockBytes = 256 * 1024;
/// No block may inflate to more; manifests are some megabytes as a whole.
constexpr std::uint64_t kMaxBlockBytes = 256ULL * 1024 * 1024;
/// Deflate cannot expand further.
constexpr std::uint64_t kMaxDeflateRatio = 1032;
constexpr int kDeflateLevel = 6;

Error bad_avro(std::string_view why) {
  return Error(kBadAvro, std::string(why));
}

struct Freer {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
  void operator()(libdeflate_decompressor* decompressor) const { libdeflate_free_decompressor(decompressor); }
};

std::string deflated(std::string_view bytes) {
  const std::unique_ptr<libdeflate_compressor, Freer> compressor(libdeflate_alloc_compressor(kDeflateLevel));
  TARN_CHECK(compressor != nullptr);
  std::string out(libdeflate_deflate_compress_bound(compressor.get(), bytes.size()), '\0');
  out.resize(
      libdeflate_deflate_compress(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  return out;
}

/// Inflates into `out`, which is reused between blocks.
Status inflate(std::string_view bytes, libdeflate_decompressor* decompressor, std::string& out) {
  const std::uint64_t limit = std::min(kMaxBlockBytes, bytes.size() * kMaxDeflateRatio + 64);
  std::uint64_t size = std::min<std::uint64_t>(limit, std::max<std::uint64_t>(bytes.size() * 4, 4096));
  while (true) {
    out.resize(size);
    std::size_t actual = 0;
    switch (libdeflate_deflate_decompress(decompressor, bytes.data(), bytes.size(), out.data(), out.size(),
                                          &actual)) {
      case LIBDEFLATE_SUCCESS:
        out.resize(actual);
        return {};
      case LIBDEFLATE_INSUFFICIENT_SPACE:
        if (size == limit) return bad_avro("a block inflates to more than 256 MiB");
        size = std::min(size * 4, limit);
        break;
      default:
        return bad_avro("a block is no deflate data");
    }
  }
}

struct OpenFile {
  AvroHeader header;
  std::string sync;
  bool deflate = false;
  std::string_view blocks;
};

Result<OpenFile> open(std::string_view file) {
  if (!file.starts_with(kMagic)) return bad_avro("the file does not begin as an Avro file does");
  OpenFile open;
  AvroDecoder decoder(file.substr(kMagic.size()));
  while (decoder.ok()) {
    std::int64_t count = decoder.read_long();
    if (count == 0) break;
    if (count < 0) decoder.read_long();
    // Each entry takes two bytes at least, so that the count is bounded by the data.
    const std::uint64_t entries =
        count < 0 ? ~static_cast<std::uint64_t>(count) + 1 : static_cast<std::uint64_t>(count);
    if (entries > decoder.remaining()) decoder.fail("a count is greater than the data can hold");
    for (std::uint64_t i = 0; i < entries && decoder.ok(); ++i) {
      std::string key(decoder.read_bytes());
      open.header.metadata[std::move(key)] = std::string(decoder.read_bytes());
    }
  }
  open.sync = std::string(decoder.read_raw(kSyncBytes));
  if (!decoder.ok()) return bad_avro("the header is damaged: " + decoder.failure());
  open.blocks = decoder.read_raw(decoder.remaining());

  const auto codec = open.header.metadata.find("avro.codec");
  if (codec != open.header.metadata.end() && codec->second != "null" && codec->second != "deflate")
    return Error(kUnsupportedCodec, fmt::format("the codec `{}` is not read", codec->second));
  open.deflate = codec != open.header.metadata.end() && codec->second == "deflate";
  const auto schema = open.header.metadata.find("avro.schema");
  if (schema == open.header.metadata.end()) return bad_avro("the header has no schema");
  TARN_ASSIGN_OR_RETURN(open.header.schema, parse_avro_schema(schema->second));
  if (open.header.schema->kind != AvroKind::kRecord) return bad_avro("the schema is no record");
  return open;
}

Status read_block(std::string_view data, std::uint64_t count, const AvroNode& schema,
                  const AvroRecordReader& read) {
  if (count > data.size() / std::max<std::uint64_t>(schema.min_size_bytes, 1))
    return bad_avro("a count is greater than the data can hold");
  AvroDecoder decoder(data);
  for (std::uint64_t i = 0; i < count; ++i) {
    TARN_RETURN_IF_ERROR(read(decoder, schema));
    if (!decoder.ok()) return bad_avro(decoder.failure());
  }
  if (!decoder.at_end()) return bad_avro("a block is longer than its records");
  return {};
}

}  // namespace

Result<AvroHeader> read_avro_header(std::string_view file) {
  TARN_ASSIGN_OR_RETURN(OpenFile opened, open(file));
  return std::move(opened.header);
}

Status read_avro_file(std::string_view file, const std::function<Status(const AvroHeader&)>& on_header,
                      const AvroRecordReader& on_record) {
  TARN_ASSIGN_OR_RETURN(const OpenFile opened, open(file));
  TARN_RETURN_IF_ERROR(on_header(opened.header));
  const std::unique_ptr<libdeflate_decompressor, Freer> decompressor(libdeflate_alloc_decompressor());
  TARN_CHECK(decompressor != nullptr);
  std::string inflated;
  AvroDecoder blocks(opened.blocks);
  while (!blocks.at_end()) {
    const std::int64_t count = blocks.read_long();
    std::string_view data = blocks.read_bytes();
    const std::string_view sync = blocks.read_raw(kSyncBytes);
    if (!blocks.ok()) return bad_avro("the file ends within a block: " + blocks.failure());
    if (count < 0) return bad_avro("a block's count is negative");
    if (sync != opened.sync) return bad_avro("a block does not end with the file's sync marker");
    if (opened.deflate) {
      TARN_RETURN_IF_ERROR(inflate(data, decompressor.get(), inflated));
      data = inflated;
    }
    TARN_RETURN_IF_ERROR(
        read_block(data, static_cast<std::uint64_t>(count), *opened.header.schema, on_record));
  }
  if (!blocks.ok()) return bad_avro(blocks.failure());
  return {};
}

AvroFileWriter::AvroFileWriter(std::string schema_json, std::map<std::string, std::string> metadata,
                               AvroCompression compression)
    : compression_(compression) {
  metadata["avro.schema"] = std::move(schema_json);
  metadata["avro.codec"] = compression == AvroCompression::kDeflate ? "deflate" : "null";
  AvroEncoder encoder;
  encoder.put_raw(kMagic);
  encoder.put_long(static_cast<std::int64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    encoder.put_bytes(key);
    encoder.put_bytes(value);
  }
  encoder.put_long(0);
  header_ = encoder.bytes();
  const Hash128 hash = xxh3_128(header_);
  append_little_endian(sync_, hash.low, 8);
  append_little_endian(sync_, hash.high, 8);
}

void AvroFileWriter::add_record(std::string_view record) {
  block_.append(record);
  ++block_records_;
  ++record_count_;
  if (block_.size() >= kBlockBytes) flush_block();
}

void AvroFileWriter::flush_block() {
  if (block_records_ == 0) return;
  AvroEncoder encoder;
  encoder.put_long(static_cast<std::int64_t>(block_records_));
  encoder.put_bytes(compression_ == AvroCompression::kDeflate ? deflated(block_) : block_);
  encoder.put_raw(sync_);
  body_.append(encoder.bytes());
  block_.clear();
  block_records_ = 0;
}

std::string AvroFileWriter::finish() && {
  flush_block();
  return header_ + sync_ + body_;
}

}  // namespace tarn::iceberg
