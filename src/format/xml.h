#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "format/encoding.h"

/// XML 1.0 documents with namespaces: strict, without DTDs, without copies.
///
/// The parser is Tarn's own: the lenient fast ones let pass what must cost a member (two roots, duplicate
/// attributes, undefined entities, forbidden characters), and checking beside them costs a second pass. It
/// never changes its input, so that names, values and the raw text of every element stay at hand.
///
///   XmlDocument xml;                                     // one a thread, reused: the steady state allocates
///   nothing TARN_RETURN_IF_ERROR(xml.parse(bytes, options));     // malformed: the whole member is bad for
///   (XmlNode n = xml.first_child(xml.root()); n; n = xml.next_sibling(n)) use(xml.text(n));
///
/// One thread at a time. Views live until the next parse() or the end of `bytes`, whichever is first.
namespace tarn::format {

struct XmlOptions {
  Encoding encoding = Encoding::kAuto;  ///< The contract's; kAuto: byte-order mark, declaration, UTF-8.
  std::uint32_t depth = 64;             ///< Elements within one another.
  std::uint32_t attributes = 4096;      ///< Of one element, namespace declarations included.
};

/// An element of a document, valid until the next parse().
class XmlNode {
 public:
  XmlNode() = default;
  explicit operator bool() const { return index_ != 0; }
  bool operator==(const XmlNode&) const = default;

 private:
  friend class XmlDocument;
  explicit XmlNode(std::uint32_t index) : index_(index) {}
  std::uint32_t index_ = 0;  ///< 0: none.
};

/// An attribute of a document, namespace declarations excluded; valid until the next parse().
class XmlAttribute {
 public:
  XmlAttribute() = default;
  explicit operator bool() const { return index_ != 0; }
  bool operator==(const XmlAttribute&) const = default;

 private:
  friend class XmlDocument;
  explicit XmlAttribute(std::uint32_t index) : index_(index) {}
  std::uint32_t index_ = 0;  ///< 0: none.
};

class XmlDocument {
 public:
  XmlDocument();
  XmlDocument(const XmlDocument&) = delete;
  XmlDocument& operator=(const XmlDocument&) = delete;

  /// Parses a whole document. `bytes` must outlive the use of the document and is not changed; UTF-8 is read
  /// in place, other encodings are first converted. Errors, with line and column in the message and the span:
  /// `xml.malformed`, `xml.empty`, `xml.dtd`, `xml.entity`, `xml.depth`, `xml.too_many_attributes`,
  /// `xml.encoding`, `xml.character`, `xml.namespace`, `xml.too_large`, `text.encoding`, `text.nul_byte`.
  /// After an error there is no root.
  ///
  /// Checked beyond tags: one root and nothing beside it, unique attributes, `<` and bare `&` nowhere,
  /// character references to allowed characters only, `]]>` not in text, comments and instructions well
  /// formed, prefixes declared, no document type declaration, at most 256 namespace declarations in scope.
  /// Names are checked exactly in ASCII; any other character may occur.
  Status parse(std::string_view bytes, const XmlOptions& options);

  XmlNode root() const { return XmlNode(elements_.size() > 1 ? 1 : 0); }
  std::size_t element_count() const { return elements_.size() - 1; }
  bool has_namespaces() const { return uris_.size() > kReservedUris; }

  XmlNode first_child(XmlNode node) const { return XmlNode(at(node).first_child); }
  XmlNode next_sibling(XmlNode node) const { return XmlNode(at(node).next_sibling); }
  /// None for the root.
  XmlNode parent(XmlNode node) const { return XmlNode(at(node).parent); }
  /// Without the prefix.
  std::string_view local_name(XmlNode node) const { return local(at(node).name); }
  /// As written, with the prefix.
  std::string_view qualified_name(XmlNode node) const { return qualified(at(node).name); }
  /// The namespace, "" for none.
  std::string_view uri(XmlNode node) const { return uris_[at(node).name.uri]; }

  XmlAttribute first_attribute(XmlNode node) const;
  XmlAttribute next_attribute(XmlAttribute attribute) const;
  std::string_view local_name(XmlAttribute attribute) const { return local(at(attribute).name); }
  std::string_view qualified_name(XmlAttribute attribute) const { return qualified(at(attribute).name); }
  std::string_view uri(XmlAttribute attribute) const { return uris_[at(attribute).name.uri]; }
  XmlNode owner(XmlAttribute attribute) const { return XmlNode(at(attribute).owner); }
  /// Decoded, white space normalised as XML 1.0 section 3.3.3 has it for CDATA attributes.
  std::string_view value(XmlAttribute attribute);

