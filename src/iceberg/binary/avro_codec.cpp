#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <limits>

#include "iceberg/binary/avro.h"
#include "iceberg/binary/single_value.h"

// Avro 1.11 spec, "Binary Encoding".
namespace tarn::iceberg {

void AvroEncoder::put_long(std::int64_t value) {
  std::uint64_t zigzag = (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
  while (zigzag >= 0x80) {
    bytes_.push_back(static_cast<char>(static_cast<std::uint8_t>(zigzag | 0x80U)));
    zigzag >>= 7U;
  }
  bytes_.push_back(static_cast<char>(static_cast<std::uint8_t>(zigzag)));
}

void AvroEncoder::put_float(float value) {
  append_little_endian(bytes_, std::bit_cast<std::uint32_t>(value), 4);
}
void AvroEncoder::put_double(double value) {
  append_little_endian(bytes_, std::bit_cast<std::uint64_t>(value), 8);
}

void AvroEncoder::put_bytes(std::string_view value) {
  put_long(static_cast<std::int64_t>(value.size()));
  bytes_.append(value);
}

void AvroEncoder::put_optional_long(std::optional<std::int64_t> value) {
  put_branch(value.has_value());
  if (value) put_long(*value);
}

void AvroEncoder::put_optional_bytes(const std::optional<std::string>& value) {
  put_branch(value.has_value());
  if (value) put_bytes(*value);
}

void AvroDecoder::fail(std::string_view why) {
  if (failure_.empty()) failure_ = fmt::format("{} bytes before the end of a block: {}", rest_.size(), why);
  rest_ = {};
}

std::string_view AvroDecoder::read_raw(std::uint64_t count) {
  if (count > rest_.size()) {
    fail("the data ends within a value");
    return {};
  }
  const std::string_view taken = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return taken;
}

bool AvroDecoder::read_bool() {
  const std::string_view byte = read_raw(1);
  return !byte.empty() && byte.front() != '\0';
}

std::int64_t AvroDecoder::read_long() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) {
      fail("the data ends within a number");
      return 0;
    }
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return static_cast<std::int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
  }
  fail("a number is longer than ten bytes");
  return 0;
}

float AvroDecoder::read_float() {
  return std::bit_cast<float>(static_cast<std::uint32_t>(from_little_endian(read_raw(4))));
}

double AvroDecoder::read_double() {
  return std::bit_cast<double>(from_little_endian(read_raw(8)));
}

std::string_view AvroDecoder::read_bytes() {
  const std::int64_t length = read_long();
  if (length < 0) {
    fail("a length is negative");
    return {};
  }
  return read_raw(static_cast<std::uint64_t>(length));
}

const AvroNode* AvroDecoder::resolve(const AvroNode& node) {
  const AvroNode* value = &node;
  if (node.kind == AvroKind::kUnion) {
    const std::int64_t branch = read_long();
    if (!ok()) return nullptr;
    if (branch < 0 || static_cast<std::uint64_t>(branch) >= node.children.size()) {
      fail("a union has no such branch");
      return nullptr;
    }
    value = node.children[static_cast<std::size_t>(branch)].get();
  }
  return value->kind == AvroKind::kNull ? nullptr : value;
}

std::optional<std::int64_t> AvroDecoder::read_integer(const AvroNode& node) {
  const AvroNode* value = resolve(node);
  if (value == nullptr) return std::nullopt;
  if (value->kind != AvroKind::kInt && value->kind != AvroKind::kLong) {
    fail("a whole number is expected");
    return std::nullopt;
  }
  const std::int64_t number = read_long();
  if (!ok()) return std::nullopt;
  return number;
}

std::optional<std::int32_t> AvroDecoder::read_int32(const AvroNode& node) {
  const auto number = read_integer(node);
  if (!number) return std::nullopt;
  if (*number < std::numeric_limits<std::int32_t>::min() ||
      *number > std::numeric_limits<std::int32_t>::max()) {
    fail("a number does not fit an int");
    return std::nullopt;
  }
  return static_cast<std::int32_t>(*number);
}

