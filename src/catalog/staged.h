#pragma once

#include <memory>
#include <string>

#include "catalog/catalog.h"

namespace tarn::catalog {

/// One table of a commit under way: what the pointer must be now, and what it shall be. For this library
/// only.
struct Catalog::Staged {
  Table next;
  std::string expected = "";  ///< The metadata location it was loaded from; empty: the table must not exist.
  std::shared_ptr<const iceberg::TableMetadata> base = nullptr;  ///< Null for a new table.
  bool writes_file = true;  ///< False: the metadata file is there already.
};

/// `<table>/metadata/NNNNN-<uuid>.metadata.json`, numbered after the previous file.
std::string metadata_file(const std::string& table_location, const std::string& previous,
                          const std::string& uuid);

/// The error under another code, its message kept.
Error recoded(const Error& error, const ErrorCode& code);

}  // namespace tarn::catalog
