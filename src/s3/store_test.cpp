#include "s3/store.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/hash.h"
#include "io/errors.h"

// Against a real server, whose address is in TARN_TEST_S3, with the bucket `lake`:
// tests/interop/s3_server.py.
namespace tarn::s3 {
namespace {

class S3Store : public testing::Test {
 protected:
  void SetUp() override {
    const char* endpoint = std::getenv("TARN_TEST_S3");
    if (endpoint == nullptr) GTEST_SKIP() << "no server: run it by tests/interop/s3_server.py";
    auto store = S3ObjectStore::open({.endpoint = endpoint}, *clock_, io::make_system_random());
    ASSERT_TRUE(store.ok()) << store.error().to_string();
    store_ = std::move(store).value();
    const auto random = io::make_system_random()->bytes16();
    root_ = "s3://lake/test-" + to_hex({reinterpret_cast<const char*>(random.data()), 8}) + "/";
  }
  std::string at(const std::string& name) const { return root_ + name; }

  std::unique_ptr<io::Clock> clock_ = io::make_system_clock();
  std::unique_ptr<S3ObjectStore> store_;
  std::string root_;
};

class ShutDown : public testing::Environment {
  void TearDown() override { shut_down(); }
};
[[maybe_unused]] const auto* const kShutDown = testing::AddGlobalTestEnvironment(new ShutDown);

TEST_F(S3Store, WritesReadsListsAndRemoves) {
  ASSERT_TRUE(store_->write(at("b/two"), "22", io::IfExists::kReplace).ok());
  ASSERT_TRUE(store_->write(at("a/one"), "1", io::IfExists::kReplace).ok());
  ASSERT_TRUE(store_->write(at("a/one"), "one", io::IfExists::kReplace).ok());
  EXPECT_EQ(*store_->read(at("a/one")), "one");
  EXPECT_EQ(store_->stat(at("b/two"))->size_bytes, 2U);
  EXPECT_GT(store_->stat(at("b/two"))->modified_us, 1'600'000'000'000'000);
  ASSERT_TRUE(store_->sync().ok());
  const auto listed = store_->list(root_);
  ASSERT_TRUE(listed.ok()) << listed.error().to_string();
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].location, at("a/one"));
  EXPECT_TRUE(store_->list(at("nothing"))->empty());
  EXPECT_TRUE(store_->remove(at("a/one")).ok());
  EXPECT_TRUE(store_->remove(at("a/one")).ok());
  EXPECT_EQ(store_->read(at("a/one")).error().name(), "io.not_found");
  EXPECT_EQ(store_->stat(at("a/one")).error().name(), "io.not_found");
  EXPECT_EQ(store_->stat(at("b")).error().name(), "io.not_found") << "a folder is no object";
  EXPECT_EQ(store_->list(root_)->size(), 1U) << "a removal leaves no marker";
}

TEST_F(S3Store, RefusesToReplaceWhenAsked) {
  ASSERT_TRUE(store_->write(at("x"), "1", io::IfExists::kFail).ok());
  EXPECT_EQ(store_->write(at("x"), "2", io::IfExists::kFail).error().name(), "io.exists");
  EXPECT_EQ(*store_->read(at("x")), "1");
}

TEST_F(S3Store, AWriterPublishesOnCloseOnly) {
  {
    auto writer = *store_->create(at("w"));
    ASSERT_TRUE(writer->write("part").ok());
  }
  EXPECT_FALSE(store_->read(at("w")).ok());
  auto writer = *store_->create(at("w"));
  ASSERT_TRUE(writer->write("who").ok());
  ASSERT_TRUE(writer->write("le").ok());
  ASSERT_TRUE(writer->close().ok());
  EXPECT_EQ(*store_->read(at("w")), "whole");
}

TEST_F(S3Store, LargeObjectsGoUpInParts) {
  std::string piece(3U << 20, 'x');
  {
    auto dropped = *store_->create(at("dropped"));
    for (int i = 0; i < 8; ++i) ASSERT_TRUE(dropped->write(piece).ok());
  }
  EXPECT_EQ(store_->stat(at("dropped")).error().name(), "io.not_found");
  auto writer = *store_->create(at("large"));
  Sha256 sum;
  for (int i = 0; i < 8; ++i) {
    piece[0] = static_cast<char>('a' + i);
    sum.update(piece);
    ASSERT_TRUE(writer->write(piece).ok());
  }
  ASSERT_TRUE(writer->close().ok());
  const auto bytes = store_->read(at("large"));
  ASSERT_TRUE(bytes.ok()) << bytes.error().to_string();
  EXPECT_EQ(sha256(*bytes), sum.finish());
}

TEST_F(S3Store, KeysAreBytesAsTheyAre) {
  for (const std::string name : {"day=2026-01-01/a b.txt", "per%20cent", "plus+and&", "umläut", "q'\"?#"}) {
    ASSERT_TRUE(store_->write(at(name), name, io::IfExists::kReplace).ok()) << name;
    EXPECT_EQ(*store_->read(at(name)), name);
    EXPECT_EQ(store_->write(at(name), "", io::IfExists::kFail).error().name(), "io.exists") << name;
    EXPECT_EQ(store_->list(root_)->front().location, at(name));
    EXPECT_TRUE(store_->remove(at(name)).ok());
    EXPECT_TRUE(store_->list(root_)->empty()) << name;
  }
}

TEST_F(S3Store, EmptyObjectsExist) {
  ASSERT_TRUE(store_->write(at("empty"), "", io::IfExists::kReplace).ok());
  EXPECT_EQ(*store_->read(at("empty")), "");
}

TEST_F(S3Store, BucketsThatAreNotThereAreTold) {
  EXPECT_EQ(store_->write("s3://no-such-lake/a", "x", io::IfExists::kReplace).error().name(), "s3.no_bucket");
  EXPECT_EQ(store_->write("s3://no-such-lake/a", "x", io::IfExists::kFail).error().name(), "s3.no_bucket");
  EXPECT_EQ(store_->read("s3://lake").error().name(), "io.bad_location");
}

TEST_F(S3Store, TriesOutWhatTarnNeeds) {
  for (const Trial& trial : store_->try_out("s3://lake/trial"))
    EXPECT_TRUE(trial.status.ok()) << trial.name << ": " << trial.status.error().to_string();
  EXPECT_TRUE(store_->list("s3://lake/trial")->empty());
  EXPECT_EQ(store_->try_out("s3://no-such-lake").front().status.error().name(), "s3.no_bucket");
}

}  // namespace
}  // namespace tarn::s3
