#include "s3/vending/session_policy.h"

#include <fmt/format.h>

#include <algorithm>

#include "io/errors.h"

namespace tarn::s3 {
namespace {

// Nothing that JSON, a policy's patterns or its variables would read as more than itself.
bool is_plain(char letter) {
  return letter > ' ' && letter < 0x7f &&
         std::string_view("*?$\"\\{}").find(letter) == std::string_view::npos;
}

constexpr std::string_view kWriting =
    R"(,"s3:PutObject","s3:DeleteObject","s3:AbortMultipartUpload","s3:ListMultipartUploadParts")";

}  // namespace

Result<std::string> session_policy(const Place& place, Reach reach, std::string_view partition) {
  if (place.key.empty() || !std::ranges::all_of(place.key, is_plain))
    return Error(io::kBadLocation,
                 fmt::format("no policy can be limited to s3://{}/{}", place.bucket, place.key));
  const std::string bucket = fmt::format("arn:{}:s3:::{}", partition, place.bucket);
  return fmt::format(R"({{"Version":"2012-10-17","Statement":[)"
                     R"({{"Effect":"Allow","Action":["s3:GetObject"{2}],"Resource":["{0}/{1}/*"]}},)"
                     R"({{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":["{0}"],)"
                     R"("Condition":{{"StringLike":{{"s3:prefix":["{1}/*"]}}}}}},)"
                     R"({{"Effect":"Allow","Action":["s3:GetBucketLocation"],"Resource":["{0}"]}}]}})",
                     bucket, place.key, reach == Reach::kWrite ? kWriting : "");
}

}  // namespace tarn::s3
