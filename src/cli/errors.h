#pragma once

#include <span>

#include "base/error.h"

namespace tarn::cli {

inline constexpr ErrorCode kNoProject{
    "cli.no_project", ErrorClass::kUser,
    "There is no project here: no folder from here up holds a tarn.yaml.",
    "Go to the project's folder, name it with -C, or make one with `tarn init`."};
inline constexpr ErrorCode kBadProject{"cli.bad_project", ErrorClass::kUser, "The project has errors.",
                                       "Correct what is shown; `tarn check` shows it again."};
inline constexpr ErrorCode kUsage{"cli.usage", ErrorClass::kUser, "The command was called wrongly.",
                                  "`tarn COMMAND --help` shows how."};
inline constexpr ErrorCode kNoSourceFolder{
    "cli.no_source_folder", ErrorClass::kUser, "A feed's folder is not there (warning).",
    "Correct its name, make it, or mount it; `tarn ingest` makes it when it is not there."};
inline constexpr ErrorCode kStale{"cli.stale_reference", ErrorClass::kUser,
                                  "The generated reference is not what the code says.",
                                  "Run `tarn reference --write docs/reference` and commit the result."};
inline constexpr ErrorCode kUnhealthy{"cli.unhealthy", ErrorClass::kPermanent,
                                      "A data file is not as its table describes it.",
                                      "Bring the file back from a copy of the warehouse."};

inline constexpr ErrorCode kOpenListener{
    "cli.open_listener", ErrorClass::kUser,
    "A listener would be open to other machines without any password.",
    "Listen on 127.0.0.1, name clients in `listeners.rest.clients`, or say `anonymous: true`."};

inline constexpr ErrorCode kPlainListener{
    "cli.plain_listener", ErrorClass::kUser,
    "A listener would send tokens and data to other machines in the clear.",
    "Give it a certificate by `listeners.rest.tls`, or say `plain_http: true` behind a proxy that has TLS."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

/// The exit code that an error ends a command with.
int exit_code_of(const Error& error);

}  // namespace tarn::cli
