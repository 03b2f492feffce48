#include "project/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <tuple>
#include <utility>

#include "project/errors.h"
#include "project/source_text.h"

namespace tarn::project {
namespace {

constexpr std::size_t kMaxTextBytes = 4u << 20;
constexpr std::size_t kMaxNodes = 200'000;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxShownLine = 400;

/// Leaves the parser from within its callbacks; caught in parse_yaml().
struct Refused {
  const ErrorCode* code;
  std::string message;
  YAML::Mark mark;
  std::string hint;
};

/// Characters that a scalar covers on its first line.
std::uint32_t scalar_length(std::string_view rest, std::string_view value) {
  if (rest.empty()) return 1;
  const char first = rest.front();
  if (first == '"' || first == '\'') {
    for (std::size_t i = 1; i < rest.size(); ++i) {
      if (first == '"' && rest[i] == '\\') {
        ++i;
      } else if (rest[i] == first) {
        if (first == '\'' && i + 1 < rest.size() && rest[i + 1] == '\'') {
          ++i;
        } else {
          return count_characters(rest.substr(0, i + 1));
        }
      }
    }
    return count_characters(rest);
  }
  return !value.empty() && rest.starts_with(value) ? count_characters(value) : 1;
}

/// Builds the tree, keeping its size in bounds while yaml-cpp is still reading.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(Document& document, Diagnostics& out) : document_(document), out_(out) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Refused{&kYamlSyntax, "the file holds a second document", mark,
                    "one document a file: remove `---`"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = at(mark, "");
    const std::string_view rest = rest_of_line(mark);
    for (const std::string_view spelling : {"~", "null", "Null", "NULL"}) {
      if (rest.starts_with(spelling)) {
        node.text = spelling;
        node.length = static_cast<std::uint32_t>(spelling.size());
      }
    }
    finish(std::move(node), mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{&kYamlSyntax, "an alias stands inside what it names", mark, "write the value out"};
    }
    add_weight(found->second.second, mark);
    place(Node(found->second.first), found->second.second, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_tag(tag, mark);
    Node node = at(mark, value);
    node.kind = NodeKind::kScalar;
    node.text = value;
    node.quoted = tag == "!";
    if (node.quoted && !is_closed(mark)) {
      throw Refused{&kYamlSyntax, "the quote that opens here is never closed", mark,
                    "close it where the text ends"};
    }
    finish(std::move(node), mark, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(NodeKind::kSequence, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(NodeKind::kMap, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Node node;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::size_t weight = 1;  // nodes in it, for aliases
    bool has_key = false;
    Node key;
    std::map<std::string, std::uint32_t> lines_of_keys;
  };

  std::string_view rest_of_line(const YAML::Mark& mark) const {
    if (mark.line < 0 || static_cast<std::size_t>(mark.line) >= document_.lines.size()) return {};
    const std::string_view line = document_.lines[static_cast<std::size_t>(mark.line)];
    return line.substr(std::min(line.size(), static_cast<std::size_t>(std::max(mark.column, 0))));
  }

  Node at(const YAML::Mark& mark, std::string_view value) const {
    const SourceSpan span = place_of(document_, mark);
    Node node;
    node.line = span.line;
    node.column = span.column;
    node.length = scalar_length(rest_of_line(mark), value);
    return node;
  }

  /// Whether a quoted scalar has its end: yaml-cpp takes the end of the file for one.
  bool is_closed(const YAML::Mark& mark) const {
    std::string_view rest = rest_of_line(mark);
    const char quote = rest.empty() ? ' ' : rest.front();
    if (quote != '"' && quote != '\'') return true;  // an anchor or a tag stands before it
    for (std::size_t line = static_cast<std::size_t>(mark.line), at = 1;; at = 0) {
      for (; at < rest.size(); ++at) {
        if (quote == '"' && rest[at] == '\\') {
          ++at;
        } else if (rest[at] == quote) {
          if (quote == '"' || at + 1 >= rest.size() || rest[at + 1] != quote) return true;
          ++at;
        }
      }
      if (++line >= document_.lines.size()) return false;
      rest = document_.lines[line];
    }
  }

  static void check_tag(const std::string& tag, const YAML::Mark& mark) {
    if (tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:")) return;
    throw Refused{&kYamlSyntax, fmt::format("the tag `{}` means nothing here", tag), mark,
                  "quote the value if it begins with `!`"};
  }

  void add_weight(std::size_t nodes, const YAML::Mark& mark) {
    total_ += nodes;
    if (total_ > kMaxNodes) {
      throw Refused{&kTooLarge,
                    fmt::format("the file holds more than {} values, aliases expanded", kMaxNodes), mark,
                    "split the contract; write out anchors and aliases"};
    }
  }

  void open(NodeKind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    check_tag(tag, mark);
    if (stack_.size() >= kMaxDepth) {
      throw Refused{&kTooLarge, fmt::format("the file nests deeper than {} levels", kMaxDepth), mark, ""};
    }
    add_weight(1, mark);
    Open& frame = stack_.emplace_back();
    frame.node = at(mark, "");
    frame.node.length = 1;
    frame.node.kind = kind;
    frame.mark = mark;
    frame.anchor = anchor;
  }

  void close() {
    Open frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.anchor != 0) remember(frame.anchor, frame.node, frame.weight, frame.mark);
    place(std::move(frame.node), frame.weight, frame.mark);
  }

  void finish(Node node, const YAML::Mark& mark, YAML::anchor_t anchor) {
    // A long scalar weighs as many nodes as it would fill, so that aliases of it count fully.
    const std::size_t weight = 1 + node.text.size() / 64;
    add_weight(weight, mark);
    if (anchor != 0) remember(anchor, node, weight, mark);
    place(std::move(node), weight, mark);
  }

  void remember(YAML::anchor_t anchor, const Node& node, std::size_t weight, const YAML::Mark& mark) {
    add_weight(weight, mark);
    anchors_.insert_or_assign(anchor, std::pair(node, weight));
  }

  void place(Node node, std::size_t weight, const YAML::Mark& mark) {
    if (stack_.empty()) {
      document_.root = std::move(node);
      return;
    }
    Open& frame = stack_.back();
    frame.weight += weight;
    if (frame.node.kind == NodeKind::kSequence) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      if (node.kind == NodeKind::kSequence || node.kind == NodeKind::kMap) {
        throw Refused{&kYamlSyntax, "a key must be a word", mark,
                      "quote the text if it begins with `[` or `{`"};
      }
      frame.key = std::move(node);
      frame.has_key = true;
    } else {
      add_entry(frame, std::move(node));
    }
  }

  void add_entry(Open& frame, Node value) {
    frame.has_key = false;
    if (value.kind == NodeKind::kNull && value.text.empty()) {
      // A value that is not there has no place but its key's.
      value.line = frame.key.line;
      value.column = frame.key.column;
      value.length = frame.key.length;
    }
    const auto [first, is_new] = frame.lines_of_keys.emplace(frame.key.text, frame.key.line);
    if (is_new) {
      frame.node.entries.push_back({std::move(frame.key), std::move(value)});
      return;
    }
    out_.error(Error(kDuplicateKey, fmt::format("`{}` stands twice in this block", frame.key.text))
                   .with_span(document_.span(frame.key))
                   .with_hint(fmt::format("it stands at line {} already: remove one", first->second)));
  }

 public:
  static SourceSpan place_of(const Document& document, const YAML::Mark& mark) {
    const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
    const auto column = static_cast<std::size_t>(std::max(mark.column, 0));
    const std::string_view text = line < document.lines.size() ? document.lines[line] : std::string_view();
    return document.span_at(static_cast<std::uint32_t>(line + 1),
                            count_characters(text.substr(0, std::min(column, text.size()))) + 1);
  }
  int documents() const { return documents_; }

 private:
  Document& document_;
  Diagnostics& out_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, std::pair<Node, std::size_t>> anchors_;
  std::size_t total_ = 0;
  int documents_ = 0;
};

std::string syntax_hint(const std::string& line, const std::string& message) {
  const std::size_t text = line.find_first_not_of(" \t");
  const std::size_t tab = line.find('\t');
  if (tab != std::string::npos && (text == std::string::npos || tab < text)) {
    return "YAML is indented with spaces: replace the tab";
  }
  const std::size_t value = line.find_first_of("*%@`&!", 0);
  if (value != std::string::npos && line.find_first_of("\"'") == std::string::npos) {
    return fmt::format("a value with `{}` must stand in quotes", line[value]);
  }
  const std::size_t colon = line.find(": ");
  if (message == "illegal map value" && colon != std::string::npos &&
      line.find(": ", colon + 2) != std::string::npos) {
    return "a text that holds `: ` must stand in quotes";
  }
  if (message.find("map") != std::string::npos) {
    return "look for a missing `: `, a wrong indentation here or on the line before, or a text that needs "
           "quotes";
  }
  if (message.find("sequence") != std::string::npos) return "look for a missing `]` or a wrong indentation";
  return "look for a missing quote, bracket or `: ` here or just before";
}

bool check_text(const ProjectFile& file, Document& document, Diagnostics& out) {
  const std::string_view text = file.text;
  if (text.size() > kMaxTextBytes) {
    out.error(Error(kTooLarge, "the file is larger than 4 MiB")
                  .with_span({file.path, 0, 0, 1, ""})
                  .with_hint("split the contract"));
    return false;
  }
  std::uint32_t line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0) {
      out.error(Error(kNotUtf8, fmt::format("byte 0x{:02x} of line {} is not UTF-8 text",
                                            static_cast<unsigned char>(text[i]), line))
                    .with_span({file.path, line, 1, 1, ""})
                    .with_hint("save the file as UTF-8"));
      return false;
    }
    if (text[i] == '\n') ++line;
    i += length;
  }
  document.lines = split_lines(text);
  return true;
}

}  // namespace

