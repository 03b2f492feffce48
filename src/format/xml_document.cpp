#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "format/errors.h"
#include "format/xml.h"
#include "format/xml/scanner.h"

namespace tarn::format {

namespace {

constexpr std::size_t kChunkSize = std::size_t{64} << 10;
constexpr std::size_t kKeptChunks = 64;  ///< 4 MiB of decoded values are kept from document to document,
constexpr std::size_t kKeptElements = 1U << 16;  ///< and the tables of documents up to this size.
constexpr std::size_t kMaxDocument = (std::size_t{1} << 31) - 1;

// The first character that XML 1.0 forbids (section 2.2) in valid UTF-8 without NUL, or text.size().
std::size_t find_forbidden(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* at = begin;
  const auto forbidden = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
#if defined(__SSE2__)
  const __m128i highest = _mm_set1_epi8(0x1F);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, highest), bytes);
    const __m128i fine = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n'))),
        _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')));
    if (_mm_movemask_epi8(_mm_andnot_si128(fine, control)) != 0) break;
  }
#endif
  while (at < end && !forbidden(*at)) ++at;
  const auto control = static_cast<std::size_t>(at - begin);
  // U+FFFE and U+FFFF.
  for (std::size_t i = text.find("\xEF\xBF"); i < control; i = text.find("\xEF\xBF", i + 2))
    if (static_cast<unsigned char>(text[i + 2]) >= 0xBE) return i;
  return control;
}

Error encoding_error(std::string message) {
  return Error(kXmlEncoding, std::move(message))
      .with_span(span_of({}))
      .with_hint("state `encoding` in the contract to overrule the declaration");
}

// What the characters of a reference such as "&#228;" or "&lt;" stand for, in UTF-8, at `out`. The scanner
// has checked that the reference is one of those.
std::size_t expand_reference(std::string_view name, char* out) {
  if (name[0] != '#') {
    *out = name == "lt" ? '<' : name == "gt" ? '>' : name == "amp" ? '&' : name == "quot" ? '"' : '\'';
    return 1;
  }
  const std::uint32_t code = xml_character_reference(name);
  const auto put = [&](std::size_t i, std::uint32_t byte) { out[i] = static_cast<char>(byte); };
  if (code < 0x80) {
    put(0, code);
    return 1;
  }
  if (code < 0x800) {
    put(0, 0xC0 | code >> 6);
    put(1, 0x80 | (code & 0x3F));
    return 2;
  }
  if (code < 0x10000) {
    put(0, 0xE0 | code >> 12);
    put(1, 0x80 | (code >> 6 & 0x3F));
    put(2, 0x80 | (code & 0x3F));
    return 3;
  }
  put(0, 0xF0 | code >> 18);
  put(1, 0x80 | (code >> 12 & 0x3F));
  put(2, 0x80 | (code >> 6 & 0x3F));
  put(3, 0x80 | (code & 0x3F));
  return 4;
}

// Writes `raw` with line ends as LF (section 2.11); the text of a CDATA section.
std::size_t copy_normalized(std::string_view raw, char* out) {
  char* const begin = out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\r') {
      if (i + 1 == raw.size() || raw[i + 1] != '\n') *out++ = '\n';
    } else {
      *out++ = raw[i];
    }
  }
  return static_cast<std::size_t>(out - begin);
}

// Writes `raw` decoded; never more than it has.
std::size_t copy_decoded(std::string_view raw, bool attribute, char* out) {
  char* const begin = out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '&') {
      const std::size_t end = raw.find(';', i);
      out += expand_reference(raw.substr(i + 1, end - i - 1), out);
      i = end;
    } else if (c == '\r') {
      if (i + 1 < raw.size() && raw[i + 1] == '\n') continue;
      *out++ = attribute ? ' ' : '\n';
    } else {
      *out++ = attribute && (c == '\n' || c == '\t') ? ' ' : c;
    }
  }
  return static_cast<std::size_t>(out - begin);
}

}  // namespace

