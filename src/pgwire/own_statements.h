#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

/// Statements that concern the connection and not the lake: the engine never sees them.
namespace tarn::pgwire {

struct BeginStatement {};
struct CommitStatement {};
struct RollbackStatement {};
/// SAVEPOINT, RELEASE, ROLLBACK TO.
struct SavepointStatement {
  enum class Action : std::uint8_t { kSave, kRelease, kRollBack };
  Action action = Action::kSave;
  std::string name;
};
struct SetStatement {
  std::string name;
  std::optional<std::string> value;  ///< Nothing: its initial one.
};
struct SetNothingStatement {};  ///< SET TRANSACTION …: what it asks for holds anyway.
struct ResetStatement {
  std::string name;  ///< Empty: all.
};
struct ShowStatement {
  std::string name;  ///< Empty: all.
};
struct DiscardStatement {
  bool is_all = false;
};
struct DeallocateStatement {
  std::string name;  ///< Empty: all.
};
struct DeclareStatement {
  std::string name;
  bool holds = false;     ///< It outlives its transaction.
  std::size_t query = 0;  ///< Where its query begins in the statement.
};
struct FetchStatement {
  static constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  std::string name;
  std::int64_t count = 1;
  bool is_move = false;
};
struct CloseStatement {
  std::string name;  ///< Empty: all.
};
struct UnlistenStatement {};

using OwnStatement =
    std::variant<BeginStatement, CommitStatement, RollbackStatement, SavepointStatement, SetStatement,
                 SetNothingStatement, ResetStatement, ShowStatement, DiscardStatement, DeallocateStatement,
                 DeclareStatement, FetchStatement, CloseStatement, UnlistenStatement>;

/// Nothing when the statement is not one of these. Errors: sql.syntax, pgwire.unsupported, with their place.
Result<std::optional<OwnStatement>> read_own_statement(std::string_view sql);

/// What CommandComplete says of it; of SELECT-like ones the count of rows is added by who knows it.
std::string_view command_tag(const OwnStatement& statement);

}  // namespace tarn::pgwire
