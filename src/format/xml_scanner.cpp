#include "format/xml_scanner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fmt/format.h>

#include "format/errors.h"

namespace tarn::format {

namespace {

constexpr std::uint8_t kNameStart = 1;
constexpr std::uint8_t kNameChar = 2;
constexpr std::uint8_t kSpace = 4;
constexpr std::uint8_t kTextStop = 8;    ///< < & ] CR
constexpr std::uint8_t kValueStop = 16;  ///< < & " ' TAB LF CR

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> classes{};
  for (std::size_t i = 0; i < 256; ++i) {
    const auto c = static_cast<unsigned char>(i);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    const bool digit = c >= '0' && c <= '9';
    std::uint8_t flags = 0;
    if (letter) flags |= kNameStart | kNameChar;
    if (digit || c == '-' || c == '.') flags |= kNameChar;
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') flags |= kSpace;
    if (c == '<' || c == '&' || c == ']' || c == '\r') flags |= kTextStop;
    if (c == '<' || c == '&' || c == '"' || c == '\'' || c == '\t' || c == '\n' || c == '\r')
      flags |= kValueStop;
    classes[i] = flags;
  }
  return classes;
}
constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

bool is(char c, std::uint8_t flag) {
  return (kClasses[static_cast<unsigned char>(c)] & flag) != 0;
}

// Takes `name = "value"` off a declaration; false when that is not next.
bool take_pseudo_attribute(std::string_view& rest, std::string_view name, std::string_view& value) {
  std::string_view probe = rest;
  const auto skip = [&] {
    while (!probe.empty() && is(probe[0], kSpace)) probe.remove_prefix(1);
  };
  skip();
  if (probe.size() == rest.size() || !probe.starts_with(name)) return false;
  probe.remove_prefix(name.size());
  skip();
  if (!probe.starts_with('=')) return false;
  probe.remove_prefix(1);
  skip();
  if (probe.empty() || (probe[0] != '"' && probe[0] != '\'')) return false;
  const std::size_t close = probe.find(probe[0], 1);
  if (close == std::string_view::npos) return false;
  value = probe.substr(1, close - 1);
  rest = probe.substr(close + 1);
  return true;
}

}  // namespace

XmlDeclaration read_xml_declaration(std::string_view text) {
  XmlDeclaration declaration;
  if (!text.starts_with("<?xml") || text.size() < 6 || !is(text[5], kSpace)) return declaration;
  const std::size_t close = text.find("?>");
  if (close == std::string_view::npos) {
    declaration.malformed = true;
    return declaration;
  }
  declaration.size = close + 2;
  std::string_view rest = text.substr(5, close - 5);
  std::string_view version;
  std::string_view standalone;
  bool fine = take_pseudo_attribute(rest, "version", version) && version.starts_with("1.");
  take_pseudo_attribute(rest, "encoding", declaration.encoding);
  if (take_pseudo_attribute(rest, "standalone", standalone))
    fine &= standalone == "yes" || standalone == "no";
  fine &= std::all_of(rest.begin(), rest.end(), [](char c) { return is(c, kSpace); });
  declaration.malformed = !fine;
  return declaration;
}

std::uint32_t xml_character_reference(std::string_view name) {
  if (name.size() < 2 || name[0] != '#') return 0;
  const bool hex = name[1] == 'x';
  name.remove_prefix(hex ? 2 : 1);
  if (name.empty()) return 0;
  std::uint32_t code = 0;
  for (const char c : name) {
    std::uint32_t digit = 16;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
      digit = static_cast<std::uint32_t>((c | 0x20) - 'a') + 10;
    if (digit >= (hex ? 16U : 10U)) return 0;
    code = code * (hex ? 16U : 10U) + digit;
    if (code > 0x10FFFF) return 0;
  }
  const bool allowed = code == 0x9 || code == 0xA || code == 0xD || (code >= 0x20 && code < 0xD800) ||
                       (code >= 0xE000 && code < 0xFFFE) || code >= 0x10000;
  return allowed ? code : 0;
}

XmlScanner::XmlScanner(XmlDocument& document, const XmlOptions& options)
    : document_(document),
      options_(options),
      begin_(document.text_.data()),
      end_(begin_ + document.text_.size()),
      at_(begin_) {}

