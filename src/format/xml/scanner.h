#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "format/xml.h"

/// The scanner behind XmlDocument; nothing here is for other libraries.
namespace tarn::format {

inline constexpr std::string_view kXmlUri = "http://www.w3.org/XML/1998/namespace";
inline constexpr std::string_view kXmlnsUri = "http://www.w3.org/2000/xmlns/";
inline constexpr std::string_view kXsiUri = "http://www.w3.org/2001/XMLSchema-instance";

/// What `<?xml …?>` says.
struct XmlDeclaration {
  std::string_view encoding;  ///< "" when none is stated.
  std::size_t size = 0;       ///< Bytes of the declaration; 0 when there is none.
  bool malformed = false;
};
XmlDeclaration read_xml_declaration(std::string_view text);

/// The code point of "#228" or "#xE4" (without `&` and `;`); 0 when it is none or a forbidden one.
std::uint32_t xml_character_reference(std::string_view name);

/// Reads a document once from front to back, checks it and fills the tables of an XmlDocument.
class XmlScanner {
 public:
  XmlScanner(XmlDocument& document, const XmlOptions& options);
  Status run();

 private:
  using Name = XmlDocument::Name;
  using Element = XmlDocument::Element;
  using Attribute = XmlDocument::Attribute;

  // Each returns false after fail().
  bool scan_misc();
  bool scan_content();
  bool scan_text();
  bool scan_markup();
  bool scan_start_tag();
  bool scan_end_tag();
  bool scan_attributes(std::uint32_t element);
  bool scan_attribute(std::uint32_t element, std::uint32_t& declared);
  bool scan_attribute_value(char quote, bool& decode);
  bool scan_name(Name& name);
  bool scan_reference();
  bool scan_comment();
  bool scan_instruction();
  bool scan_cdata();
  bool declare_namespace(const Attribute& attribute, std::uint32_t& declared);
  bool resolve_names(std::uint32_t element);
  bool check_unique(std::uint32_t first, std::uint32_t count);
  bool find_uri(std::string_view prefix, std::uint32_t& uri) const;
  std::uint32_t intern(std::string_view uri);
  void add_run(const char* begin, const char* end, std::uint8_t flags);
  bool fail(const ErrorCode& code, const char* message, const char* at);
  bool starts_with(std::string_view word) const {
    return std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word);
  }
  std::uint32_t offset(const char* at) const { return static_cast<std::uint32_t>(at - begin_); }
  void skip_white_space();

  XmlDocument& document_;
  XmlOptions options_;
  const char* begin_;
  const char* end_;
  const char* at_;
  std::uint32_t open_ = 0;  ///< The innermost open element, 0 for none.
  std::uint32_t depth_ = 0;
  bool has_prefixes_ = false;  ///< In the tag being read.
  const ErrorCode* problem_ = nullptr;
  const char* problem_message_ = nullptr;
  const char* problem_at_ = nullptr;
  std::vector<std::uint32_t> order_;
};

}  // namespace tarn::format