bool Node::has(std::string_view key) const {
  return std::ranges::any_of(entries, [&](const Entry& entry) { return entry.key.text == key; });
}

Node Node::scalar(std::string text) {
  Node node;
  node.kind = NodeKind::kScalar;
  node.text = std::move(text);
  return node;
}
Node Node::quoted_scalar(std::string text) {
  Node node = scalar(std::move(text));
  node.quoted = true;
  return node;
}
Node Node::sequence(std::vector<Node> items) {
  Node node;
  node.kind = NodeKind::kSequence;
  node.items = std::move(items);
  return node;
}
Node Node::map(std::vector<Entry> entries) {
  Node node;
  node.kind = NodeKind::kMap;
  node.entries = std::move(entries);
  return node;
}

bool Node::operator==(const Node& other) const {
  const auto same_entry = [](const Entry& a, const Entry& b) { return a.key == b.key && a.value == b.value; };
  return kind == other.kind && text == other.text && items == other.items &&
         std::ranges::equal(entries, other.entries, same_entry);
}

SourceSpan Document::span_at(std::uint32_t line, std::uint32_t column) const {
  const bool shown = line >= 1 && line <= lines.size() && lines[line - 1].size() <= kMaxShownLine;
  return {path, line, column, 1, shown ? lines[line - 1] : std::string()};
}

