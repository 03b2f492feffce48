#include "table/parquet_options.h"

#include <arrow/util/compression.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "table/errors.h"

namespace tarn::table {
namespace {

constexpr std::string_view kCodecProperty = "write.parquet.compression-codec";
constexpr std::string_view kLevelProperty = "write.parquet.compression-level";
constexpr std::string_view kPackProperty = "tarn.packed-integers";
constexpr std::string_view kRowGroupProperty = "write.parquet.row-group-size-bytes";

struct Codec {
  std::string_view name;
  arrow::Compression::type type;
};
/// Parquet knows two formats of LZ4; what Arrow calls LZ4 here is written as LZ4_RAW, which all readers agree
/// on.
constexpr std::array kCodecs = {
    Codec{"zstd", arrow::Compression::ZSTD},         Codec{"snappy", arrow::Compression::SNAPPY},
    Codec{"gzip", arrow::Compression::GZIP},         Codec{"lz4", arrow::Compression::LZ4},
    Codec{"lz4_raw", arrow::Compression::LZ4},       Codec{"brotli", arrow::Compression::BROTLI},
    Codec{"none", arrow::Compression::UNCOMPRESSED}, Codec{"uncompressed", arrow::Compression::UNCOMPRESSED}};

Error wrong(std::string_view property, const std::string& value, const std::string& mend) {
  return Error(kBadProperty, fmt::format("the table's property `{}` is `{}`", property, value))
      .with_hint(mend);
}

/// The property's number; nothing where there is no property.
Result<std::optional<std::int64_t>> number_of(const std::map<std::string, std::string>& properties,
                                              std::string_view property, std::int64_t least,
                                              std::int64_t most) {
  const auto found = properties.find(std::string(property));
  if (found == properties.end()) return std::optional<std::int64_t>();
  const std::string& text = found->second;
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < least || number > most)
    return wrong(property, text, fmt::format("give a number from {} to {}", least, most));
  return std::optional(number);
}

Result<arrow::Compression::type> codec_of(const std::string& text) {
  std::string name = text;
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto found = std::ranges::find(kCodecs, name, &Codec::name);
  if (found != kCodecs.end() && arrow::util::Codec::IsAvailable(found->type)) return found->type;
  std::string names;
  for (const Codec& codec : kCodecs) {
    if (arrow::util::Codec::IsAvailable(codec.type))
      names += fmt::format("{}`{}`", names.empty() ? "" : ", ", codec.name);
  }
  return wrong(kCodecProperty, text, "give one of " + names);
}

}  // namespace

Result<ParquetOptions> parquet_options(const std::map<std::string, std::string>& properties) {
  ParquetOptions options;
  if (const auto found = properties.find(std::string(kCodecProperty)); found != properties.end()) {
    TARN_ASSIGN_OR_RETURN(options.codec, codec_of(found->second));
  }
  const arrow::Compression::type codec = options.codec.value_or(arrow::Compression::ZSTD);
  if (arrow::util::Codec::SupportsCompressionLevel(codec)) {
    const auto least = arrow::util::Codec::MinimumCompressionLevel(codec);
    const auto most = arrow::util::Codec::MaximumCompressionLevel(codec);
    TARN_ASSIGN_OR_RETURN(const auto level,
                          number_of(properties, kLevelProperty, least.ValueOr(1), most.ValueOr(1)));
    if (level) options.level = static_cast<int>(*level);
  }
  TARN_ASSIGN_OR_RETURN(const auto bytes, number_of(properties, kRowGroupProperty, std::int64_t{1} << 10,
                                                    std::int64_t{1} << 31));
  if (bytes) options.row_group_bytes = *bytes;
  if (const auto found = properties.find(std::string(kPackProperty)); found != properties.end()) {
    if (found->second != "true" && found->second != "false")
      return wrong(kPackProperty, found->second, "give `true` or `false`");
    options.packs_integers = found->second == "true";
  }
  return options;
}

}  // namespace tarn::table
