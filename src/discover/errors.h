#pragma once

#include <span>

#include "base/error.h"

namespace tarn::discover {

inline constexpr ErrorCode kNoData{"discover.no_data", ErrorClass::kUser,
                                   "The samples hold no record to learn from.",
                                   "Name files with a few records; twenty or more give better proposals."};
inline constexpr ErrorCode kNotText{"discover.not_text", ErrorClass::kUser,
                                    "The sample is neither delimited text, fixed width nor XML.",
                                    "Ask the sender for one of these; Tarn reads no other format yet."};
inline constexpr ErrorCode kNoMember{"discover.no_member", ErrorClass::kUser,
                                     "No member of the archives matches.",
                                     "Correct `--members`; it is matched against the member's whole name."};
inline constexpr ErrorCode kNotWellFormed{"discover.not_well_formed", ErrorClass::kUser,
                                          "No XML sample is well formed.",
                                          "Have the sender mend the document at the place named."};
inline constexpr ErrorCode kBadProposal{"discover.bad_proposal", ErrorClass::kBug,
                                        "The proposed contract does not pass its own check.",
                                        "Report it with the sample; write the contract by hand until then."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::discover
