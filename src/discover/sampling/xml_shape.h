#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "discover/column_profile.h"
#include "format/xml.h"

namespace tarn::discover {

/// What elements of one name at one place of the samples look like. Elements of the same name in different
/// namespaces are different places.
struct ShapeNode {
  std::string local;
  std::string prefix;  ///< As first written.
  std::string uri;
  std::uint64_t seen = 0;
  std::uint64_t max_in_parent = 0;
  bool has_text = false;
  std::uint64_t mixed = 0;  ///< Times it held text beside child elements.
  ColumnProfile text;       ///< Of every element, where values are kept.
  struct Attribute {
    std::string local;
    std::string prefix;
    std::string uri;
    std::uint64_t seen = 0;
    ColumnProfile text;
  };
  std::vector<Attribute> attributes;                 ///< In the order first seen.
  std::vector<std::unique_ptr<ShapeNode>> children;  ///< In the order first seen.

  bool is_leaf() const { return children.empty() && attributes.empty(); }
};

/// Whether add_shape() keeps the values too.
enum class KeepValues : std::uint8_t { kNo, kYes };

/// At most this many places are told apart; the rest is counted in ShapeLimits::left_out.
struct ShapeLimits {
  std::size_t places = 4000;
  std::uint64_t left_out = 0;
};

/// Adds an element and all below it to the shape of its place.
void add_shape(format::XmlDocument& document, format::XmlNode node, KeepValues keep, ShapeNode& shape,
               ShapeLimits& limits);

/// Where the records are: steps from the root, empty when the root itself is the record.
struct RecordPlace {
  std::vector<const ShapeNode*> steps;  ///< The root first; the last is the record.
  std::string reason;                   ///< For a comment.
};
RecordPlace find_record(const ShapeNode& root);

}  // namespace tarn::discover
