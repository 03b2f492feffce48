#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/result.h"
#include "format/xml.h"

/// Compiled paths into XML documents, a small part of XPath 1.0.
///
///   `Patient/@id`  `Visit/AdmitTime`  `Note/text()`  `.`  `@id`  `/Messages/Message`  `adt:Visit/adt:Time`
///   `Id[2]`  `Id[@type='mrn']/Value`  `Contact[Kind='home']/Phone`
///
/// XmlPath answers one path; XmlPathSet takes all values of a record in one walk and says what no path
/// covers. Both are immutable after they are built and may be shared by threads; each thread has its own
/// document.
namespace tarn::format {

/// prefix -> URI, as the contract's `namespaces`.
using XmlNamespaces = std::vector<std::pair<std::string, std::string>>;

/// What a path found: an element, or an attribute of it.
struct XmlHit {
  XmlNode element;
  XmlAttribute attribute;  ///< None: the element itself.
  explicit operator bool() const { return static_cast<bool>(element); }
};

class XmlPath {
 public:
  /// Compiles a path. Without `namespaces` a step matches by local name in any namespace; with them a
  /// prefixed step matches its namespace and an unprefixed one no namespace. `namespaces` are copied. Error:
  /// `xml.bad_path`, with the place in the hint.
  static Result<XmlPath> compile(std::string_view text, const XmlNamespaces& namespaces = {});

  const std::string& text() const { return text_; }
  bool is_absolute() const { return absolute_; }
  /// Ends in `@name`.
  bool is_attribute() const { return !steps_.empty() && steps_.back().kind == StepKind::kAttribute; }
  bool has_predicates() const;

  /// All elements the path selects, in document order, appended to `out`. `context` is ignored by absolute
  /// paths. A path that ends in an attribute selects the elements that have it.
  void select(XmlDocument& document, XmlNode context, std::vector<XmlNode>& out) const;
  /// The first hit in document order, or none; `count`, where given, receives how many there are.
  XmlHit find(XmlDocument& document, XmlNode context, std::uint32_t* count = nullptr) const;

 private:
  friend class XmlPathSet;
  friend class XmlPathCompiler;

  enum class StepKind : std::uint8_t { kElement, kAttribute };
  enum class PredicateKind : std::uint8_t { kPosition, kAttribute, kChild };
  struct NameTest {
    std::string local;
    std::string uri;
    bool any_uri = true;
    bool operator==(const NameTest&) const = default;
  };
  struct Predicate {
    PredicateKind kind = PredicateKind::kPosition;
    std::uint32_t position = 0;
    NameTest name;
    std::string value;
  };
  struct Step {
    StepKind kind = StepKind::kElement;
    NameTest name;
    std::vector<Predicate> predicates;
  };
  template <typename Visit>
    requires std::is_invocable_r_v<bool, Visit&, XmlHit>
  bool walk(XmlDocument& document, XmlNode first, std::size_t step, Visit& visit) const;
  template <typename Visit>
    requires std::is_invocable_r_v<bool, Visit&, XmlHit>
  void visit_hits(XmlDocument& document, XmlNode context, Visit visit) const;
  bool passes(XmlDocument& document, XmlNode node, const Step& step, std::uint32_t* positions) const;
  static bool matches(const XmlDocument& document, XmlNode node, const NameTest& test);
  static bool matches(const XmlDocument& document, XmlAttribute attribute, const NameTest& test);
  static bool holds(XmlDocument& document, XmlNode node, const Predicate& predicate);
  static XmlAttribute find_attribute(const XmlDocument& document, XmlNode node, const NameTest& test);

  std::string text_;
  std::vector<Step> steps_;
  bool absolute_ = false;
};

/// A value that a record holds for one path of a set.
struct XmlValue {
  std::string_view text;    ///< Decoded, not trimmed; "" for an empty element.
  XmlHit hit;               ///< Where it stands.
  std::uint32_t count = 0;  ///< Hits in the record: 0 absent, > 1 ambiguous (`text` is the first's).
  bool nil = false;         ///< xsi:nil="true".
  bool present() const { return count > 0; }
};

/// What XmlPathSet::extract() takes from a record. Reuse the object.
struct XmlExtraction {
  std::vector<XmlValue> values;             ///< One a path, in the order of add(); kValue paths.
  std::vector<std::vector<XmlNode>> nodes;  ///< One a path, in the order of add(); kNodes paths.
  std::vector<XmlHit> unknown;              ///< Elements and attributes no path covers, in document order.
};

/// All paths of a feed relative to one record (or to one repeated element), merged into one tree.
class XmlPathSet {
 public:
  enum class Use : std::uint8_t {
    kValue,  ///< The text of an element or attribute.
    kNodes,  ///< Repeated elements; what is within them is judged by a set of their own.
  };
  XmlPathSet();
  /// Adds a relative path; returns its position. Error: `xml.bad_path` (absolute; an attribute as kNodes).
  Result<std::size_t> add(XmlPath path, Use use);
  std::size_t size() const { return paths_.size(); }

  /// Walks `record` once. Covered are the elements and attributes that a path names (predicates aside, and
  /// what predicates name), and the elements on the way to them. An unknown element is reported without what
  /// is within it. Text in an element whose text no path takes is reported as that element. Namespace
  /// declarations, `xml:` and `xsi:` attributes are no data and always covered. At most kMaxUnknown are
  /// reported.
  void extract(XmlDocument& document, XmlNode record, XmlExtraction& out) const;
  static constexpr std::size_t kMaxUnknown = 256;

 private:
  struct TreeNode {
    XmlPath::NameTest name;
    std::vector<std::uint32_t> children;    ///< Element steps.
    std::vector<std::uint32_t> attributes;  ///< Attribute steps.
    std::vector<std::uint32_t> values;      ///< Paths whose value is this element or attribute.
    std::vector<std::uint32_t> nodes;       ///< Paths that select this element.
    bool covers_text = false;
    bool covers_all = false;  ///< Some path selects it as kNodes.
  };
  std::uint32_t child_of(std::uint32_t parent, const XmlPath::NameTest& name, bool attribute);
  void walk(XmlDocument& document, XmlNode node, std::uint32_t tree_node, XmlExtraction& out) const;
  void take_attributes(XmlDocument& document, XmlNode node, const TreeNode& tree, XmlExtraction& out) const;

  std::vector<XmlPath> paths_;
  std::vector<Use> uses_;
  std::vector<std::uint32_t> apart_;  ///< Paths with predicates: evaluated one by one.
  std::vector<TreeNode> tree_;        ///< [0] is the record.
};

/// "Patient/@id": where a hit stands relative to `record`, as written; "." for the record itself.
std::string path_of(const XmlDocument& document, const XmlHit& hit, XmlNode record);

/// A leaf below an unknown element: its path relative to the record by local names, the same with namespaces
/// ("{urn:x}Name/@id"), which no other leaf path has, and its text.
struct XmlLeaf {
  std::string path;
  std::string source;
  std::string_view text;
};
/// Appends every attribute and every element with text or without children at or below `hit`.
void append_leaves(XmlDocument& document, const XmlHit& hit, XmlNode record, std::vector<XmlLeaf>& out);

}  // namespace tarn::format
