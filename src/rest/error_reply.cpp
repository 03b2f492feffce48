#include <algorithm>
#include <array>

#include "catalog/errors.h"
#include "iceberg/errors.h"
#include "io/errors.h"
#include "net/errors.h"
#include "rest/call.h"
#include "rest/errors.h"
#include "state/errors.h"
#include "table/errors.h"

// Errors in the specification's form (Iceberg REST spec, "IcebergErrorResponse"), with the types by which
// clients tell them apart.
namespace tarn::rest {
namespace {

struct Answer {
  std::string_view code;
  int status;
  std::string_view type;
};

constexpr std::array kAnswers = {
    Answer{catalog::kNamespaceNotFound.name, 404, "NoSuchNamespaceException"},
    Answer{catalog::kTableNotFound.name, 404, "NoSuchTableException"},
    Answer{catalog::kViewNotFound.name, 404, "NoSuchViewException"},
    Answer{catalog::kMetadataNotFound.name, 404, "NotFoundException"},
    Answer{io::kNotFound.name, 404, "NotFoundException"},
    Answer{table::kSnapshotNotFound.name, 404, "NoSuchSnapshotException"},
    Answer{kNoPlan.name, 404, "NoSuchPlanIdException"},
    Answer{kNoPlanTask.name, 404, "NoSuchPlanTaskException"},
    Answer{table::kUnsupportedFormat.name, 406, "UnsupportedOperationException"},
    Answer{kNoEndpoint.name, 404, "NoSuchEndpointException"},
    Answer{catalog::kNamespaceExists.name, 409, "AlreadyExistsException"},
    Answer{catalog::kTableExists.name, 409, "AlreadyExistsException"},
    Answer{catalog::kViewExists.name, 409, "AlreadyExistsException"},
    Answer{catalog::kNamespaceNotEmpty.name, 409, "NamespaceNotEmptyException"},
    Answer{catalog::kCommitConflict.name, 409, "CommitFailedException"},
    Answer{catalog::kPropertyConflict.name, 422, "UnprocessableEntityException"},
    Answer{kKeyReused.name, 422, "UnprocessableEntityException"},
    Answer{catalog::kBadLocation.name, 403, "ForbiddenException"},
    Answer{kForbidden.name, 403, "ForbiddenException"},
    Answer{kNotAuthorized.name, 401, "NotAuthorizedException"},
    Answer{state::kCommitUnknown.name, 500, "CommitStateUnknownException"},
};

Answer answer_to(const Error& error, const Call& call, bool commits) {
  const auto known = std::find_if(kAnswers.begin(), kAnswers.end(),
                                  [&](const Answer& answer) { return answer.code == error.name(); });
  if (known != kAnswers.end()) return *known;
  // What a request brought along is wrong; a file that is read back wrong is the server's trouble.
  const bool reads = call.request.method == "GET" || call.request.method == "HEAD";
  const bool of_format = error.name().starts_with("iceberg.") && !reads;
  if (of_format) return {error.name(), 400, "IllegalArgumentException"};
  if (error.error_class() == ErrorClass::kUser) return {error.name(), 400, "BadRequestException"};
  // Clients take any 5xx to a commit for an unknown outcome. Nothing happened, and they may try again.
  if (commits) return {error.name(), 409, "CommitFailedException"};
  if (error.error_class() == ErrorClass::kTransient)
    return {error.name(), 503, "ServiceUnavailableException"};
  return {error.name(), 500, "InternalServerError"};
}

std::string_view type_of_status(int status) {
  switch (status) {
    case 429:
      return "TooManyRequestsException";
    case 500:
      return "InternalServerError";
    default:
      return "BadRequestException";
  }
}

}  // namespace

net::HttpResponse error_response(int status, std::string_view type, std::string_view message) {
  net::HttpResponse response =
      json_response(status, {{"error", {{"message", message}, {"type", type}, {"code", status}}}});
  if (status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  if (status == 429 || status == 503) response.headers.add("Retry-After", "1");
  return response;
}

net::HttpResponse error_response(const Error& error, const Call& call, bool commits) {
  const Answer answer = answer_to(error, call, commits);
  return error_response(answer.status, answer.type, error.message());
}

net::HttpResponse RestCatalog::refusal(int status, std::string_view reason) {
  return error_response(status, type_of_status(status), reason);
}

}  // namespace tarn::rest
