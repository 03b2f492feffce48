#include "s3/trials.h"

#include <fmt/format.h>

#include <cstdlib>
#include <ctime>
#include <optional>
#include <utility>

#include "base/hash.h"
#include "io/errors.h"
#include "s3/errors.h"
#include "s3/failure.h"

namespace tarn::s3 {
namespace {

constexpr std::string_view kBody = "tarn doctor\n";
// S3 itself refuses at 15 minutes.
constexpr std::int64_t kSkewSeconds = 300;

/// How far this clock is ahead of the one that wrote a `Date` header.
std::optional<std::int64_t> skew_seconds(const net::HttpResponse& response, std::int64_t now_us) {
  std::tm parts{};
  const std::string date(response.headers.find("Date"));
  if (::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S", &parts) == nullptr) return std::nullopt;
  return now_us / 1'000'000 - static_cast<std::int64_t>(::timegm(&parts));
}

class Trials {
 public:
  Trials(const TrialParts& parts, const std::string& location) : parts_(parts), location_(location) {}

  std::vector<Trial> run() {
    const Result<Place> place = parse_location(location_);
    if (!place.ok()) return {{"bucket", "", place.error()}};
    bucket_ = place->bucket;
    const auto random = parts_.random.bytes16();
    object_ = location_ + "/.tarn-doctor-" + to_hex({reinterpret_cast<const char*>(random.data()), 8});
    if (step("bucket", [this] { return look(); }) && step("list", [this] { return list(); }) &&
        step("write", [this] { return write(); })) {
      if (step("conditional write", [this] { return write_again(); }))
        step("read", [this] { return read(); });
      step("remove", [this] { return remove(); });
    }
    return std::move(trials_);
  }

 private:
  template <typename Step>
  bool step(std::string name, Step&& run) {
    outcome_.clear();
    Status status = run();
    const bool ok = status.ok();
    trials_.push_back({std::move(name), std::exchange(outcome_, ""), std::move(status)});
    return ok;
  }

  /// One try, so that a wrong endpoint is told at once.
  Status look() {
    const std::string what = "reach the bucket " + bucket_;
    // A list of one: unlike HEAD its refusal comes with words.
    auto response = parts_.client.send({.method = "GET", .target = "?list-type=2&max-keys=1"},
                                       {.bucket = bucket_, .key = ""});
    if (!response.ok()) {
      return response.error().name().starts_with("net.") ? error_of(response.error(), what)
                                                         : std::move(response).error();
    }
    if (response->status != 200) return error_of(*response, what);
    const auto skew = skew_seconds(*response, parts_.clock.now_us());
    if (skew && std::abs(*skew) > kSkewSeconds)
      return Error(kClockSkew, fmt::format("this clock is {} s {} that of S3", std::abs(*skew),
                                           *skew > 0 ? "ahead of" : "behind"))
          .with_hint(std::string(kClockSkew.mend));
    outcome_ = fmt::format("{} answers for {}", parts_.client.endpoint().authority(), bucket_);
    return ok_status();
  }

  Status list() {
    TARN_RETURN_IF_ERROR(parts_.store.list(object_));
    outcome_ = location_ + " can be listed";
    return ok_status();
  }

  Status write() {
    TARN_RETURN_IF_ERROR(parts_.store.write(object_, kBody, io::IfExists::kReplace));
    outcome_ = location_ + " can be written";
    return ok_status();
  }

  Status write_again() {
    const Status second = parts_.store.write(object_, kBody, io::IfExists::kFail);
    if (second.ok())
      return Error(kFailed, "the service ignores `If-None-Match: *` and replaced an object")
          .with_hint("use a version of the S3 service that has conditional writes");
    if (second.error().name() != io::kExists.name) return second;
    outcome_ = "what is there is not replaced";
    return ok_status();
  }

  Status read() {
    TARN_ASSIGN_OR_RETURN(const std::string bytes, parts_.store.read(object_));
    if (bytes != kBody) return Error(kFailed, "what was read is not what was written");
    outcome_ = "what was written comes back";
    return ok_status();
  }

  Status remove() {
    TARN_RETURN_IF_ERROR(parts_.store.remove(object_));
    outcome_ = "objects can be removed";
    return ok_status();
  }

  TrialParts parts_;
  std::string location_;
  std::string bucket_;
  std::string object_;
  std::string outcome_;
  std::vector<Trial> trials_;
};

}  // namespace

std::vector<Trial> run_trials(const TrialParts& parts, const std::string& location) {
  return Trials(parts, location).run();
}

}  // namespace tarn::s3
