#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "iceberg/binary/avro_schema.h"
#include "iceberg/manifest.h"

/// Avro object container files (Avro 1.11 spec, "Object Container Files"), as far as Iceberg needs them: the
/// codecs null and deflate, records read field by field so that the caller resolves by field id and skips
/// what it does not know.
namespace tarn::iceberg {

/// Appends Avro's binary encoding to a buffer.
class AvroEncoder {
 public:
  void put_bool(bool value) { bytes_.push_back(value ? '\1' : '\0'); }
  void put_long(std::int64_t value);
  void put_float(float value);
  void put_double(double value);
  void put_bytes(std::string_view value);  ///< Also strings.
  void put_raw(std::string_view value) { bytes_.append(value); }
  /// The branch of ["null", T].
  void put_branch(bool present) { bytes_.push_back(present ? '\2' : '\0'); }
  void put_optional_long(std::optional<std::int64_t> value);
  void put_optional_bytes(const std::optional<std::string>& value);

  const std::string& bytes() const { return bytes_; }
  void clear() { bytes_.clear(); }

 private:
  std::string bytes_;
};

/// Reads Avro's binary encoding, never beyond its end. The first fault makes the decoder fail and every later
/// value empty; ask ok() before trusting what was read.
class AvroDecoder {
 public:
  explicit AvroDecoder(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return failure_.empty(); }
  const std::string& failure() const { return failure_; }
  void fail(std::string_view why);
  bool at_end() const { return rest_.empty(); }
  std::uint64_t remaining() const { return rest_.size(); }

  bool read_bool();
  std::int64_t read_long();
  float read_float();
  double read_double();
  std::string_view read_bytes();
  std::string_view read_raw(std::uint64_t count);

  // These take the schema the value was written with, step through unions, and fail where it does not fit.

  /// The node the value has, behind any union; null for null.
  const AvroNode* resolve(const AvroNode& node);
  std::optional<std::int64_t> read_integer(const AvroNode& node);
  std::optional<std::int32_t> read_int32(const AvroNode& node);
  std::optional<bool> read_boolean(const AvroNode& node);
  /// Of strings, bytes and fixed.
  std::optional<std::string_view> read_binary(const AvroNode& node);
  /// Calls `read` for each item; false when the array is null.
  bool read_array(const AvroNode& node, const std::function<void(const AvroNode& item)>& read);
  /// Calls `read` for each field; false when the record is null. `read` must consume the field.
  bool read_record(const AvroNode& node, const std::function<void(const AvroField& field)>& read);
  void skip(const AvroNode& node);

 private:
  std::uint64_t read_block_count(std::uint64_t min_item_bytes);
  std::string_view rest_;
  std::string failure_;
};

struct AvroHeader {
  std::map<std::string, std::string, std::less<>> metadata;  ///< With "avro.schema" and "avro.codec".
  std::shared_ptr<const AvroNode> schema;
};

using AvroRecordReader = std::function<Status(AvroDecoder& decoder, const AvroNode& record)>;

/// The header alone. Errors: iceberg.bad_avro, iceberg.unsupported_codec.
Result<AvroHeader> read_avro_header(std::string_view file);
/// Reads a whole file: `on_header` once, then `on_record` for each record, which it must consume. Errors:
/// iceberg.bad_avro, iceberg.unsupported_codec, and those of the callbacks.
Status read_avro_file(std::string_view file, const std::function<Status(const AvroHeader&)>& on_header,
                      const AvroRecordReader& on_record);

/// Writes a file of records. The sync marker is made from the content: the same input gives the same bytes.
class AvroFileWriter {
 public:
  AvroFileWriter(std::string schema_json, std::map<std::string, std::string> metadata,
                 AvroCompression compression);

  /// One record, already encoded.
  void add_record(std::string_view record);
  std::size_t record_count() const { return record_count_; }
  std::string finish() &&;

 private:
  void flush_block();

  std::string header_;
  std::string sync_;
  AvroCompression compression_;
  std::string block_;
  std::size_t block_records_ = 0;
  std::size_t record_count_ = 0;
  std::string body_;
};

}  // namespace tarn::iceberg
