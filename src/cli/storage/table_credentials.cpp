#include "cli/storage/table_credentials.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "io/errors.h"
#include "s3/vending/credential_vendor.h"

namespace tarn::cli {
namespace {

// As Iceberg's clients name them (S3FileIOProperties, AwsClientProperties; PyIceberg, "FileIO").
std::map<std::string, std::string> client_properties(const s3::Endpoint& endpoint,
                                                     const s3::TemporaryCredentials& vended) {
  return {{"s3.endpoint", endpoint.url()},
          {"s3.region", endpoint.region},
          {"client.region", endpoint.region},
          {"s3.path-style-access", endpoint.addressing == s3::Addressing::kPath ? "true" : "false"},
          {"s3.access-key-id", vended.credentials.access_key_id},
          {"s3.secret-access-key", vended.credentials.secret_access_key},
          {"s3.session-token", vended.credentials.session_token},
          {"s3.session-token-expires-at-ms", std::to_string(vended.expires_at_us / 1000)}};
}

}  // namespace

Result<rest::VendCredentials> table_credentials(CommandContext& context) {
  TARN_ASSIGN_OR_RETURN(const project::ProjectSpec* const spec, context.settings());
  if (spec->s3.vended_role.empty()) return rest::VendCredentials();
  TARN_ASSIGN_OR_RETURN(s3::S3ObjectStore* const store, context.s3());
  TARN_ASSIGN_OR_RETURN(s3::Endpoint sts, s3::sts_of(store->endpoint(), *spec->s3.sts_endpoint));
  const auto own = [store]() -> Result<std::optional<s3::Credentials>> {
    TARN_ASSIGN_OR_RETURN(s3::Access access, store->access());
    return std::move(access.credentials);
  };
  const auto vendor = std::make_shared<s3::CredentialVendor>(
      s3::CredentialVendor::Options{.sts = std::move(sts), .role = spec->s3.vended_role}, own,
      context.clock(), context.random());
  return rest::VendCredentials([store, vendor](
                                   const std::string& location,
                                   rest::Reach reach) -> Result<std::map<std::string, std::string>> {
    if (!s3::is_s3(location)) return std::map<std::string, std::string>();
    const auto vended =
        vendor->credentials_for(location, reach == rest::Reach::kRead ? s3::Reach::kRead : s3::Reach::kWrite);
    // No policy can be limited to it: its engines need credentials of their own.
    if (!vended.ok() && vended.error().name() == io::kBadLocation.name)
      return std::map<std::string, std::string>();
    if (!vended.ok()) return vended.error();
    return client_properties(store->endpoint(), *vended);
  });
}

}  // namespace tarn::cli
