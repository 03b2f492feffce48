#include "format/xml/scanner.h"

#include <fmt/format.h>

#include "format/errors.h"
#include "format/xml/characters.h"

namespace tarn::format {

using namespace xml_class;  // NOLINT(google-build-using-namespace): byte classes, all used here

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

}  // namespace tarn::format
