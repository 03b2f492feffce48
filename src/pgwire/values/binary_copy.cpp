#include "pgwire/values/binary_copy.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "pgwire/protocol/wire_buffer.h"
#include "pgwire/values/values.h"
#include "query/errors.h"

namespace tarn::pgwire {
namespace {

constexpr std::string_view kSignature("PGCOPY\n\377\r\n\0", 11);
constexpr std::size_t kHeaderBytes = kSignature.size() + 8;
constexpr std::uint32_t kHasOids = 1U << 16;

/// As SQL reads it back.
std::string text_of(const engine::ParameterValue& value) {
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? "true" : "false";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return std::to_string(*whole);
  if (const auto* real = std::get_if<double>(&value)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  const auto* bytes = std::get_if<engine::BinaryValue>(&value);
  std::string text = "\\x";
  for (const char c : bytes->bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

}  // namespace

Error BinaryCopyReader::bad(std::string_view what) const {
  return Error(query::kBadCopyData, fmt::format("row {}: {}", row_, what));
}

Status BinaryCopyReader::add(std::string_view bytes) {
  if (has_ended_ && !bytes.empty()) return bad("there is data behind the trailer");
  waiting_ += bytes;
  at_ = 0;
  Step step = Step::kDone;
  while (step == Step::kDone && !has_ended_) {
    TARN_ASSIGN_OR_RETURN(step, has_header_ ? take_row() : take_header());
  }
  waiting_.erase(0, at_);
  if (has_ended_ && !waiting_.empty()) return bad("there is data behind the trailer");
  return waiting_.size() <= kMaxCopyRowBytes ? ok_status() : Status(bad("it is too long"));
}

Result<BinaryCopyReader::Step> BinaryCopyReader::take_header() {
  const std::string_view begun = left();
  if (!kSignature.starts_with(begun.substr(0, kSignature.size())))
    return Error(query::kBadCopyData, "the data does not begin with the signature of COPY's binary format")
        .with_hint("send text, or csv, without FORMAT binary");
  if (begun.size() < kHeaderBytes) return Step::kMore;
  WireReader in(begun.substr(kSignature.size()));
  const auto flags = static_cast<std::uint32_t>(in.int32());
  const std::int32_t extension = in.int32();
  if ((flags & kHasOids) != 0) return Error(query::kBadCopyData, "rows with OIDs are not taken");
  if (flags >> 16 != 0) return Error(query::kBadCopyData, "the header has flags that are not known");
  if (extension < 0 || static_cast<std::size_t>(extension) > kMaxCopyRowBytes)
    return Error(query::kBadCopyData, "the header's extension has a wrong length");
  if (begun.size() < kHeaderBytes + static_cast<std::size_t>(extension)) return Step::kMore;
  at_ += kHeaderBytes + static_cast<std::size_t>(extension);
  has_header_ = true;
  return Step::kDone;
}

Result<BinaryCopyReader::Step> BinaryCopyReader::take_row() {
  WireReader in(left());
  const std::int16_t count = in.int16();
  if (!in.ok()) return Step::kMore;
  if (count == -1) {
    at_ += 2;
    has_ended_ = true;
    return Step::kDone;
  }
  if (static_cast<std::size_t>(count) != types_.size())
    return bad(fmt::format("it has {} fields, and {} are expected", count, types_.size()));
  fields_.clear();
  for (std::size_t i = 0; i < types_.size(); ++i) {
    const std::int32_t size = in.int32();
    if (!in.ok()) return Step::kMore;
    if (size < -1 || (size > 0 && static_cast<std::size_t>(size) > kMaxCopyRowBytes))
      return bad("a field has a wrong length");
    if (size == -1) {
      fields_.emplace_back();
      continue;
    }
    fields_.emplace_back(in.bytes(static_cast<std::size_t>(size)));
    if (!in.ok()) return Step::kMore;
  }
  at_ = waiting_.size() - in.rest().size();
  TARN_RETURN_IF_ERROR(give_row());
  ++row_;
  return Step::kDone;
}

Status BinaryCopyReader::give_row() {
  std::vector<std::string> texts(fields_.size());
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (!fields_[i]) continue;
    Result<engine::ParameterValue> value = read_parameter(*fields_[i], Format::kBinary, types_[i]);
    if (!value.ok())
      return std::move(value).error().with_context(fmt::format("reading field {} of row {}", i + 1, row_));
    texts[i] = text_of(*value);
    fields_[i] = texts[i];
  }
  return on_row_(fields_, row_);
}

Status BinaryCopyReader::finish() {
  return has_ended_ ? ok_status() : Status(bad("the data ends before its trailer"));
}

}  // namespace tarn::pgwire
