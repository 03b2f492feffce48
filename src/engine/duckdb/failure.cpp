#include "engine/duckdb/failure.h"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "engine/duckdb/row_filters.h"
#include "engine/errors.h"
#include "engine/source_place.h"

namespace tarn::engine::internal {
namespace {

struct Kind {
  std::string_view name;  ///< How the engine's message names it.
  duckdb_error_type type;
  const ErrorCode* code;
};

constexpr std::array kKinds = {
    Kind{"Out of Range", DUCKDB_ERROR_OUT_OF_RANGE, &kOutOfRange},
    Kind{"Conversion", DUCKDB_ERROR_CONVERSION, &kConversion},
    Kind{"Mismatch Type", DUCKDB_ERROR_MISMATCH_TYPE, &kBinder},
    Kind{"Divide by Zero", DUCKDB_ERROR_DIVIDE_BY_ZERO, &kOutOfRange},
    Kind{"Object Size", DUCKDB_ERROR_OBJECT_SIZE, &kOutOfRange},
    Kind{"Decimal", DUCKDB_ERROR_DECIMAL, &kOutOfRange},
    Kind{"Invalid type", DUCKDB_ERROR_INVALID_TYPE, &kBinder},
    Kind{"TransactionContext", DUCKDB_ERROR_TRANSACTION, &kTransaction},
    Kind{"Not implemented", DUCKDB_ERROR_NOT_IMPLEMENTED, &kNotImplemented},
    Kind{"Expression", DUCKDB_ERROR_EXPRESSION, &kBinder},
    Kind{"Catalog", DUCKDB_ERROR_CATALOG, &kCatalog},
    Kind{"Parser", DUCKDB_ERROR_PARSER, &kSyntax},
    Kind{"Constraint", DUCKDB_ERROR_CONSTRAINT, &kConstraint},
    Kind{"Syntax", DUCKDB_ERROR_SYNTAX, &kSyntax},
    Kind{"Settings", DUCKDB_ERROR_SETTINGS, &kInvalidInput},
    Kind{"Binder", DUCKDB_ERROR_BINDER, &kBinder},
    Kind{"IO", DUCKDB_ERROR_IO, &kIo},
    Kind{"INTERRUPT", DUCKDB_ERROR_INTERRUPT, &kInterrupted},
    Kind{"FATAL", DUCKDB_ERROR_FATAL, &kInternal},
    Kind{"INTERNAL", DUCKDB_ERROR_INTERNAL, &kInternal},
    Kind{"Invalid Input", DUCKDB_ERROR_INVALID_INPUT, &kInvalidInput},
    Kind{"Out of Memory", DUCKDB_ERROR_OUT_OF_MEMORY, &kOutOfMemory},
    Kind{"Permission", DUCKDB_ERROR_PERMISSION, &kPermission},
    Kind{"Parameter Not Resolved", DUCKDB_ERROR_PARAMETER_NOT_RESOLVED, &kParameter},
    Kind{"Parameter Not Allowed", DUCKDB_ERROR_PARAMETER_NOT_ALLOWED, &kParameter},
    Kind{"Dependency", DUCKDB_ERROR_DEPENDENCY, &kCatalog},
    Kind{"HTTP", DUCKDB_ERROR_HTTP, &kIo},
    Kind{"Missing Extension", DUCKDB_ERROR_MISSING_EXTENSION, &kNotImplemented},
    Kind{"Extension Autoloading", DUCKDB_ERROR_AUTOLOAD, &kNotImplemented},
    Kind{"Sequence", DUCKDB_ERROR_SEQUENCE, &kInvalidInput},
};

struct Said {
  std::string type;
  std::string message;
  std::string position;
};

/// Reads `{"exception_type":…}` (perhaps after a prefix), or `Binder Error: …` with its LINE picture.
Said read_message(std::string_view text) {
  Said said;
  if (const std::size_t brace = text.find("{\"exception_type\""); brace != std::string_view::npos) {
    const auto json = nlohmann::json::parse(text.substr(brace), nullptr, false);
    if (json.is_object()) {
      said.type = json.value("exception_type", "");
      said.message = json.value("exception_message", "");
      said.position = json.value("position", "");
      return said;
    }
  }
  if (const std::size_t picture = text.find("\n\nLINE "); picture != std::string_view::npos) {
    text = text.substr(0, picture);
  }
  if (const std::size_t colon = text.find(" Error: "); colon < 40) {
    said.type = std::string(text.substr(0, colon));
    text.remove_prefix(colon + 8);
  }
  said.message = std::string(text);
  return said;
}

std::string strip(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(" \t\n") - first + 1));
}

/// Splits what the engine suggests off its message.
std::pair<std::string, std::string> split_hint(const std::string& message) {
  for (const std::string_view mark : {"\nDid you mean", "\nCandidate", "\n\tCandidate",
                                      "\n\nPossible solutions", "\nPossible solutions", "\nHINT: "}) {
    const std::size_t at = message.find(mark);
    if (at == std::string::npos) continue;
    std::string hint = strip(std::string_view(message).substr(at));
    if (hint.starts_with("Did you")) hint[0] = 'd';
    if (hint.starts_with("Candidate")) hint[0] = 'c';
    if (hint.starts_with("HINT: ")) hint.erase(0, 6);
    for (std::size_t tab = 0; (tab = hint.find("\n\t", tab)) != std::string::npos;)
      hint.replace(tab, 2, "\n    ");
    return {strip(std::string_view(message).substr(0, at)), hint};
  }
  return {strip(message), ""};
}

const ErrorCode& code_of(duckdb_error_type type, const Said& said) {
  if (said.message.starts_with("Values were not provided for") ||
      (said.message.starts_with("Expected ") && said.message.find(" parameters") != std::string::npos)) {
    return kParameter;
  }
  if (said.message.starts_with(kFilterFailed)) return kIo;
  for (const Kind& kind : kKinds) {
    if (said.type.empty() ? kind.type != type : kind.name != said.type) continue;
    const bool is_range = kind.code == &kConversion && said.message.find("out of range") != std::string::npos;
    return is_range ? kOutOfRange : *kind.code;
  }
  for (const Kind& kind : kKinds) {
    if (kind.type == type) return *kind.code;
  }
  return kFailed;
}

}  // namespace

Error make_failure(duckdb_error_type type, const char* message, std::string_view sql,
                   std::string_view source) {
  const Said said = read_message(message == nullptr ? "the engine gave no reason" : message);
  auto [text, hint] = split_hint(said.message);
  Error error(code_of(type, said), std::move(text));
  if (!hint.empty()) error = std::move(error).with_hint(std::move(hint));
  std::size_t position = 0;
  const auto [end, bad] =
      std::from_chars(said.position.data(), said.position.data() + said.position.size(), position);
  if (bad == std::errc() && end != said.position.data() && position <= sql.size()) {
    error = std::move(error).with_span(span_at(sql, position, 0, source));
  }
  return error;
}

Error make_failure(duckdb_error_type type, const char* message, const SourceText& source) {
  Error error = make_failure(type, message, source.sql, source.name);
  if (!source.hides_machine || error.error_class() == ErrorClass::kUser) return error;
  return Error(error.code(), std::string(error.code().meaning));
}

Status check_appender(duckdb_appender appender, duckdb_state state) {
  if (state == DuckDBSuccess) return ok_status();
  return make_failure(DUCKDB_ERROR_INVALID_INPUT, duckdb_appender_error(appender), "", "sql")
      .with_context("adding rows to a table of the engine");
}

}  // namespace tarn::engine::internal
