#include "format/xml_path.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "format/errors.h"
#include "format/xml/scanner.h"

namespace tarn::format {

namespace {
constexpr std::size_t kMaxPredicates = 8;  ///< Of one step.

bool is_name_end(char c) {
  return c == '/' || c == '[' || c == ']' || c == '=' || c == '@' || c == ' ' || c == '\'' || c == '"' ||
         c == '(' || c == ')' || c == '*' || c == '|';
}
}  // namespace

/// Reads the text of a path.
class XmlPathCompiler {
 public:
  XmlPathCompiler(std::string_view text, const XmlNamespaces& namespaces)
      : text_(text), namespaces_(namespaces) {}

  Result<XmlPath> compile() {
    XmlPath path;
    path.text_ = std::string(text_);
    if (text_.empty()) return bad("a path is empty");
    if (text_ == ".") return path;
    if (take('/')) path.absolute_ = true;
    while (true) {
      if (rest() == "text()" && !(path.absolute_ && path.steps_.empty())) return path;
      if (take_word("./") && at_ == 2) continue;
      TARN_RETURN_IF_ERROR(read_step(path));
      if (at_ == text_.size()) return path;
      if (path.steps_.back().kind == XmlPath::StepKind::kAttribute)
        return bad("an attribute must be the last step");
      if (!take('/')) return bad("`/` or the end is expected");
    }
  }

