// The parts of XML that stand between tags: the declaration, references, comments, instructions, CDATA
// sections.
#include <algorithm>

#include "format/errors.h"
#include "format/xml/characters.h"
#include "format/xml/scanner.h"

namespace tarn::format {

using namespace xml_class;  // NOLINT(google-build-using-namespace): byte classes, all used here

namespace {

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
