#include "s3/errors.h"

namespace tarn::s3 {

std::span<const ErrorCode* const> error_codes() {
  static constexpr const ErrorCode* kCodes[] = {
      &kBadSetting,   &kNoCredentials, &kBadCredentials, &kDenied,    &kNoBucket,
      &kWrongRegion,  &kClockSkew,     &kUnreachable,    &kThrottled, &kUntrusted,
      &kWriteUnknown, &kNoVending,     &kFailed};
  return kCodes;
}

}  // namespace tarn::s3
