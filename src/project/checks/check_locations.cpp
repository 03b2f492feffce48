#include <fmt/format.h>
#include <re2/re2.h>

#include "project/checks/checks.h"
#include "project/errors.h"

// Which settings may lie in an object store, and whether what is said of it fits together.
namespace tarn::project {
namespace {

class LocationCheck {
 public:
  explicit LocationCheck(Diagnostics& out) : out_(out) {}

  void check(const ProjectSpec& spec) {
    check_place("warehouse", spec.warehouse);
    check_place("landing", spec.landing);
    check_service(spec.s3);
  }

  void check_source(const SourceSpec& source) {
    for (const Located<std::string>* folder : {&source.folder, &source.move_to}) {
      if (has_scheme(**folder) && !(*folder)->starts_with("file:///"))
        fail(folder->span, fmt::format("`{}` is no folder of this machine", **folder),
             "write a folder: files are taken from folders only");
    }
  }

 private:
  static bool has_scheme(const std::string& written) { return written.find("://") != std::string::npos; }

  void fail(const SourceSpan& span, std::string message, std::string hint) {
    out_.error(Error(kBadValue, std::move(message)).with_span(span).with_hint(std::move(hint)));
  }

  void check_place(std::string_view key, const Located<std::string>& place) {
    if (!has_scheme(*place) || place->starts_with("file:///")) return;
    if (!is_s3_location(*place))
      return fail(place.span, fmt::format("`{}: {}` is no folder, file:/// or s3:// location", key, *place),
                  "write a folder, or `s3://bucket/prefix`");
    static const RE2 kLocation("s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/[^/?#\\\\\\x00-\\x20]+)*/?");
    if (!RE2::FullMatch(*place, kLocation))
      fail(place.span, fmt::format("`{}` is no bucket with a prefix", *place),
           "write it as in `s3://bucket/prefix`: buckets have 3 to 63 lower-case letters, digits, `-` and "
           "`.`");
  }

  void check_endpoint(const Located<std::string>& written) {
    const std::string& endpoint = *written;
    static const RE2 kUrl("https?://(?:[A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(?::[0-9]{1,5})?/?");
    if (!endpoint.empty() && !RE2::FullMatch(endpoint, kUrl))
      fail(written.span, fmt::format("`{}` is no endpoint", endpoint),
           "write scheme, host and port, as in `https://minio.example:9000`, without a bucket");
    static const RE2 kOwnMachine("http://(?:localhost|127\\.[0-9.]+|\\[::1\\])(?::[0-9]+)?/?");
    if (endpoint.starts_with("http://") && !RE2::FullMatch(endpoint, kOwnMachine))
      out_.warning(
          Error(kPlainTransport, fmt::format("`{}` carries data and file names in the clear", endpoint))
              .with_span(written.span)
              .with_hint("use https://, with `ca_file` for a certificate of your own"));
  }

  void check_service(const S3Spec& spec) {
    check_endpoint(spec.endpoint);
    check_endpoint(spec.sts_endpoint);
    if (spec.access_key_id_env->empty() != spec.secret_access_key_env->empty()) {
      const bool lacks_secret = spec.secret_access_key_env->empty();
      fail(lacks_secret ? spec.access_key_id_env.span : spec.secret_access_key_env.span,
           "the id of an access key and its secret go together",
           fmt::format("write `{}` too", lacks_secret ? "secret_access_key_env" : "access_key_id_env"));
    }
  }

  Diagnostics& out_;
};

}  // namespace

bool is_s3_location(std::string_view written) {
  return written.starts_with("s3://");
}

void check_locations(const Project& project, Diagnostics& out) {
  LocationCheck check(out);
  check.check(project.spec);
  for (const FeedSpec& feed : project.feeds) check.check_source(feed.source);
}

}  // namespace tarn::project
