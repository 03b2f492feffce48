#pragma once

#include <span>

#include "base/error.h"

namespace tarn::s3 {

inline constexpr ErrorCode kBadSetting{"s3.bad_setting", ErrorClass::kUser,
                                       "A setting of `s3` cannot be used.",
                                       "Correct the key of tarn.yaml that the message names."};
inline constexpr ErrorCode kNoCredentials{
    "s3.no_credentials", ErrorClass::kUser, "No credentials were found for S3.",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, write them into ~/.aws/credentials, or give the "
    "machine "
    "a role; `s3` in tarn.yaml can name other variables, a profile or a file."};
inline constexpr ErrorCode kBadCredentials{
    "s3.bad_credentials", ErrorClass::kPermanent,
    "S3 does not know the access key, the secret does not fit to it, or the session token has expired.",
    "Correct the credentials, or fetch new temporary ones."};
inline constexpr ErrorCode kDenied{
    "s3.denied", ErrorClass::kPermanent, "S3 refuses what was asked to the user of these credentials.",
    "Allow s3:ListBucket and s3:ListBucketMultipartUploads on the bucket; s3:GetObject, s3:PutObject, "
    "s3:DeleteObject and s3:AbortMultipartUpload on what is in it."};
inline constexpr ErrorCode kNoBucket{"s3.no_bucket", ErrorClass::kPermanent, "The bucket does not exist.",
                                     "Make the bucket, or correct its name: Tarn makes none."};
inline constexpr ErrorCode kWrongRegion{"s3.wrong_region", ErrorClass::kPermanent,
                                        "The bucket lies in another region.",
                                        "Write the bucket's region as `s3.region` in tarn.yaml."};
inline constexpr ErrorCode kClockSkew{"s3.clock_skew", ErrorClass::kPermanent,
                                      "This machine's clock differs too much from that of S3.",
                                      "Set the clock; let NTP keep it."};
inline constexpr ErrorCode kUnreachable{
    "s3.unreachable", ErrorClass::kTransient, "S3 could not be reached, or did not answer in time.",
    "Check `s3.endpoint` and the network; nothing is lost, and the command can be run again."};
inline constexpr ErrorCode kThrottled{"s3.throttled", ErrorClass::kTransient,
                                      "S3 asked to slow down, and went on asking.",
                                      "Run the command again later; nothing is lost."};
inline constexpr ErrorCode kUntrusted{"s3.untrusted", ErrorClass::kPermanent,
                                      "The certificate of the S3 endpoint is not trusted.",
                                      "Name the authority that signed it as `s3.ca_file` in tarn.yaml."};
inline constexpr ErrorCode kWriteUnknown{
    "s3.write_unknown", ErrorClass::kUnknownOutcome,
    "The answer to a write was lost, and S3 could not be asked what became of it.",
    "Run the command again when S3 can be reached: what was written is found or removed."};
inline constexpr ErrorCode kNoVending{
    "s3.no_vending", ErrorClass::kPermanent, "No credentials for a table could be handed out to an engine.",
    "Check `s3.vending` in tarn.yaml, and that the role may be assumed by the user of Tarn's credentials."};
inline constexpr ErrorCode kFailed{"s3.failed", ErrorClass::kPermanent, "S3 refused a request.",
                                   "Look at the reason given, and at the log of the S3 service."};

/// Every code of this library, for the reference page.
std::span<const ErrorCode* const> error_codes();

}  // namespace tarn::s3