Status XmlScanner::run() {
  const XmlDeclaration declaration = read_xml_declaration(document_.text_);
  at_ += declaration.size;
  bool fine = !declaration.malformed || fail(kXmlMalformed, "the XML declaration is malformed", begin_);
  fine = fine && scan_misc();
  if (fine && at_ == end_) fine = fail(kXmlEmpty, "the document has no element", at_);
  fine = fine && scan_start_tag() && scan_content() && scan_misc();
  if (fine && at_ < end_) fine = fail(kXmlMalformed, "the document goes on after its root element", at_);
  if (fine) return ok_status();
  const TextPlace place = place_of(document_.text_, offset(problem_at_));
  SourceSpan span;
  span.line = static_cast<std::uint32_t>(place.line);
  span.column = static_cast<std::uint32_t>(place.column);
  return Error(*problem_,
               fmt::format("{}, at line {}, column {}", problem_message_, place.line, place.column))
      .with_span(std::move(span));
}

bool XmlScanner::fail(const ErrorCode& code, const char* message, const char* at) {
  problem_ = &code;
  problem_message_ = message;
  problem_at_ = at;
  return false;
}

void XmlScanner::skip_white_space() {
  while (at_ < end_ && is(*at_, kSpace)) ++at_;
}

// White space, comments and instructions before and after the root; stops at the root or at the end.
bool XmlScanner::scan_misc() {
  while (true) {
    skip_white_space();
    if (at_ == end_) return true;
    if (*at_ != '<') return fail(kXmlMalformed, "there is text outside the root element", at_);
    if (starts_with("<!--")) {
      if (!scan_comment()) return false;
    } else if (starts_with("<?")) {
      if (!scan_instruction()) return false;
    } else if (starts_with("<!DOCTYPE") || starts_with("<!doctype")) {
      return fail(kXmlDtd, "the document has a document type declaration", at_);
    } else {
      return true;
    }
  }
}

bool XmlScanner::scan_content() {
  while (open_ != 0)
    if (!scan_text() || !scan_markup()) return false;
  return true;
}

void XmlScanner::add_run(const char* begin, const char* end, std::uint8_t flags) {
  Element& element = document_.elements_[open_];
  element.flags |= flags;
  if (begin == end) return;
  if (element.text_end != 0) {
    element.flags |= XmlDocument::kPieces;
    return;
  }
  element.text_begin = offset(begin);
  element.text_end = offset(end);
}

bool XmlScanner::scan_text() {
  const char* const start = at_;
  std::uint8_t flags = 0;
  for (; at_ < end_ && is(*at_, kSpace); ++at_)
    if (*at_ == '\r') flags |= XmlDocument::kDecode;
  if (at_ < end_ && *at_ != '<') flags |= XmlDocument::kNonBlank;
  while (true) {
    while (at_ < end_ && !is(*at_, kTextStop)) ++at_;
    if (at_ == end_) return fail(kXmlMalformed, "the document ends within an element", at_);
    if (*at_ == '<') break;
    if (*at_ == '&') {
      if (!scan_reference()) return false;
      flags |= XmlDocument::kDecode;
    } else if (*at_ == ']') {
      if (starts_with("]]>")) return fail(kXmlMalformed, "`]]>` stands in text", at_);
      ++at_;
    } else {
      flags |= XmlDocument::kDecode;
      ++at_;
    }
  }
  add_run(start, at_, flags);
  return true;
}

// On the `<` of whatever stands in content.
bool XmlScanner::scan_markup() {
  if (end_ - at_ < 2) return fail(kXmlMalformed, "the document ends within a tag", at_);
  switch (at_[1]) {
    case '/':
      return scan_end_tag();
    case '?':
      return scan_instruction();
    case '!':
      if (starts_with("<!--")) return scan_comment();
      if (starts_with("<![CDATA[")) return scan_cdata();
      if (starts_with("<!DOCTYPE")) return fail(kXmlDtd, "the document has a document type declaration", at_);
      return fail(kXmlMalformed, "`<!` begins neither a comment nor a CDATA section", at_);
    default:
      return scan_start_tag();
  }
}

// Namespaces in XML 1.0, section 4: a name has at most one colon, with something on both sides.
bool XmlScanner::scan_name(Name& name) {
  const char* const start = at_;
  if (at_ == end_ || !is(*at_, kNameStart)) return fail(kXmlMalformed, "a name is expected", at_);
  while (at_ < end_ && is(*at_, kNameChar)) ++at_;
  name.prefix = 0;
  if (at_ < end_ && *at_ == ':') {
    ++at_;
    name.prefix = static_cast<std::uint32_t>(at_ - start);
    has_prefixes_ = true;
    if (at_ == end_ || !is(*at_, kNameStart)) return fail(kXmlMalformed, "a name is expected after `:`", at_);
    while (at_ < end_ && is(*at_, kNameChar)) ++at_;
  }
  name.offset = offset(start);
  name.size = static_cast<std::uint32_t>(at_ - start);
  name.uri = 0;
  return true;
}