 private:
  std::string_view rest() const { return text_.substr(at_); }
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_word(std::string_view word) {
    if (!rest().starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  Error bad(std::string_view why) const {
    return Error(kXmlBadPath, fmt::format("{} in `{}` at character {}", why, text_, at_ + 1));
  }

  Status read_step(XmlPath& path) {
    XmlPath::Step step;
    if (take('@')) {
      step.kind = XmlPath::StepKind::kAttribute;
      TARN_RETURN_IF_ERROR(read_name(step.kind, step.name));
      if (path.absolute_ && path.steps_.empty()) return bad("an absolute path begins with an element");
      path.steps_.push_back(std::move(step));
      return ok_status();
    }
    TARN_RETURN_IF_ERROR(read_name(step.kind, step.name));
    while (take('[')) {
      if (step.predicates.size() == kMaxPredicates) return bad("a step has too many predicates");
      TARN_RETURN_IF_ERROR(read_predicate(step));
    }
    path.steps_.push_back(std::move(step));
    return ok_status();
  }

  Status read_name(XmlPath::StepKind kind, XmlPath::NameTest& test) {
    const std::size_t start = at_;
    while (at_ < text_.size() && !is_name_end(text_[at_])) ++at_;
    const std::string_view name = text_.substr(start, at_ - start);
    if (name.empty() || name[0] == '.' || (name[0] >= '0' && name[0] <= '9')) {
      at_ = start;
      return bad("a name is expected");
    }
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) {
      test.local = std::string(name);
      // With namespaces in use, XPath 1.0 has an unprefixed name mean no namespace.
      test.any_uri = namespaces_.empty();
      return ok_status();
    }
    const std::string_view prefix = name.substr(0, colon);
    test.local = std::string(name.substr(colon + 1));
    if (prefix.empty() || test.local.empty() || test.local.find(':') != std::string::npos) {
      at_ = start;
      return bad("a name is expected");
    }
    test.any_uri = false;
    for (const auto& [known, uri] : namespaces_) {
      if (known != prefix) continue;
      test.uri = uri;
      return ok_status();
    }
    if (prefix == "xml" || prefix == "xsi") {
      test.uri = std::string(prefix == "xml" ? kXmlUri : kXsiUri);
      return ok_status();
    }
    at_ = start;
    return std::move(bad(fmt::format("the prefix `{}` is not among the declared namespaces", prefix)))
        .with_hint(
            fmt::format("declare it with `namespaces: {{{}: \"…\"}}`, or leave the prefix out where no "
                        "namespaces are declared",
                        prefix))
        .with_context(fmt::format("compiling the {} path",
                                  kind == XmlPath::StepKind::kAttribute ? "attribute" : "element"));
  }

  // [3]  [@name='value']  [name="value"]
  Status read_predicate(XmlPath::Step& step) {
    XmlPath::Predicate predicate;
    if (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') {
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9' && predicate.position < 100'000'000)
        predicate.position = predicate.position * 10 + static_cast<std::uint32_t>(text_[at_++] - '0');
      if (predicate.position == 0) return bad("positions count from 1");
    } else {
      const bool attribute = take('@');
      predicate.kind = attribute ? XmlPath::PredicateKind::kAttribute : XmlPath::PredicateKind::kChild;
      TARN_RETURN_IF_ERROR(
          read_name(attribute ? XmlPath::StepKind::kAttribute : XmlPath::StepKind::kElement, predicate.name));
      if (!take('=')) return bad("`=` is expected");
      if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"'))
        return bad("a quoted value is expected");
      const std::size_t close = text_.find(text_[at_], at_ + 1);
      if (close == std::string_view::npos) return bad("a quote is not closed");
      predicate.value = std::string(text_.substr(at_ + 1, close - at_ - 1));
      at_ = close + 1;
    }
    if (!take(']')) return bad("`]` is expected");
    step.predicates.push_back(std::move(predicate));
    return ok_status();
  }

  std::string_view text_;
  const XmlNamespaces& namespaces_;
  std::size_t at_ = 0;
};

Result<XmlPath> XmlPath::compile(std::string_view text, const XmlNamespaces& namespaces) {
  return XmlPathCompiler(text, namespaces).compile();
}

bool XmlPath::has_predicates() const {
  return std::any_of(steps_.begin(), steps_.end(), [](const Step& step) { return !step.predicates.empty(); });
}

bool XmlPath::matches(const XmlDocument& document, XmlNode node, const NameTest& test) {
  return document.local_name(node) == test.local && (test.any_uri || document.uri(node) == test.uri);
}

bool XmlPath::matches(const XmlDocument& document, XmlAttribute attribute, const NameTest& test) {
  return document.local_name(attribute) == test.local &&
         (test.any_uri || document.uri(attribute) == test.uri);
}

XmlAttribute XmlPath::find_attribute(const XmlDocument& document, XmlNode node, const NameTest& test) {
  for (XmlAttribute a = document.first_attribute(node); a; a = document.next_attribute(a))
    if (matches(document, a, test)) return a;
  return {};
}

bool XmlPath::holds(XmlDocument& document, XmlNode node, const Predicate& predicate) {
  if (predicate.kind == PredicateKind::kAttribute) {
    const XmlAttribute attribute = find_attribute(document, node, predicate.name);
    return attribute && document.value(attribute) == predicate.value;
  }
  for (XmlNode child = document.first_child(node); child; child = document.next_sibling(child))
    if (matches(document, child, predicate.name) && document.text(child) == predicate.value) return true;
  return false;
}

// Each predicate filters what the ones before it left; `positions` counts, a predicate, what came to it so
// far.
bool XmlPath::passes(XmlDocument& document, XmlNode node, const Step& step, std::uint32_t* positions) const {
  for (std::size_t i = 0; i < step.predicates.size(); ++i) {
    const Predicate& predicate = step.predicates[i];
    if (predicate.kind == PredicateKind::kPosition) {
      if (++positions[i] != predicate.position) return false;
    } else if (!holds(document, node, predicate)) {
      return false;
    }
  }
  return true;
}

// Visits what the steps from `step` on select, where `first` is the first of the siblings that are candidates
// for it. False when the visitor has had enough.
template <typename Visit>
  requires std::is_invocable_r_v<bool, Visit&, XmlHit>
bool XmlPath::walk(XmlDocument& document, XmlNode first, std::size_t step_index, Visit& visit) const {
  const Step& step = steps_[step_index];
  std::array<std::uint32_t, kMaxPredicates> positions{};
  for (XmlNode node = first; node; node = document.next_sibling(node)) {
    if (!matches(document, node, step.name) || !passes(document, node, step, positions.data())) continue;
    if (step_index + 1 == steps_.size()) {
      if (!visit(XmlHit{node, {}})) return false;
    } else if (steps_[step_index + 1].kind == StepKind::kAttribute) {
      const XmlAttribute attribute = find_attribute(document, node, steps_[step_index + 1].name);
      if (attribute && !visit(XmlHit{node, attribute})) return false;
    } else if (!walk(document, document.first_child(node), step_index + 1, visit)) {
      return false;
    }
  }
  return true;
}

template <typename Visit>
  requires std::is_invocable_r_v<bool, Visit&, XmlHit>
void XmlPath::visit_hits(XmlDocument& document, XmlNode context, Visit visit) const {
  if (!absolute_ && !context) return;
  if (steps_.empty()) {
    visit(XmlHit{context, {}});
  } else if (steps_[0].kind == StepKind::kAttribute) {
    const XmlAttribute attribute = find_attribute(document, context, steps_[0].name);
    if (attribute) visit(XmlHit{context, attribute});
  } else {
    walk(document, absolute_ ? document.root() : document.first_child(context), 0, visit);
  }
}

void XmlPath::select(XmlDocument& document, XmlNode context, std::vector<XmlNode>& out) const {
  visit_hits(document, context, [&](XmlHit hit) {
    out.push_back(hit.element);
    return true;
  });
}

XmlHit XmlPath::find(XmlDocument& document, XmlNode context, std::uint32_t* count) const {
  XmlHit first;
  std::uint32_t found = 0;
  visit_hits(document, context, [&](XmlHit hit) {
    if (found++ == 0) first = hit;
    return count != nullptr;
  });
  if (count != nullptr) *count = found;
  return first;
}

}  // namespace tarn::format
