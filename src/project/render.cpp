#include "project/render.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "base/hash.h"
#include "project/keys/key_table.h"

namespace tarn::project {
namespace {

constexpr std::size_t kWidth = 100;

/// Whether a text may stand without quotes, also for readers that take `no`, `1.0` or `null` for something
/// else.
bool is_plain(const std::string& text, bool in_flow) {
  static const RE2 kSafe(
      "[A-Za-z0-9_/@.<(][^\\x00-\\x1f\\x7f\"'`#:{}\\[\\]&*!|>%\\\\]*|[A-Za-z_][A-Za-z0-9_.<>(),/@ -]*");
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.front() == '@' || text.front() == '-')
    return false;
  if (in_flow && text.find(',') != std::string::npos) return false;
  return RE2::FullMatch(text, kSafe);
}

bool looks_like_another_type(const std::string& text) {
  static const RE2 kOther(
      "(?i)true|false|yes|no|on|off|y|n|null|~|[-+]?[0-9_.,:]+(e[-+]?[0-9]+)?|0x[0-9a-f]+|"
      "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}.*|\\.inf|\\.nan");
  return RE2::FullMatch(text, kOther);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\\') {
      out += fmt::format("\\{}", c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string scalar_yaml(const Node& node, bool in_flow) {
  static const RE2 kVariable("\\$\\{([A-Za-z_])");
  std::string text = node.text;
  // What stands for an environment variable would be replaced when it is read back.
  RE2::GlobalReplace(&text, kVariable, "$${\\1");
  if (node.quoted || !is_plain(text, in_flow)) return quoted(text);
  return text;
}

class Writer {
 public:
  explicit Writer(const Comments& comments) : comments_(comments) {}

  std::string document(const BlockInfo& block, const Node& root) {
    remark("", 0);
    map(block, root, 0, "", true);
    return std::move(text_);
  }

 private:
  void line(std::size_t indent, std::string_view text) {
    text_.append(indent, ' ');
    text_ += text;
    text_ += '\n';
  }

  /// Writes the remark on a place above it.
  void remark(const std::string& place, std::size_t indent) {
    const auto found = comments_.find(place);
    if (found == comments_.end()) return;
    std::string_view rest = found->second;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      const std::string_view part = rest.substr(0, end);
      line(indent, part.empty() ? "#" : "# " + clean(part));
      if (end == std::string_view::npos) return;
      rest.remove_prefix(end + 1);
    }
  }

  /// A remark may hold what a sample held: nothing that ends the line.
  static std::string clean(std::string_view part) {
    std::string out(part);
    std::ranges::replace_if(
        out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
  }

  void map(const BlockInfo& block, const Node& node, std::size_t indent, const std::string& place, bool top) {
    bool after_block = false;
    for (const Node::Entry& entry : node.entries) {
      const KeyInfo* key = block.find(entry.key.text);
      const std::string here = place.empty() ? entry.key.text : place + "." + entry.key.text;
      const bool is_block = key != nullptr && key->kind == ValueKind::kBlock && !is_small(*key, entry.value);
      if (top && (is_block || after_block) && !text_.empty()) text_ += '\n';
      after_block = is_block;
      if (is_block) {
        remark(here, indent);
        line(indent, entry.key.text + ":");
        nested(*key, entry.value, indent + 2, here);
      } else {
        value(entry, indent, here);
      }
    }
  }

  /// `range` and `length` stand on one line.
  static bool is_small(const KeyInfo& key, const Node& node) {
    return !key.list && node.kind == NodeKind::kMap && (key.name == "range" || key.name == "length");
  }

  void nested(const KeyInfo& key, const Node& node, std::size_t indent, const std::string& place) {
    if (!key.list) return map(key.block(), node, indent, place, false);
    for (const Node& item : node.items) {
      const std::string name = item.entries.empty() ? "" : item.entries.front().value.text;
      const std::string here = fmt::format("{}.{}", place, name);
      remark(here, indent);
      // A remark above the item's first key would part the dash from it: it stands behind the key instead.
      if (!item.entries.empty()) first_keys_.push_back(here + "." + item.entries.front().key.text);
      const std::size_t start = text_.size();
      map(key.block(), item, indent + 2, here, false);
      if (text_.size() > start) text_.replace(start + indent, 2, "- ");
    }
  }

  void value(const Node::Entry& entry, std::size_t indent, const std::string& place) {
    const std::string flow = fmt::format("{}: {}", entry.key.text, flow_yaml(entry.value));
    const auto found = comments_.find(place);
    const bool is_first = !first_keys_.empty() && first_keys_.back() == place;
    const bool one_line = found != comments_.end() && found->second.find('\n') == std::string::npos;
    const bool behind = found != comments_.end() &&
                        (is_first || (one_line && indent + flow.size() + found->second.size() + 4 <= kWidth));
    if (found != comments_.end() && !behind) remark(place, indent);
    const std::string tail = behind ? "  # " + clean(found->second) : "";
    if (indent + flow.size() <= kWidth || entry.value.kind != NodeKind::kSequence)
      return line(indent, flow + tail);
    line(indent, entry.key.text + ":" + tail);
    for (const Node& item : entry.value.items) line(indent + 2, "- " + flow_yaml(item));
  }

  const Comments& comments_;
  std::string text_;
  std::vector<std::string> first_keys_;
};

/// Texts that other readers would take for numbers or dates get quotes; settings that are numbers do not.
void quote_texts(const BlockInfo& block, Node& node) {
  for (Node::Entry& entry : node.entries) {
    const KeyInfo* key = block.find(entry.key.text);
    if (key == nullptr) continue;
    if (key->kind == ValueKind::kBlock) {
      if (key->name == "range") continue;  // bounds look best as the numbers they mostly are
      for (Node& item : entry.value.items) quote_texts(key->block(), item);
      quote_texts(key->block(), entry.value);
    } else if (key->kind == ValueKind::kText) {
      if (looks_like_another_type(entry.value.text)) entry.value.quoted = true;
      for (Node& item : entry.value.items) item.quoted = item.quoted || looks_like_another_type(item.text);
    }
  }
}

/// The tree with keys in one order, as text that no two trees share.
void canonical(const Node& node, std::string& out) {
  if (node.kind == NodeKind::kScalar) {
    out += fmt::format("s{}:{}", node.text.size(), node.text);
    return;
  }
  if (node.kind == NodeKind::kSequence) {
    out += fmt::format("l{}:", node.items.size());
    for (const Node& item : node.items) canonical(item, out);
    return;
  }
  std::vector<const Node::Entry*> entries;
  for (const Node::Entry& entry : node.entries) entries.push_back(&entry);
  std::ranges::sort(entries, {}, [](const Node::Entry* entry) { return entry->key.text; });
  out += fmt::format("m{}:", entries.size());
  for (const Node::Entry* entry : entries) {
    canonical(entry->key, out);
    canonical(entry->value, out);
  }
}

}  // namespace

std::string flow_yaml(const Node& node) {
  if (node.kind == NodeKind::kNull) return "null";
  if (node.kind == NodeKind::kScalar) return scalar_yaml(node, false);
  std::string out;
  for (const Node& item : node.items) {
    out += fmt::format("{}{}", out.empty() ? "" : ", ",
                       item.kind == NodeKind::kScalar ? scalar_yaml(item, true) : flow_yaml(item));
  }
  for (const Node::Entry& entry : node.entries) {
    out += fmt::format(
        "{}{}: {}", out.empty() ? "" : ", ", scalar_yaml(entry.key, true),
        entry.value.kind == NodeKind::kScalar ? scalar_yaml(entry.value, true) : flow_yaml(entry.value));
  }
  return node.kind == NodeKind::kSequence ? "[" + out + "]" : "{" + out + "}";
}

std::string render_feed_yaml(const FeedSpec& feed, const Comments& comments) {
  Node root = feed_block().write(feed, true);
  quote_texts(feed_block().info(), root);
  return Writer(comments).document(feed_block().info(), root);
}

std::string render_project_yaml(const ProjectSpec& project, const Comments& comments) {
  Node root = project_block().write(project, true);
  quote_texts(project_block().info(), root);
  return Writer(comments).document(project_block().info(), root);
}

std::string contract_fingerprint(const FeedSpec& feed) {
  std::string text;
  canonical(feed_block().write(feed, false), text);
  const Hash128 hash = xxh3_128(text);
  return fmt::format("{:016x}{:016x}", hash.high, hash.low);
}

}  // namespace tarn::project
