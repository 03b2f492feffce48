#include "io/object_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

#include "io/errors.h"
#include "io/routed_store.h"
#include "io/simulated.h"

namespace tarn::io {
namespace {

struct StoreCase {
  std::string name;
  std::function<std::unique_ptr<ObjectStore>()> make;
};

class ObjectStoreConformance : public testing::TestWithParam<StoreCase> {
 protected:
  ObjectStoreConformance() : root_(testing::TempDir() + "tarn-store-" + GetParam().name) {
    std::filesystem::remove_all(root_);
  }
  ~ObjectStoreConformance() override { std::filesystem::remove_all(root_); }
  std::string at(const std::string& name) const { return "file://" + root_ + "/" + name; }
  std::string root_;
  std::unique_ptr<ObjectStore> store_ = GetParam().make();
};

TEST_P(ObjectStoreConformance, WritesReadsListsAndRemoves) {
  ASSERT_TRUE(store_->write(at("b/two"), "22", IfExists::kReplace).ok());
  ASSERT_TRUE(store_->write(at("a/one"), "1", IfExists::kReplace).ok());
  ASSERT_TRUE(store_->write(at("a/one"), "one", IfExists::kReplace).ok());
  EXPECT_EQ(*store_->read(at("a/one")), "one");
  EXPECT_EQ(store_->stat(at("b/two"))->size_bytes, 2U);
  ASSERT_TRUE(store_->sync().ok());
  const auto listed = *store_->list(at(""));
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].location, at("a/one"));
  EXPECT_TRUE(store_->remove(at("a/one")).ok());
  EXPECT_TRUE(store_->remove(at("a/one")).ok());
  EXPECT_EQ(store_->read(at("a/one")).error().name(), "io.not_found");
  EXPECT_EQ(store_->stat(at("a/one")).error().name(), "io.not_found");
}

TEST_P(ObjectStoreConformance, RefusesToReplaceWhenAsked) {
  ASSERT_TRUE(store_->write(at("x"), "1", IfExists::kFail).ok());
  EXPECT_EQ(store_->write(at("x"), "2", IfExists::kFail).error().name(), "io.exists");
  EXPECT_EQ(*store_->read(at("x")), "1");
}

TEST_P(ObjectStoreConformance, AWriterPublishesOnCloseOnly) {
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
  EXPECT_EQ(store_->list(at(""))->size(), 1U);
}

TEST_P(ObjectStoreConformance, SyncsManyObjects) {
  for (int i = 0; i < 40; ++i)
    ASSERT_TRUE(store_->write(at("m/" + std::to_string(i)), "x", IfExists::kReplace).ok());
  EXPECT_TRUE(store_->sync().ok());
  EXPECT_EQ(store_->list(at("m"))->size(), 40U);
}

INSTANTIATE_TEST_SUITE_P(Stores, ObjectStoreConformance,
                         testing::Values(StoreCase{"local", make_local_object_store},
                                         StoreCase{"memory",
                                                   [] { return std::make_unique<MemoryObjectStore>(); }}),
                         [](const auto& test) { return test.param.name; });

TEST(LocalPath, DecodesUrisAndRefusesOthers) {
  EXPECT_EQ(*local_path("file:///a/b%20c"), "/a/b c");
  EXPECT_EQ(*local_path("file:/a/b"), "/a/b");
  EXPECT_EQ(*local_path("/plain"), "/plain");
  EXPECT_EQ(*local_path(file_uri("/odd #1%.csv")), "/odd #1%.csv");
  for (const char* bad : {"s3://bucket/key", "relative/path", "", "file://host.example/x", "file:///a%00b"}) {
    const auto path = local_path(bad);
    ASSERT_FALSE(path.ok()) << bad;
    EXPECT_EQ(path.error().name(), "io.bad_location");
  }
}

TEST(LocalStore, NamesWhatTheSystemRefused) {
  const auto store = make_local_object_store();
  EXPECT_EQ(store->write("/dev/null/x/y", "1", IfExists::kReplace).error().error_class(),
            ErrorClass::kPermanent);
}

// A file that another thread is still flushing is not durable yet.
TEST(LocalStore, SyncWaitsForWhatOthersFlush) {
  std::string pattern = (std::filesystem::temp_directory_path() / "tarn-sync-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  const std::string path = folder + "/file";
  const auto store = make_local_object_store();
  ASSERT_TRUE(store->write(path, "x", IfExists::kFail).ok());
  // Opening a pipe to flush it takes until somebody writes: a very slow disk.
  ASSERT_EQ(::unlink(path.c_str()), 0);
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  auto first = std::async(std::launch::async, [&] { return store->sync(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  auto second = std::async(std::launch::async, [&] { return store->sync(); });
  EXPECT_EQ(second.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  const int writer = ::open(path.c_str(), O_WRONLY);
  EXPECT_FALSE(first.get().ok()) << "a pipe cannot be flushed";
  EXPECT_FALSE(second.get().ok()) << "so that it is still owed";
  ::close(writer);
  std::filesystem::remove_all(folder);
}

TEST(MemoryStore, LosesWhatWasNotSynced) {
  MemoryObjectStore store;
  ASSERT_TRUE(store.write("/a", "1", IfExists::kReplace).ok());
  ASSERT_TRUE(store.sync().ok());
  ASSERT_TRUE(store.write("/a", "2", IfExists::kReplace).ok());
  store.lose_unsynced();
  EXPECT_EQ(*store.read("/a"), "1");
}

TEST(RoutedStore, HandsEachLocationToItsStore) {
  MemoryObjectStore* far = nullptr;
  std::unique_ptr<MemoryObjectStore> remote;
  int opened = 0;
  std::vector<RoutedObjectStore::Route> routes;
  routes.push_back({{"s3", "s3a"}, [&]() -> Result<ObjectStore*> {
                      if (++opened == 1) return Error(kFailed, "not yet");
                      remote = std::make_unique<MemoryObjectStore>();
                      far = remote.get();
                      return far;
                    }});
  auto local = std::make_unique<MemoryObjectStore>();
  MemoryObjectStore& near = *local;
  RoutedObjectStore store(std::move(local), std::move(routes));
  ASSERT_TRUE(store.write("/a", "near", IfExists::kReplace).ok());
  EXPECT_EQ(*near.read("/a"), "near");
  EXPECT_EQ(opened, 0) << "nobody asked for it";
  EXPECT_EQ(store.write("s3://lake/a", "far", IfExists::kReplace).error().message(), "not yet");
  ASSERT_TRUE(store.write("s3://lake/a", "far", IfExists::kReplace).ok());
  EXPECT_EQ(*store.read("s3://lake/a"), "far");
  EXPECT_EQ(opened, 2);
  ASSERT_TRUE(store.sync().ok());
  near.lose_unsynced();
  far->lose_unsynced();
  EXPECT_EQ(*store.read("/a"), "near");
  EXPECT_EQ(*store.read("s3://lake/a"), "far");
  EXPECT_EQ(make_local_object_store()->read("gs://lake/a").error().name(), "io.bad_location");
}

}  // namespace
}  // namespace tarn::io
