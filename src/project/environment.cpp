#include <fmt/format.h>

#include <utility>

#include "project/errors.h"
#include "project/yaml_tree.h"

namespace tarn::project {
namespace {

constexpr std::size_t kMaxValueBytes = 64u << 10;

bool is_name_start(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

class Substitution {
 public:
  Substitution(const Document& document, const EnvironmentLookup& environment, Diagnostics& out)
      : document_(document), environment_(environment), out_(out) {}

  void apply(Node& node) {
    for (Node& item : node.items) apply(item);
    for (Node::Entry& entry : node.entries) apply(entry.value);
    if (node.kind == NodeKind::kScalar && node.text.find("${") != std::string::npos) replace(node);
  }

 private:
  void replace(Node& node) {
    std::string result;
    const std::string& text = node.text;
    for (std::size_t i = 0; i < text.size();) {
      if (text.compare(i, 3, "$${") == 0) {
        result += "${";
        i += 3;
      } else if (text.compare(i, 2, "${") == 0 && i + 2 < text.size() && is_name_start(text[i + 2])) {
        std::size_t end = i + 2;
        while (end < text.size() && (is_name_start(text[end]) || (text[end] >= '0' && text[end] <= '9')))
          ++end;
        result += value_of(node, text.substr(i + 2, end - i - 2), end < text.size() && text[end] == '}');
        i = end + 1;
      } else {
        result += text[i++];
      }
    }
    if (!node.poisoned) node.text = std::move(result);
  }

  std::string value_of(Node& node, const std::string& name, bool closed) {
    const std::optional<std::string> value =
        closed && environment_ ? environment_(name) : std::optional<std::string>();
    if (value && value->size() <= kMaxValueBytes) return *value;
    node.poisoned = true;
    std::string message = !closed ? fmt::format("`${{{}` is not closed", name)
                          : value ? fmt::format("the environment variable {} is too long", name)
                                  : fmt::format("the environment variable {} is not set", name);
    std::string hint = closed ? fmt::format("set {} for the process that runs tarn", name)
                              : fmt::format("write `${{{}}}`, or `$${{` for the text itself", name);
    out_.error(Error(kUnknownVariable, std::move(message))
                   .with_span(document_.span(node))
                   .with_hint(std::move(hint)));
    return "";
  }

  const Document& document_;
  const EnvironmentLookup& environment_;
  Diagnostics& out_;
};

}  // namespace

void substitute_environment(Document& document, const EnvironmentLookup& environment, Diagnostics& out) {
  Node root = std::move(document.root);
  Substitution(document, environment, out).apply(root);
  document.root = std::move(root);
}

}  // namespace tarn::project
