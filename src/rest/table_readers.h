#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "iceberg/table_metadata.h"

namespace tarn::rest {

/// The users of a project who are no clients of their own: each reads what her roles show whole. Many threads
/// at once.
class TableReaders {
 public:
  virtual ~TableReaders() = default;

  /// Whether it is her password. Takes as long for a user that does not exist.
  virtual bool knows(std::string_view user, std::string_view password) const = 0;
  /// Joined with commas; empty for a user that does not exist.
  virtual std::string roles(const std::string& user) const = 0;
  /// Whether the table is there for her. Errors: access.*.
  virtual Result<bool> sees(const std::string& user, const TableName& table) const = 0;
  /// Whether she may read its files, which hold every row and column as it is.
  virtual Result<bool> sees_whole(const std::string& user, const TableName& table,
                                  const iceberg::TableMetadata& metadata) const = 0;
};

}  // namespace tarn::rest