XmlDocument::XmlDocument() {
  forget();
}

void XmlDocument::forget() {
  elements_.resize(1);
  attributes_.resize(1);
  bindings_.clear();
  uris_.assign({"", kXmlUri, kXsiUri});
  chunk_ = 0;
  chunk_used_ = 0;
}

void XmlDocument::start(std::size_t size) {
  // One huge document must not hold its tables for ever.
  if (elements_.capacity() > kKeptElements && size / 16 < kKeptElements) {
    std::vector<Element>().swap(elements_);
    std::vector<Attribute>().swap(attributes_);
    std::string().swap(converted_);
  }
  if (chunks_.size() > kKeptChunks) chunks_.resize(kKeptChunks);
  for (Chunk& chunk : chunks_)
    if (chunk.size > kChunkSize) chunk = Chunk();
  forget();
}

Status XmlDocument::parse(std::string_view bytes, const XmlOptions& options) {
  start(bytes.size());
  text_ = {};
  if (bytes.size() > kMaxDocument)
    return Error(kXmlTooLarge, fmt::format("the document has {} bytes", bytes.size()));
  TARN_RETURN_IF_ERROR(decode_document(bytes, options.encoding));
  TARN_RETURN_IF_ERROR(check_characters());
  Status status = XmlScanner(*this, options).run();
  if (!status.ok()) forget();
  return status;
}

// XML 1.0, appendix F: what the bytes are is decided by the mark, by the contract, then by the declaration.
Status XmlDocument::decode_document(std::string_view bytes, Encoding wanted) {
  const ByteOrderMark mark = detect_bom(bytes);
  DecodedText decoded = decode_text(bytes, wanted, converted_);
  text_ = decoded.text;
  if (wanted == Encoding::kAuto) {
    const XmlDeclaration declaration = read_xml_declaration(text_);
    if (!declaration.encoding.empty()) {
      const std::optional<Encoding> declared = parse_encoding(declaration.encoding);
      if (!declared || *declared == Encoding::kAuto)
        return encoding_error("the document declares an encoding that Tarn does not know");
      const bool wide = decoded.encoding != Encoding::kUtf8;
      const bool declared_wide =
          *declared == Encoding::kUtf16 || *declared == Encoding::kUtf16Le || *declared == Encoding::kUtf16Be;
      const bool agrees = wide ? *declared == Encoding::kUtf16 || *declared == decoded.encoding
                               : !declared_wide && (mark.size == 0 || *declared == Encoding::kUtf8);
      if (!agrees)
        return encoding_error(fmt::format("the document declares {}, but its bytes are {}",
                                          to_string(*declared), to_string(decoded.encoding)));
      if (!wide && *declared != Encoding::kUtf8) {
        decoded = decode_text(bytes, *declared, converted_);
        text_ = decoded.text;
      }
    }
  }
  if (text_.size() > kMaxDocument)
    return Error(kXmlTooLarge, fmt::format("the document has {} bytes in UTF-8", text_.size()));
  if (!decoded.is_clean) return to_error(check_text(text_));
  return ok_status();
}

Status XmlDocument::check_characters() const {
  const std::size_t bad = find_forbidden(text_);
  if (bad == text_.size()) return ok_status();
  const TextPlace found = place_of(text_, bad);
  return Error(kXmlCharacter,
               fmt::format("a character that XML forbids at line {}, column {}", found.line, found.column))
      .with_span(span_of(found));
}

XmlAttribute XmlDocument::first_attribute(XmlNode node) const {
  const Element& element = at(node);
  return XmlAttribute(element.attribute_count > 0 ? element.first_attribute : 0);
}

XmlAttribute XmlDocument::next_attribute(XmlAttribute attribute) const {
  const Element& element = elements_[at(attribute).owner];
  const std::uint32_t next = attribute.index_ + 1;
  return XmlAttribute(next < element.first_attribute + element.attribute_count ? next : 0);
}