bool XmlScanner::scan_start_tag() {
  const char* const start = at_;
  if (++depth_ > options_.depth) return fail(kXmlDepth, "elements are nested too deeply", start);
  ++at_;
  has_prefixes_ = false;
  auto& elements = document_.elements_;
  const auto index = static_cast<std::uint32_t>(elements.size());
  Element& element = elements.emplace_back();
  element.begin = offset(start);
  element.parent = open_;
  if (!scan_name(element.name)) return false;
  if (open_ != 0) {
    Element& parent = elements[open_];
    (parent.last_child == 0 ? parent.first_child : elements[parent.last_child].next_sibling) = index;
    parent.last_child = index;
  }
  if (at_ < end_ && *at_ != '>' && !scan_attributes(index)) return false;
  if (at_ == end_) return fail(kXmlMalformed, "the document ends within a tag", start);
  if ((has_prefixes_ || !document_.bindings_.empty()) && !resolve_names(index)) return false;
  const bool empty = *at_ == '/';
  at_ += empty ? 2 : 1;
  element.content_begin = offset(at_);
  open_ = index;
  if (!empty) return true;
  element.content_end = element.end = offset(at_);
  while (!document_.bindings_.empty() && document_.bindings_.back().depth == depth_)
    document_.bindings_.pop_back();
  open_ = element.parent;
  --depth_;
  return true;
}

bool XmlScanner::scan_end_tag() {
  Element& element = document_.elements_[open_];
  const std::string_view name = document_.qualified(element.name);
  element.content_end = offset(at_);
  const char* const start = at_;
  at_ += 2;
  const bool same = starts_with(name) && static_cast<std::size_t>(end_ - at_) > name.size() &&
                    (at_[name.size()] == '>' || is(at_[name.size()], kSpace));
  if (!same) return fail(kXmlMalformed, "the end tag does not match the start tag", start);
  at_ += name.size();
  skip_white_space();
  if (at_ == end_ || *at_ != '>') return fail(kXmlMalformed, "the end tag is not closed by `>`", start);
  ++at_;
  element.end = offset(at_);
  while (!document_.bindings_.empty() && document_.bindings_.back().depth == depth_)
    document_.bindings_.pop_back();
  open_ = element.parent;
  --depth_;
  return true;
}

// Up to the `>` or `/>` of a start tag.
bool XmlScanner::scan_attributes(std::uint32_t element) {
  auto& attributes = document_.attributes_;
  const auto first = static_cast<std::uint32_t>(attributes.size());
  document_.elements_[element].first_attribute = first;
  std::uint32_t declared = 0;
  while (true) {
    const char* const gap = at_;
    skip_white_space();
    if (at_ == end_) return fail(kXmlMalformed, "the document ends within a tag", at_);
    if (*at_ == '>') break;
    if (*at_ == '/') {
      if (end_ - at_ >= 2 && at_[1] == '>') break;
      return fail(kXmlMalformed, "`/` stands within a tag", at_);
    }
    if (at_ == gap) return fail(kXmlMalformed, "a blank is missing before an attribute", at_);
    if (attributes.size() - first + declared >= options_.attributes)
      return fail(kXmlTooManyAttributes, "an element has too many attributes", at_);
    if (!scan_attribute(element, declared)) return false;
  }
  document_.elements_[element].attribute_count = static_cast<std::uint32_t>(attributes.size()) - first;
  return check_unique(first, static_cast<std::uint32_t>(attributes.size()) - first);
}

