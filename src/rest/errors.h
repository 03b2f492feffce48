#pragma once

#include <span>

#include "base/error.h"

namespace tarn::rest {

inline constexpr ErrorCode kBadRequest{"rest.bad_request", ErrorClass::kUser,
                                       "A request to the catalog server is not as the specification says.",
                                       "The message names the place; correct the client."};
inline constexpr ErrorCode kNoEndpoint{"rest.no_endpoint", ErrorClass::kUser,
                                       "The catalog server has no such endpoint.",
                                       "GET /v1/config lists the endpoints that there are."};
inline constexpr ErrorCode kNotAuthorized{"rest.not_authorized", ErrorClass::kUser,
                                          "A request came without a valid bearer token.",
                                          "Ask /v1/oauth/tokens for a token with a client's id and secret."};
inline constexpr ErrorCode kForbidden{
    "rest.forbidden", ErrorClass::kUser,
    "A user asked the catalog server for more than reading what she sees whole.",
    "Read by SQL, or let the engine be a client of `listeners.rest.clients`."};
inline constexpr ErrorCode kBadSecret{
    "rest.bad_secret", ErrorClass::kUser,
    "The hash of a client's secret is not one that `tarn catalog secret` made.",
    "Make the hash anew with `tarn catalog secret`."};
inline constexpr ErrorCode kKeyReused{"rest.key_reused", ErrorClass::kUser,
                                      "An idempotency key was used for two different requests.",
                                      "Make a new key for every operation."};
inline constexpr ErrorCode kNoPlan{
    "rest.no_plan", ErrorClass::kUser,
    "A scan's plan was cancelled, is older than an hour, or of before a restart.", "Plan the scan anew."};
inline constexpr ErrorCode kNoPlanTask{"rest.no_plan_task", ErrorClass::kUser,
                                       "A plan task belongs to no plan that there is.",
                                       "Plan the scan anew."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::rest
