#include <array>

#include "project/keys/key_table.h"

// The rows of `s3` in tarn.yaml.
namespace tarn::project {
namespace {

constexpr std::array kAddressing = {
    Choice{"auto", int(S3Addressing::kAuto), "`path` with an `endpoint`, `virtual` without"},
    Choice{"path", int(S3Addressing::kPath), "`https://endpoint/bucket/key`"},
    Choice{"virtual", int(S3Addressing::kVirtual), "`https://bucket.endpoint/key`"}};

// Environment variables, as POSIX shells can set them.
constexpr std::string_view kVariable = "[A-Za-z_][A-Za-z0-9_]*";

void add_credentials(Block<S3Spec>& block) {
  block.add(field(&S3Spec::profile), {.name = "profile",
                                      .description = "Profile of `~/.aws/config` and `~/.aws/credentials`.",
                                      .example = "lake",
                                      .default_text = "AWS_PROFILE, else default"});
  block.add(field(&S3Spec::credentials_file), {.name = "credentials_file",
                                               .description = "File of profiles with their keys.",
                                               .example = "/run/secrets/aws",
                                               .default_text = "~/.aws/credentials"});
  block.add(field(&S3Spec::access_key_id_env),
            {.name = "access_key_id_env",
             .description = "Name of the environment variable that holds the access key's id; with "
                            "`secret_access_key_env` nothing else is looked at.",
             .example = "LAKE_KEY_ID",
             .name_pattern = kVariable});
  block.add(field(&S3Spec::secret_access_key_env),
            {.name = "secret_access_key_env",
             .description = "Name of the environment variable that holds the secret key.",
             .example = "LAKE_SECRET",
             .name_pattern = kVariable});
  block.add(field(&S3Spec::session_token_env),
            {.name = "session_token_env",
             .description = "Name of the environment variable that holds the token of temporary keys.",
             .example = "LAKE_TOKEN",
             .name_pattern = kVariable});
  block.add(field(&S3Spec::anonymous), {.name = "anonymous",
                                        .description = "Requests are not signed: to read public buckets.",
                                        .example = "true"});
}

void add_vending(Block<S3Spec>& block) {
  block.add(field(&S3Spec::vended_role),
            {.name = "vended_role",
             .description = "Role that `listeners.rest` asks STS for, narrowed to one table, when an engine "
                            "wants credentials to reach its files. Without it engines need their own. MinIO "
                            "knows no roles and takes any.",
             .example = "\"arn:aws:iam::111122223333:role/lake-tables\"",
             .default_text = "engines get no credentials",
             .name_pattern = "arn:[a-z-]+:iam::[0-9]*:role/[A-Za-z0-9+=,.@_/-]+"});
  block.add(field(&S3Spec::sts_endpoint),
            {.name = "sts_endpoint",
             .description = "The security token service (STS) that is asked for the role.",
             .example = "\"https://minio.example:9000\"",
             .default_text = "`endpoint`, else Amazon's for the region"});
}

Block<S3Spec> describe_s3() {
  Block<S3Spec> block(
      {.name = "s3",
       .description =
           "The S3 service of every `s3://` location. Keys never stand here: without a setting they "
           "are looked for in the environment (AWS_ACCESS_KEY_ID …), the profile files, a web "
           "identity, and the metadata of the container and the machine.",
       .article = "the"});
  block.add(field(&S3Spec::endpoint), {.name = "endpoint",
                                       .description = "The service, unless it is Amazon's.",
                                       .example = "\"https://minio.example:9000\"",
                                       .default_text = "Amazon's for the region"});
  block.add(field(&S3Spec::region), {.name = "region",
                                     .description = "Region of the buckets.",
                                     .example = "eu-central-1",
                                     .default_text = "AWS_REGION, else us-east-1 with an endpoint"});
  block.add(field(&S3Spec::addressing),
            {.name = "addressing", .description = "Where a request names its bucket.", .example = "path"});
  block.add(field(&S3Spec::ca_file), {.name = "ca_file",
                                      .description = "PEM file of the authority that signed the endpoint's "
                                                     "certificate.",
                                      .example = "minio-ca.pem",
                                      .default_text = "the system's"});
  add_credentials(block);
  add_vending(block);
  return block;
}

}  // namespace

std::span<const Choice> choices_of(S3Addressing) {
  return kAddressing;
}

const Block<S3Spec>& s3_block() {
  static const Block<S3Spec> kBlock = describe_s3();
  return kBlock;
}

}  // namespace tarn::project