  /// The text and CDATA directly within the element, concatenated and decoded, not trimmed. The text of child
  /// elements is not part of it; white space alone between child elements is none. A view of the input
  /// wherever nothing had to be decoded.
  std::string_view text(XmlNode node);
  /// Whether the element directly holds text other than white space.
  bool has_text(XmlNode node) const { return (at(node).flags & kNonBlank) != 0; }
  /// xsi:nil="true" or "1".
  bool is_nil(XmlNode node);

  /// The whole document as UTF-8.
  std::string_view document() const { return text_; }
  /// From the element's `<` to its end, as it stands in document().
  std::string_view raw(XmlNode node) const;
  /// Where the element's `<` stands. Costs a scan of what lies before: for messages.
  TextPlace place(XmlNode node) const;
  /// "Patient/Name" relative to `ancestor`, as written with prefixes; for messages.
  std::string path(XmlNode node, XmlNode ancestor) const;

 private:
  friend class XmlScanner;

  static constexpr std::uint8_t kNonBlank = 1;  ///< Text other than white space.
  static constexpr std::uint8_t kDecode = 2;    ///< The run has references or carriage returns.
  static constexpr std::uint8_t kPieces = 4;    ///< More than one run, or CDATA: text() walks the content.
  static constexpr std::uint8_t kNil = 8;       ///< Has an attribute xsi:nil.
  static constexpr std::uint32_t kReservedUris = 3;  ///< "", the xml: namespace, the xsi: namespace.

  struct Name {
    std::uint32_t offset = 0;
    std::uint32_t size = 0;
    std::uint32_t prefix = 0;  ///< Bytes of "prefix:", 0 for none.
    std::uint32_t uri = 0;
  };
  struct Element {
    Name name;
    std::uint32_t begin = 0;          ///< Of "<".
    std::uint32_t end = 0;            ///< After the last ">".
    std::uint32_t content_begin = 0;  ///< After the start tag.
    std::uint32_t content_end = 0;    ///< Of "</".
    std::uint32_t text_begin = 0;     ///< The first run of text.
    std::uint32_t text_end = 0;
    std::uint32_t parent = 0;
    std::uint32_t first_child = 0;
    std::uint32_t last_child = 0;
    std::uint32_t next_sibling = 0;
    std::uint32_t first_attribute = 0;
    std::uint32_t attribute_count = 0;
    std::uint8_t flags = 0;
  };
  struct Attribute {
    Name name;
    std::uint32_t value_begin = 0;
    std::uint32_t value_end = 0;
    std::uint32_t owner = 0;
    bool decode = false;
  };

  const Element& at(XmlNode node) const { return elements_[node.index_]; }
  const Attribute& at(XmlAttribute attribute) const { return attributes_[attribute.index_]; }
  std::string_view local(const Name& name) const {
    return text_.substr(name.offset + name.prefix, name.size - name.prefix);
  }
  std::string_view qualified(const Name& name) const { return text_.substr(name.offset, name.size); }
  Status decode_document(std::string_view bytes, Encoding wanted);
  Status check_characters() const;
  void start(std::size_t size);
  void forget();
  char* allocate(std::size_t size);
  enum class Whitespace : std::uint8_t { kText, kAttribute };
  std::string_view decode(std::string_view raw, Whitespace whitespace);
  std::string_view join_pieces(const Element& element);

  std::string_view text_;
  std::string converted_;
  std::vector<Element> elements_;      ///< [0] is no element.
  std::vector<Attribute> attributes_;  ///< [0] is no attribute.
  std::vector<std::string_view> uris_;
  struct Chunk {
    std::unique_ptr<char[]> data;
    std::size_t size = 0;
  };
  std::vector<Chunk> chunks_;  ///< Decoded values; kept between documents.
  std::size_t chunk_ = 0;
  std::size_t chunk_used_ = 0;
  struct Binding {
    std::string_view prefix;
    std::uint32_t uri = 0;
    std::uint32_t depth = 0;
  };
  std::vector<Binding> bindings_;  ///< Used while parsing.
};

}  // namespace tarn::format
