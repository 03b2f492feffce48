#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/catalog.h"

namespace tarn::catalog {

/// One table or view of a commit under way: what the pointer must be now, and what it shall be. For this
/// library only.
struct Catalog::Staged {
  Table next;                 ///< Its metadata is null for a view.
  std::string expected = "";  ///< The metadata location it was loaded from; empty: the name must be free.
  std::shared_ptr<const iceberg::TableMetadata> base = nullptr;  ///< Null for a new table.
  bool writes_file = true;  ///< False: the metadata file is there already.
  state::EntryKind kind = state::EntryKind::kTable;
  std::shared_ptr<const iceberg::ViewMetadata> view = nullptr;
  std::size_t size_bytes = 0;         ///< Of the metadata file that was written.
  std::optional<TableName> was = {};  ///< Its name before, where that is another one.
  std::optional<Purge> drop = {};
};

/// Longer metadata files are neither written nor read.
inline constexpr std::size_t kMaxMetadataBytes = 256 * 1024 * 1024;

/// `<location>/metadata`, or what the property `write.metadata.path` says.
std::string metadata_folder(const std::string& location, const Properties& properties);
/// `<folder>/NNNNN-<uuid>.metadata.json`, numbered after the previous file.
std::string metadata_file(const std::string& folder, const std::string& previous, const std::string& uuid);

/// Whether a location could mean another than it seems to.
bool has_path_tricks(std::string_view location);

/// The error under another code, its message kept.
Error recoded(const Error& error, const ErrorCode& code);

/// That a namespace, table or view does not exist, or does already; in the reference's words, which the
/// clients of a REST catalog show to their users.
Error no_namespace(const std::string& name);
Error no_entry(const TableName& name, state::EntryKind kind);
/// `present` is in the way of a new entry of the kind `wanted`.
Error entry_exists(const TableName& name, state::EntryKind present, state::EntryKind wanted);

/// Runs `body` in a transaction of its own.
template <typename Body>
Status write(state::Database& database, const Body& body) {
  TARN_ASSIGN_OR_RETURN(state::Transaction transaction, database.begin());
  TARN_RETURN_IF_ERROR(body(transaction));
  return transaction.commit();
}

}  // namespace tarn::catalog