SourceSpan Document::span(const Node& node) const {
  SourceSpan span = span_at(node.line, node.column);
  span.length = node.length;
  return span;
}

bool parse_yaml(const ProjectFile& file, Document& document, Diagnostics& out) {
  document.path = file.path;
  ProjectFile without_mark = file;
  if (without_mark.text.starts_with("\xEF\xBB\xBF")) without_mark.text.erase(0, 3);
  if (!check_text(without_mark, document, out)) return false;
  TreeBuilder builder(document, out);
  const auto refuse = [&](const ErrorCode& code, const std::string& message, const YAML::Mark& mark,
                          std::string hint) {
    out.error(
        Error(code, message).with_span(TreeBuilder::place_of(document, mark)).with_hint(std::move(hint)));
    return false;
  };
  try {
    std::istringstream in(without_mark.text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return refuse(*refused.code, refused.message, refused.mark, refused.hint);
  } catch (const YAML::Exception& e) {
    const std::size_t line = static_cast<std::size_t>(std::max(e.mark.line, 0));
    const std::string text = line < document.lines.size() ? document.lines[line] : "";
    return refuse(kYamlSyntax, fmt::format("this is not YAML: {}", e.msg), e.mark, syntax_hint(text, e.msg));
  } catch (const std::exception& e) {
    return refuse(kYamlSyntax, fmt::format("this is not YAML: {}", e.what()), YAML::Mark(), "");
  }
  if (builder.documents() == 0 || document.root.kind == NodeKind::kNull) {
    out.error(Error(kEmptyDocument, "the file holds nothing")
                  .with_span({file.path, 0, 0, 1, ""})
                  .with_hint("write the contract, or delete the file"));
    return false;
  }
  return true;
}

}  // namespace tarn::project
