#pragma once

#include <span>

#include "base/error.h"

namespace tarn::backup {

inline constexpr ErrorCode kNotRepository{"backup.not_a_repository", ErrorClass::kUser,
                                          "The folder is not a backup repository.",
                                          "Name an empty folder, or the one that earlier backups went to."};
inline constexpr ErrorCode kOtherProject{"backup.other_project", ErrorClass::kUser,
                                         "The repository holds the backups of another project.",
                                         "Give each project a repository of its own."};
inline constexpr ErrorCode kNotFound{"backup.not_found", ErrorClass::kUser,
                                     "There is no such backup in the repository.",
                                     "`tarn backup list` shows what there is."};
inline constexpr ErrorCode kDamaged{"backup.damaged", ErrorClass::kPermanent,
                                    "Bytes in the repository are not what was put there, or are gone.",
                                    "Restore an older backup, or the repository from its own copy; the next "
                                    "`tarn backup create --recheck` puts in anew what the lake still has."};
inline constexpr ErrorCode kIncomplete{
    "backup.incomplete", ErrorClass::kPermanent, "Files that the lake names could not be read.",
    "`tarn doctor --deep` says what is missing; the backup holds the rest."};
inline constexpr ErrorCode kStopped{"backup.stopped", ErrorClass::kTransient,
                                    "A backup or a restore was stopped before its end.",
                                    "Run it again: what was copied is not copied again."};
inline constexpr ErrorCode kWouldOverwrite{"backup.would_overwrite", ErrorClass::kUser,
                                           "Where the backup would be restored, other data lies.",
                                           "Move it away, or restore with `--overwrite`."};
inline constexpr ErrorCode kProofFailed{"backup.proof_failed", ErrorClass::kPermanent,
                                        "A restored table does not hold what the backup says.",
                                        "Restore an older backup and look at what the message names."};

/// Every code of this library, for the reference.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::backup
