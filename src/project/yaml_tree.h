#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/error.h"
#include "project/load.h"

/// YAML as a bounded tree that remembers places. The only place that yaml-cpp is called from. Internal.
namespace tarn::project {

enum class NodeKind : std::uint8_t { kNull, kScalar, kSequence, kMap };

/// A node that was read, or that is to be written. Scalars keep the text as it was written: nothing is taken
/// for a number, a boolean or a date here, so `[NO, 1.10, NULL]` stays these three words.
struct Node {
  struct Entry;

  NodeKind kind = NodeKind::kNull;
  std::string text;       ///< Of a scalar; of a null its spelling, empty when there is none.
  bool quoted = false;    ///< It was, or is to be, written in quotes.
  bool poisoned = false;  ///< An error about it has been told already.
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t length = 1;
  std::vector<Node> items;
  std::vector<Entry> entries;

  /// Whether a map has that key.
  bool has(std::string_view key) const;

  static Node scalar(std::string text);
  static Node quoted_scalar(std::string text);
  static Node sequence(std::vector<Node> items);
  static Node map(std::vector<Entry> entries);

  /// Same shape and texts, wherever they stand.
  bool operator==(const Node& other) const;
};

struct Node::Entry {
  Node key;
  Node value;
};

/// What is wrong, in the order found.
class Diagnostics {
 public:
  void error(Error error);
  void warning(Error warning) { warnings_.push_back(std::move(warning)); }
  std::size_t error_count() const { return errors_.size(); }
  /// Whether an error was told about what stands at that place, so that what only follows from it need not
  /// be.
  bool told(const SourceSpan& span) const;
  /// Sorted by file and line, at most one error for each place and code.
  std::vector<Error> take_errors();
  std::vector<Error> take_warnings();

 private:
  using Place = std::tuple<std::string, std::uint32_t, std::uint32_t>;  // file, line, column
  std::vector<Error> errors_;
  std::vector<Error> warnings_;
  std::set<Place> places_;
};

/// A file as a tree.
struct Document {
  std::string path;
  std::vector<std::string> lines;
  Node root;

  SourceSpan span(const Node& node) const;
  /// A place of one character; `line` and `column` count from 1.
  SourceSpan span_at(std::uint32_t line, std::uint32_t column) const;
};

/// Reads one YAML document; false when there is nothing to go on with. Says what is wrong: bytes that are not
/// UTF-8, syntax, duplicate keys, several documents, and anything beyond 4 MiB, 32 levels or 200,000 nodes
/// (aliases expanded).
bool parse_yaml(const ProjectFile& file, Document& document, Diagnostics& out);

/// Replaces `${NAME}` in every value; `$${` stands for `${`. A name that is not set is an error.
void substitute_environment(Document& document, const EnvironmentLookup& environment, Diagnostics& out);

/// A node on one line, as YAML; quotes where they are needed.
std::string flow_yaml(const Node& node);

}  // namespace tarn::project