bool XmlScanner::scan_attribute(std::uint32_t element, std::uint32_t& declared) {
  Attribute attribute;
  attribute.owner = element;
  const bool had_prefixes = has_prefixes_;
  if (!scan_name(attribute.name)) return false;
  skip_white_space();
  if (at_ == end_ || *at_ != '=')
    return fail(kXmlMalformed, "`=` is expected after an attribute's name", at_);
  ++at_;
  skip_white_space();
  if (at_ == end_ || (*at_ != '"' && *at_ != '\''))
    return fail(kXmlMalformed, "an attribute's value is not in quotes", at_);
  const char quote = *at_++;
  attribute.value_begin = offset(at_);
  if (!scan_attribute_value(quote, attribute.decode)) return false;
  attribute.value_end = offset(at_);
  ++at_;
  if (document_.qualified(attribute.name).starts_with("xmlns")) {
    const std::string_view name = document_.qualified(attribute.name);
    if (name.size() == 5 || name[5] == ':') {
      has_prefixes_ = had_prefixes;
      return declare_namespace(attribute, declared);
    }
  }
  document_.attributes_.push_back(attribute);
  return true;
}

bool XmlScanner::scan_attribute_value(char quote, bool& decode) {
  const char* const start = at_;
  while (true) {
    while (at_ < end_ && !is(*at_, kValueStop)) ++at_;
    if (at_ == end_) return fail(kXmlMalformed, "an attribute's value has no closing quote", start);
    if (*at_ == quote) return true;
    if (*at_ == '<') return fail(kXmlMalformed, "`<` stands in an attribute's value", at_);
    if (*at_ == '&') {
      if (!scan_reference()) return false;
      decode = true;
    } else {
      decode |= is(*at_, kSpace);
      ++at_;
    }
  }
}

// On the `&` of a reference.
bool XmlScanner::scan_reference() {
  const char* const start = at_++;
  while (at_ < end_ && (is(*at_, kNameChar) || *at_ == '#' || *at_ == ':')) ++at_;
  const std::string_view name(start + 1, static_cast<std::size_t>(at_ - start - 1));
  if (at_ == end_ || *at_ != ';' || name.empty())
    return fail(kXmlMalformed, "`&` begins no reference (write &amp;)", start);
  ++at_;
  if (name[0] == '#') {
    if (xml_character_reference(name) != 0) return true;
    return fail(kXmlCharacter, "a reference names no character that XML allows", start);
  }
  if (name == "amp" || name == "lt" || name == "gt" || name == "quot" || name == "apos") return true;
  if (!is(name[0], kNameStart)) return fail(kXmlMalformed, "`&` begins no reference (write &amp;)", start);
  return fail(kXmlEntity, "the document uses an entity that XML does not define", start);
}

bool XmlScanner::scan_comment() {
  const char* const start = at_;
  const std::string_view rest(at_ + 4, static_cast<std::size_t>(end_ - at_ - 4));
  const std::size_t close = rest.find("--");
  if (close == std::string_view::npos) return fail(kXmlMalformed, "a comment has no end", start);
  if (!rest.substr(close).starts_with("-->"))
    return fail(kXmlMalformed, "`--` stands within a comment", at_ + 4 + close);
  at_ += 4 + close + 3;
  return true;
}

bool XmlScanner::scan_instruction() {
  const char* const start = at_;
  at_ += 2;
  const bool had_prefixes = has_prefixes_;
  Name target;
  if (!scan_name(target)) return false;
  has_prefixes_ = had_prefixes;
  const std::string_view name = document_.qualified(target);
  if (name.size() == 3 && (name[0] | 0x20) == 'x' && (name[1] | 0x20) == 'm' && (name[2] | 0x20) == 'l')
    return fail(kXmlMalformed, "an XML declaration stands elsewhere than at the very beginning", start);
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  const std::size_t close = rest.find("?>");
  if (close == std::string_view::npos || (close > 0 && !is(rest[0], kSpace)))
    return fail(kXmlMalformed, "a processing instruction is malformed", start);
  at_ += close + 2;
  return true;
}

bool XmlScanner::scan_cdata() {
  const char* const start = at_;
  const std::string_view rest(at_ + 9, static_cast<std::size_t>(end_ - at_ - 9));
  const std::size_t close = rest.find("]]>");
  if (close == std::string_view::npos) return fail(kXmlMalformed, "a CDATA section has no end", start);
  const std::string_view inner = rest.substr(0, close);
  std::uint8_t flags = 0;
  if (!std::all_of(inner.begin(), inner.end(), [](char c) { return is(c, kSpace); }))
    flags |= XmlDocument::kNonBlank;
  if (inner.find('\r') != std::string_view::npos) flags |= XmlDocument::kPieces;
  add_run(inner.data(), inner.data() + inner.size(), flags);
  at_ += 9 + close + 3;
  return true;
}

}  // namespace tarn::format
