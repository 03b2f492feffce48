#include "state/postgres/postgres_errors.h"

#include "state/errors.h"

// PostgreSQL, "PostgreSQL Error Codes".
namespace tarn::state {

const ErrorCode& code_of_sqlstate(std::string_view sqlstate) {
  // Lock not had in time, deadlock, serialization failure.
  if (sqlstate == "55P03" || sqlstate.starts_with("40")) return kBusy;
  if (sqlstate == "53100") return kDiskFull;
  if (sqlstate == "42501" || sqlstate == "25006" || sqlstate.starts_with("28")) return kDenied;
  if (sqlstate == "XX001" || sqlstate == "XX002") return kCorrupt;
  return kFailed;
}

bool ends_session(std::string_view sqlstate) {
  // Shutdown, crash, a database being dropped, idle timeouts; class 08 but for violations of the protocol;
  // 40003: the outcome of a statement is not known.
  return sqlstate.starts_with("57P") || sqlstate == "25P03" || sqlstate == "40003" ||
         (sqlstate.starts_with("08") && sqlstate != "08P01");
}

std::string one_line(std::string_view message) {
  std::string line;
  for (const char letter : message) {
    const bool is_blank = letter == '\n' || letter == '\r' || letter == '\t' || letter == ' ';
    if (!is_blank)
      line += letter;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (line.ends_with(' ')) line.pop_back();
  return line;
}

}  // namespace tarn::state