std::string_view XmlDocument::value(XmlAttribute attribute) {
  const Attribute& found = at(attribute);
  const std::string_view raw = text_.substr(found.value_begin, found.value_end - found.value_begin);
  return found.decode ? decode(raw, Whitespace::kAttribute) : raw;
}

std::string_view XmlDocument::text(XmlNode node) {
  const Element& element = at(node);
  if ((element.flags & kNonBlank) == 0 && element.first_child != 0) return {};
  if ((element.flags & kPieces) != 0) return join_pieces(element);
  const std::string_view raw = text_.substr(element.text_begin, element.text_end - element.text_begin);
  return (element.flags & kDecode) != 0 ? decode(raw, Whitespace::kText) : raw;
}

bool XmlDocument::is_nil(XmlNode node) {
  if ((at(node).flags & kNil) == 0) return false;
  for (XmlAttribute a = first_attribute(node); a; a = next_attribute(a)) {
    if (local_name(a) != "nil" || uri(a) != kXsiUri) continue;
    const std::string_view text = value(a);
    return text == "true" || text == "1";
  }
  return false;
}

std::string_view XmlDocument::raw(XmlNode node) const {
  return text_.substr(at(node).begin, at(node).end - at(node).begin);
}

TextPlace XmlDocument::place(XmlNode node) const {
  return place_of(text_, at(node).begin);
}

std::string XmlDocument::path(XmlNode node, XmlNode ancestor) const {
  std::vector<std::string_view> names;
  for (; node && node != ancestor; node = parent(node)) names.push_back(qualified_name(node));
  std::string out;
  for (std::size_t i = names.size(); i-- > 0;) {
    if (!out.empty()) out += '/';
    out += names[i];
  }
  return out.empty() ? "." : out;
}

char* XmlDocument::allocate(std::size_t size) {
  while (chunk_ < chunks_.size() && chunks_[chunk_].size - chunk_used_ < size) {
    ++chunk_;
    chunk_used_ = 0;
  }
  if (chunk_ == chunks_.size()) {
    const std::size_t wanted = std::max(size, kChunkSize);
    chunks_.push_back({std::unique_ptr<char[]>(new char[wanted]), wanted});
    chunk_used_ = 0;
  }
  char* const out = chunks_[chunk_].data.get() + chunk_used_;
  chunk_used_ += size;
  return out;
}

std::string_view XmlDocument::decode(std::string_view raw, Whitespace whitespace) {
  if (raw.empty()) return {};
  char* const out = allocate(raw.size());
  return {out, copy_decoded(raw, whitespace == Whitespace::kAttribute, out)};
}

std::string_view XmlDocument::join_pieces(const Element& element) {
  std::size_t room = element.content_end - element.content_begin;
  for (std::uint32_t child = element.first_child; child != 0; child = elements_[child].next_sibling)
    room -= elements_[child].end - elements_[child].begin;
  char* const out = allocate(room);
  std::size_t size = 0;
  std::size_t at = element.content_begin;
  std::uint32_t child = element.first_child;
  while (at < element.content_end) {
    const std::size_t stop = std::min<std::size_t>(text_.find('<', at), element.content_end);
    size += copy_decoded(text_.substr(at, stop - at), false, out + size);
    const std::string_view rest = text_.substr(stop, element.content_end - stop);
    if (rest.empty()) break;
    if (child != 0 && stop == elements_[child].begin) {
      at = elements_[child].end;
      child = elements_[child].next_sibling;
    } else if (rest.starts_with("<!--")) {
      at = stop + rest.find("-->", 4) + 3;
    } else if (rest.starts_with("<?")) {
      at = stop + rest.find("?>", 2) + 2;
    } else {
      const std::size_t end = rest.find("]]>");
      size += copy_normalized(rest.substr(9, end - 9), out + size);
      at = stop + end + 3;
    }
  }
  return {out, size};
}

}  // namespace tarn::format
