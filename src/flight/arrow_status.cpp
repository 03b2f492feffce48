#include "flight/arrow_status.h"

#include <arrow/flight/types.h>
#include <fmt/format.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "flight/errors.h"

namespace tarn::flight {
namespace {

using arrow::flight::FlightStatusCode;
using arrow::flight::MakeFlightError;

/// gRPC sends it as a header, and clients take 8 KiB of those.
constexpr std::size_t kMostText = 2000;

std::string text_of(const Error& error) {
  std::string text = error.message();
  if (const auto& span = error.span(); span && span->line > 0)
    text += fmt::format(" (line {}, column {})", span->line, span->column);
  if (!error.hint().empty()) text += "; " + error.hint();
  text += fmt::format(" [{}]", error.name());
  if (text.size() <= kMostText) return text;
  std::size_t cut = kMostText;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "…";
}

enum class Kind : std::uint8_t { kNotImplemented, kNotFound, kExists, kFlight };
struct Mapped {
  std::string_view name;
  Kind kind;
  FlightStatusCode code = FlightStatusCode::Failed;
};
/// By the names of codes: those of other libraries need not be linked for it.
constexpr std::array kMapped = {
    Mapped{"flight.unsupported", Kind::kNotImplemented},
    Mapped{"sql.read_only", Kind::kNotImplemented},
    Mapped{"sql.not_implemented", Kind::kNotImplemented},
    Mapped{"sql.unsupported_type", Kind::kNotImplemented},
    Mapped{"flight.no_such_handle", Kind::kNotFound},
    Mapped{"sql.unknown_table", Kind::kNotFound},
    Mapped{"catalog.table_exists", Kind::kExists},
    Mapped{"catalog.view_exists", Kind::kExists},
    Mapped{"catalog.namespace_exists", Kind::kExists},
    Mapped{"access.role_exists", Kind::kExists},
    Mapped{"flight.not_authenticated", Kind::kFlight, FlightStatusCode::Unauthenticated},
    Mapped{"flight.statement_timeout", Kind::kFlight, FlightStatusCode::TimedOut},
    Mapped{"sql.interrupted", Kind::kFlight, FlightStatusCode::Cancelled},
    Mapped{"sql.permission", Kind::kFlight, FlightStatusCode::Unauthorized},
    Mapped{"sql.not_allowed", Kind::kFlight, FlightStatusCode::Unauthorized},
    Mapped{"sql.write_denied", Kind::kFlight, FlightStatusCode::Unauthorized},
    Mapped{"sql.written_by_feed", Kind::kFlight, FlightStatusCode::Unauthorized},
    Mapped{"access.not_administrator", Kind::kFlight, FlightStatusCode::Unauthorized},
};

}  // namespace

arrow::Status to_arrow(const Error& error) {
  std::string text = text_of(error);
  for (const Mapped& mapped : kMapped) {
    if (mapped.name != error.name()) continue;
    if (mapped.kind == Kind::kNotImplemented) return arrow::Status::NotImplemented(std::move(text));
    if (mapped.kind == Kind::kNotFound) return arrow::Status::KeyError(std::move(text));
    if (mapped.kind == Kind::kExists) return arrow::Status::AlreadyExists(std::move(text));
    return MakeFlightError(mapped.code, std::move(text));
  }
  switch (error.error_class()) {
    case ErrorClass::kUser:
      return arrow::Status::Invalid(std::move(text));
    case ErrorClass::kTransient:
      return MakeFlightError(FlightStatusCode::Unavailable, std::move(text));
    case ErrorClass::kPermanent:
    case ErrorClass::kUnknownOutcome:
    case ErrorClass::kBug:
      break;
  }
  return MakeFlightError(FlightStatusCode::Internal, std::move(text));
}

arrow::Status to_arrow(const Status& status) {
  return status.ok() ? arrow::Status::OK() : to_arrow(status.error());
}

Error from_arrow(const arrow::Status& status) {
  return Error(kFailed, status.ToStringWithoutContextLines());
}

}  // namespace tarn::flight
