#include "discover/xml_columns.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

#include "discover/column_names.h"

namespace tarn::discover {
namespace {

constexpr std::size_t kMaxColumns = 400;

/// A value or repeated element that will be a column.
struct Place {
  std::string path;
  std::vector<std::string> parts;  ///< Names from the record down, for the column's name.
  ColumnProfile profile;
  const ShapeNode* repeated = nullptr;  ///< A list of this.
};

/// Words that say nothing without the element around them.
bool is_generic(const std::string& snake) {
  static const RE2 kGeneric(
      "id|value|code|text|name|type|date|time|root|extension|unit|use|number|key|status|description|system|"
      "display|title|"
      "version|low|high|line|content|data|item|column|class_code|type_code|mood_code|code_system|code_system_"
      "name|"
      "display_name|null_flavor|first|last|family|given|start|end|language_code");
  return RE2::FullMatch(snake, kGeneric);
}

class Collector {
 public:
  Collector(const PathPrefixes& prefixes, bool in_list, std::vector<std::string>& dropped)
      : prefixes_(prefixes), in_list_(in_list), dropped_(dropped) {}

  std::vector<Place> collect(const ShapeNode& top) {
    top_seen_ = top.seen;
    visit(top, "", {});
    return std::move(places_);
  }

 private:
  static std::string join(const std::string& path, const std::string& step) {
    return path.empty() ? step : path + "/" + step;
  }

  static bool is_readable(const std::string& step) {
    static const RE2 kStep("(?:[\\pL_][\\pL\\pN_.-]*:)?[\\pL_][\\pL\\pN_.-]*");
    return RE2::FullMatch(step, kStep);
  }

  void add(Place place) {
    if (places_.size() >= kMaxColumns) {
      drop(place.path, "too many columns");
      return;
    }
    for (std::uint64_t i = place.profile.records(); i < top_seen_ && place.repeated == nullptr; ++i)
      place.profile.add_absent();
    places_.push_back(std::move(place));
  }

  void drop(const std::string& path, std::string_view why) {
    dropped_.push_back(fmt::format("{}: {}", path, why));
  }

  void visit(const ShapeNode& node, const std::string& path, const std::vector<std::string>& parts) {
    for (const ShapeNode::Attribute& attribute : node.attributes) {
      const std::string step = step_of(attribute.local, attribute.uri, prefixes_);
      if (!is_readable(step)) {
        drop(join(path, "@" + step), "its name cannot be written in a path");
        continue;
      }
      std::vector<std::string> names = parts;
      names.push_back(attribute.local);
      add({join(path, "@" + step), std::move(names), attribute.text, nullptr});
    }
    if (node.mixed > 0)
      drop(path.empty() ? "." : path,
           "text beside child elements; the column has the element's own text only");
    const bool is_value = node.has_text || (node.is_leaf() && !path.empty()) ||
                          (node.children.empty() && node.attributes.empty());
    if (is_value)
      add({path.empty() ? "." : path, parts.empty() ? std::vector<std::string>{node.local} : parts, node.text,
           nullptr});
    for (const auto& child : node.children) visit_child(*child, path, parts);
  }

  void visit_child(const ShapeNode& child, const std::string& path, const std::vector<std::string>& parts) {
    const std::string step = step_of(child.local, child.uri, prefixes_);
    const std::string place = join(path, step);
    if (!is_readable(step)) return drop(place, "its name cannot be written in a path");
    std::vector<std::string> names = parts;
    names.push_back(child.local);
    if (child.max_in_parent <= 1) return visit(child, place, names);
    if (in_list_) return drop(place, "repeats within a repeated element");
    add({place, std::move(names), child.text, &child});
  }

  const PathPrefixes& prefixes_;
  bool in_list_;
  std::vector<std::string>& dropped_;
  std::vector<Place> places_;
  std::uint64_t top_seen_ = 0;
};

std::string name_from(const std::vector<std::string>& parts, std::size_t count) {
  std::string name;
  std::string before;
  for (std::size_t i = parts.size() - std::min(count, parts.size()); i < parts.size(); ++i) {
    const std::string part = snake_case(parts[i]);
    if (part != before) name += (name.empty() ? "" : "_") + part;
    before = part;
  }
  return name.size() <= 60 ? name : name.substr(name.size() - 60).insert(0, "x");
}

/// The shortest ends of the paths that differ, two parts where one says nothing.
std::vector<std::string> choose_names(const std::vector<Place>& places) {
  std::vector<std::size_t> counts;
  for (const Place& place : places) {
    const bool generic = is_generic(snake_case(place.parts.back()));
    counts.push_back(std::min<std::size_t>(generic ? 2 : 1, place.parts.size()));
  }
  std::vector<std::string> names(places.size());
  for (bool changed = true; changed;) {
    changed = false;
    std::map<std::string, std::size_t> uses;
    for (std::size_t i = 0; i < places.size(); ++i) ++uses[names[i] = name_from(places[i].parts, counts[i])];
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (uses[names[i]] < 2 || counts[i] >= places[i].parts.size()) continue;
      ++counts[i];
      changed = true;
    }
  }
  std::set<std::string> taken;
  for (std::string& name : names) name = take_name(taken, name);
  return names;
}

ColumnGuess guess_place(const Place& place, const std::string& name) {
  ColumnGuess guess = guess_column(name, place.profile.trimmed(), {});
  guess.column.from = place.path;
  if (place.repeated == nullptr) return guess;
  guess.column.required = guess.never_null = guess.unique = false;
  project::ColumnType& type = *guess.column.type;
  type.element = type.kind;
  type.kind = project::TypeKind::kList;
  return guess;
}

ColumnGuess struct_list(const Place& place, const std::string& name) {
  ColumnGuess guess;
  guess.column.name = name;
  guess.column.from = place.path;
  guess.column.type =
      project::ColumnType{.kind = project::TypeKind::kList, .element = project::TypeKind::kStruct};
  return guess;
}

}  // namespace

std::string step_of(const std::string& local, const std::string& uri, const PathPrefixes& prefixes) {
  const auto found = prefixes.find(uri);
  return found == prefixes.end() ? local : found->second + ":" + local;
}

XmlColumns make_xml_columns(const ShapeNode& record, const PathPrefixes& prefixes) {
  XmlColumns out;
  const std::vector<Place> places = Collector(prefixes, false, out.dropped).collect(record);
  const std::vector<std::string> names = choose_names(places);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Place& place = places[i];
    if (place.repeated == nullptr || place.repeated->is_leaf()) {
      out.columns.push_back(guess_place(place, names[i]));
      continue;
    }
    std::vector<std::string> dropped;
    const std::vector<Place> inner = Collector(prefixes, true, dropped).collect(*place.repeated);
    for (const std::string& path : dropped) out.dropped.push_back(fmt::format("{}/{}", place.path, path));
    if (inner.empty()) {
      out.dropped.push_back(
          fmt::format("{}: nothing but repeated elements in a repeated element", place.path));
      continue;
    }
    const std::vector<std::string> inner_names = choose_names(inner);
    std::vector<ColumnGuess>& members = out.members[names[i]];
    for (std::size_t k = 0; k < inner.size(); ++k) members.push_back(guess_place(inner[k], inner_names[k]));
    out.columns.push_back(struct_list(place, names[i]));
  }
  return out;
}

}  // namespace tarn::discover
