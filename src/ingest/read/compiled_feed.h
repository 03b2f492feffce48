#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "format/archive.h"
#include "format/csv.h"
#include "format/fixed_width.h"
#include "format/xml_path.h"
#include "ingest/read/converter.h"
#include "project/feed_spec.h"

namespace tarn::ingest {

/// The members of a repeated XML element: those of a `list<struct>`, of a child table, or the one value of a
/// list.
struct CompiledGroup {
  std::vector<Converter> members;
  format::XmlPathSet paths;  ///< Relative to the element, in the order of `members`.
};

/// A column as the hot path sees it.
struct CompiledColumn {
  Converter converter;
  std::optional<CompiledGroup> list;  ///< XML: the column is a list.
  std::size_t extraction = 0;         ///< XML: its position in CompiledFeed::paths.
};

/// A child table of an XML feed.
struct CompiledChild {
  CompiledGroup group;
  std::size_t extraction = 0;               ///< Its position in CompiledFeed::paths.
  std::vector<std::size_t> parent_columns;  ///< Cells of the parent that its rows begin with.
  std::vector<std::string> column_names;    ///< Of the table: the parent's, `ordinal`, the contract's.
};

/// A contract, compiled once: everything that reading a member needs, and nothing that needs looking up.
/// Immutable; any number of threads. The FeedSpec must outlive it.
struct CompiledFeed {
  const project::FeedSpec* spec = nullptr;
  std::size_t position = 0;  ///< In the project.
  std::vector<CompiledColumn> columns;
  std::vector<std::string> column_names;
  std::vector<CompiledChild> children;

  format::ArchiveLimits archive_limits;
  format::CsvOptions csv;
  format::FixedOptions fixed;
  std::vector<format::FixedColumn> fixed_columns;
  format::XmlOptions xml;
  std::optional<format::XmlPath> record;  ///< XML: where records are; none: the root.
  format::XmlPathSet paths;               ///< XML: relative to the record.

  /// Errors: formats, zones and paths that do not compile, with their place in the contract.
  static Result<CompiledFeed> compile(const project::FeedSpec& feed, std::size_t position);

  bool takes_file(std::string_view path) const {
    return project::matches_any(spec->source.files, path) && !ignores(path);
  }
  bool takes_member(std::string_view name) const {
    return project::matches_any(spec->source.members, name) && !ignores(name);
  }
  bool ignores(std::string_view path) const { return project::matches_any(spec->source.ignore, path); }
};

}  // namespace tarn::ingest
