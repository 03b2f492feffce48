#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "discover/column_guess.h"
#include "discover/sampling/xml_shape.h"

namespace tarn::discover {

/// Prefixes for paths: uri to prefix; empty when steps match by local name alone.
using PathPrefixes = std::map<std::string, std::string>;

/// Columns of a record as its shape suggests them.
struct XmlColumns {
  std::vector<ColumnGuess> columns;
  std::map<std::string, std::vector<ColumnGuess>> members;  ///< Of each list<struct>, by its column's name.
  std::vector<std::string> dropped;                         ///< Paths that no column can hold, and why.
};

/// Leaves and attributes become columns, repeated elements lists. Names are the shortest ends of the paths
/// that tell them apart.
XmlColumns make_xml_columns(const ShapeNode& record, const PathPrefixes& prefixes);

/// "adt:Visit" under `prefixes`; nothing special without them.
std::string step_of(const std::string& local, const std::string& uri, const PathPrefixes& prefixes);

}  // namespace tarn::discover