std::optional<bool> AvroDecoder::read_boolean(const AvroNode& node) {
  const AvroNode* value = resolve(node);
  if (value == nullptr) return std::nullopt;
  if (value->kind != AvroKind::kBoolean) {
    fail("a boolean is expected");
    return std::nullopt;
  }
  return read_bool();
}

std::optional<std::string_view> AvroDecoder::read_binary(const AvroNode& node) {
  const AvroNode* value = resolve(node);
  if (value == nullptr) return std::nullopt;
  switch (value->kind) {
    case AvroKind::kString:
    case AvroKind::kBytes:
      return read_bytes();
    case AvroKind::kFixed:
      return read_raw(static_cast<std::uint64_t>(value->size));
    default:
      fail("a string or bytes are expected");
      return std::nullopt;
  }
}

std::uint64_t AvroDecoder::read_block_count(std::uint64_t min_item_bytes) {
  std::int64_t count = read_long();
  if (count < 0) {
    // The block's size in bytes follows, for those who skip; the count is its absolute value.
    if (count == std::numeric_limits<std::int64_t>::min()) {
      fail("a count is out of range");
      return 0;
    }
    count = -count;
    read_long();
  }
  // Items of no bytes at all would let a few bytes stand for endless work, so that they count as one byte.
  if (static_cast<std::uint64_t>(count) > rest_.size() / std::max<std::uint64_t>(min_item_bytes, 1)) {
    fail("a count is greater than the data can hold");
    return 0;
  }
  return static_cast<std::uint64_t>(count);
}

bool AvroDecoder::read_array(const AvroNode& node, const std::function<void(const AvroNode& item)>& read) {
  const AvroNode* value = resolve(node);
  if (value == nullptr) return false;
  if (value->kind != AvroKind::kArray) {
    fail("an array is expected");
    return false;
  }
  const AvroNode& item = *value->children.front();
  while (ok()) {
    const std::uint64_t count = read_block_count(item.min_size_bytes);
    if (count == 0) break;
    for (std::uint64_t i = 0; i < count && ok(); ++i) read(item);
  }
  return ok();
}

bool AvroDecoder::read_record(const AvroNode& node, const std::function<void(const AvroField& field)>& read) {
  const AvroNode* value = resolve(node);
  if (value == nullptr) return false;
  if (value->kind != AvroKind::kRecord) {
    fail("a record is expected");
    return false;
  }
  for (const AvroField& field : value->fields) {
    if (!ok()) return false;
    read(field);
  }
  return ok();
}

void AvroDecoder::skip(const AvroNode& node) {
  const AvroNode* value = resolve(node);
  if (value == nullptr || !ok()) return;
  switch (value->kind) {
    case AvroKind::kBoolean:
      read_raw(1);
      break;
    case AvroKind::kInt:
    case AvroKind::kLong:
    case AvroKind::kEnum:
      read_long();
      break;
    case AvroKind::kFloat:
      read_raw(4);
      break;
    case AvroKind::kDouble:
      read_raw(8);
      break;
    case AvroKind::kBytes:
    case AvroKind::kString:
      read_bytes();
      break;
    case AvroKind::kFixed:
      read_raw(static_cast<std::uint64_t>(value->size));
      break;
    case AvroKind::kRecord:
      for (const AvroField& field : value->fields) {
        if (!ok()) return;
        skip(*field.node);
      }
      break;
    case AvroKind::kArray:
    case AvroKind::kMap:
      while (ok()) {
        const std::uint64_t count = read_block_count(value->children.front()->min_size_bytes);
        if (count == 0) break;
        for (std::uint64_t i = 0; i < count && ok(); ++i) {
          if (value->kind == AvroKind::kMap) read_bytes();
          skip(*value->children.front());
        }
      }
      break;
    default:
      break;
  }
}

}  // namespace tarn::iceberg
