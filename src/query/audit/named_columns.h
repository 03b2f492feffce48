#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "query/lexer.h"
#include "query/statement_plan.h"

namespace tarn::query {

/// Which columns of its tables a statement reads, as far as its words tell: those that it names, and all of
/// them where rows are or may be taken whole (`*`, `FROM t` alone, a table's alias as a value). Sometimes
/// more than it reads, never less.
class NamedColumns {
 public:
  /// `tables` are where the statement names them.
  NamedColumns(std::string_view sql, const std::vector<PlacedUse>& tables);

  bool takes_all() const { return takes_all_; }
  /// Those of a table's columns that are read.
  std::vector<std::string> of(const std::vector<std::string>& columns) const;

 private:
  bool is_star(std::size_t at) const;
  bool takes_rows(const PlacedUse& use) const;
  bool is_from_alone(std::size_t at) const;
  bool is_value(std::size_t at, const std::string& name) const;
  bool word_at(std::size_t at, std::string_view word) const;
  bool symbol_at(std::size_t at, std::string_view symbol) const;

  std::string_view sql_;
  std::vector<Token> tokens_;
  std::set<std::string> names_;  ///< In lower case.
  bool takes_all_ = false;
};

}  // namespace tarn::query
