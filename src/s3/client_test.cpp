#include "s3/client.h"

#include <gmock/gmock.h>

#include <deque>
#include <mutex>

#include "io/simulated.h"
#include "net/http_server.h"

namespace tarn::s3 {
namespace {

net::HttpResponse error_reply(int status, const std::string& code) {
  return {.status = status, .body = "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code></Error>"};
}

/// An S3 that answers as it is told, and keeps what it was asked.
class ClientTest : public testing::Test {
 protected:
  using Reply = std::function<net::HttpResponse(const net::HttpRequest&)>;

  ClientTest()
      : server_(net::HttpServer::start({}, [this](const auto& request) { return answer(request); }).value()) {
  }

  void next(Reply reply) { replies_.push_back(std::move(reply)); }
  void next(int status, const std::string& code = "") {
    next([=](const auto&) { return error_reply(status, code); });
  }
  /// Forgets what was, and answers so from now on.
  void only(int status, const std::string& code) {
    asked_.clear();
    replies_.clear();
    next(status, code);
  }
  /// A HEAD that finds the object, with the mark of the first request or somebody else's.
  void next_found(bool own) {
    next([=, this](const auto&) {
      net::HttpResponse response{.status = 200};
      response.headers.add("x-amz-meta-tarn-write",
                           own ? std::string(asked_.front().headers.find("x-amz-meta-tarn-write")) : "other");
      return response;
    });
  }

  Status put() { return client().put_if_absent({"lake", "a"}, "bytes"); }
  Client client() {
    Endpoint endpoint{.host = "127.0.0.1",
                      .port = server_->port(),
                      .tls = false,
                      .addressing = Addressing::kPath,
                      .region = "r"};
    return {endpoint,
            [] {
              return std::optional<Credentials>(Credentials{"id", "secret", ""});
            },
            clock_, random_};
  }

  std::vector<net::HttpRequest> asked_;

 private:
  net::HttpResponse answer(const net::HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    asked_.push_back(request);
    if (replies_.empty()) return error_reply(500, "InternalError");
    // The last one is for all that come after it.
    const Reply reply = replies_.front();
    if (replies_.size() > 1) replies_.pop_front();
    return reply(request);
  }

  std::mutex mutex_;
  std::deque<Reply> replies_;
  io::ManualClock clock_{1'700'000'000'000'000};
  io::SeededRandom random_{1};
  std::unique_ptr<net::HttpServer> server_;  // last: it answers until it is gone
};

TEST_F(ClientTest, WritesWhatIsNotThere) {
  next(200);
  EXPECT_TRUE(put().ok());
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].method + " " + asked_[0].target + " " + asked_[0].body, "PUT /lake/a bytes");
  EXPECT_EQ(asked_[0].headers.find("If-None-Match"), "*");
  EXPECT_THAT(std::string(asked_[0].headers.find("Authorization")),
              testing::HasSubstr("x-amz-meta-tarn-write"));
}

TEST_F(ClientTest, WhatIsThereIsAConflict) {
  next(412, "PreconditionFailed");
  EXPECT_EQ(put().error().name(), "io.exists");
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(ClientTest, RetriesWhatMayPass) {
  next(503, "SlowDown");
  next(409, "ConditionalRequestConflict");
  next(400, "RequestTimeout");
  next(200);
  EXPECT_TRUE(put().ok());
  EXPECT_EQ(asked_.size(), 4U);
}

TEST_F(ClientTest, AnObjectOfItsOwnLostReplyIsNoConflict) {
  next(500, "InternalError");
  next(412, "PreconditionFailed");
  next_found(true);
  EXPECT_TRUE(put().ok());
}

TEST_F(ClientTest, AnObjectOfSomebodyElseIsAConflictEvenAfterALostReply) {
  next(500, "InternalError");
  next(412, "PreconditionFailed");
  next_found(false);
  EXPECT_EQ(put().error().name(), "io.exists");
}

TEST_F(ClientTest, AnEndWithoutAnAnswerIsAnUnknownOutcome) {
  next(503, "ServiceUnavailable");
  const Status written = put();
  EXPECT_EQ(written.error().name(), "s3.write_unknown");
  EXPECT_EQ(written.error().error_class(), ErrorClass::kUnknownOutcome);
}

TEST_F(ClientTest, RefusalsAreNotRetried) {
  const std::pair<int, std::string> kRefusals[] = {{403, "AccessDenied"},
                                                   {403, "SignatureDoesNotMatch"},
                                                   {404, "NoSuchBucket"},
                                                   {403, "RequestTimeTooSkewed"},
                                                   {301, "PermanentRedirect"}};
  const std::string kNames[] = {"s3.denied", "s3.bad_credentials", "s3.no_bucket", "s3.clock_skew",
                                "s3.wrong_region"};
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    only(kRefusals[i].first, kRefusals[i].second);
    const Status written = put();
    EXPECT_EQ(written.error().name(), kNames[i]);
    EXPECT_EQ(asked_.size(), 1U) << kNames[i];
  }
}

TEST_F(ClientTest, RemovesWhatIsThereAndWhatIsNot) {
  next(503, "SlowDown");
  next(204);
  EXPECT_TRUE(client().remove({"lake", "a"}).ok());
  EXPECT_EQ(asked_.back().method, "DELETE");
  only(404, "NoSuchKey");
  EXPECT_TRUE(client().remove({"lake", "a"}).ok());
}

TEST_F(ClientTest, AServerThatIsNotThereIsTold) {
  Endpoint endpoint{.host = "127.0.0.1", .port = 1, .tls = false, .addressing = Addressing::kPath};
  io::ManualClock clock(0);
  io::SeededRandom random(1);
  Client client(
      endpoint, [] { return std::optional<Credentials>(); }, clock, random);
  const Status written = client.put_if_absent({"lake", "a"}, "x");
  EXPECT_EQ(written.error().name(), "s3.unreachable") << "nothing was sent: the outcome is known";
  EXPECT_EQ(written.error().error_class(), ErrorClass::kTransient);
}

}  // namespace
}  // namespace tarn::s3
