#include "drop_folder/drop_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>

namespace tarn::drop_folder {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

std::int64_t system_now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

class DropFolderTest : public testing::Test {
 protected:
  DropFolderTest() : root_(fs::path(testing::TempDir()) / "tarn-drop") {
    fs::remove_all(root_);
    fs::create_directories(root_ / "in" / "F1");
  }
  ~DropFolderTest() override { fs::remove_all(root_); }

  void put(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / "in" / name).parent_path());
    std::ofstream(root_ / "in" / name) << text;
  }
  std::unique_ptr<connect::Source> open(milliseconds settle = milliseconds(0)) {
    DropFolderOptions options;
    options.folder = (root_ / "in").string();
    options.settle = settle;
    options.excluded.push_back((root_ / "in" / "done/").string());
    options.now_us = system_now_us;
    auto source = open_drop_folder(std::move(options));
    EXPECT_TRUE(source.ok());
    return std::move(source).value();
  }

  fs::path root_;
};

TEST_F(DropFolderTest, ShowsCompleteFilesOnlyOldestFirst) {
  put("F1/b.zip", "bb");
  put("a.zip", "a");
  put(".hidden", "x");
  put("up.zip.part", "x");
  put(".stage/c.zip", "x");
  put("UP.ZIP.TMP", "x");
  put("up.zip.FilePart", "x");
  put("Work.Part/d.zip", "x");
  put("down.CRDOWNLOAD", "x");
  fs::create_symlink("a.zip", root_ / "in" / "link.zip");
  fs::last_write_time(root_ / "in" / "F1/b.zip", fs::file_time_type::clock::now() - std::chrono::hours(1));
  const auto scan = open()->scan();
  ASSERT_TRUE(scan.ok());
  ASSERT_EQ(scan->complete.size(), 2U);
  EXPECT_EQ(scan->complete[0].path, "F1/b.zip");
  EXPECT_EQ(scan->complete[1].path, "a.zip");
  EXPECT_EQ(scan->unsettled, 0U);
}

TEST_F(DropFolderTest, WaitsForFilesThatMayGrow) {
  put("a.zip", "a");
  const auto source = open(milliseconds(300));
  EXPECT_EQ(source->scan()->unsettled, 1U);
  ::usleep(350'000);
  EXPECT_EQ(source->scan()->complete.size(), 1U);
}

TEST_F(DropFolderTest, AFileHeldOpenByItsWriterIsNotComplete) {
  put("a.zip", "a");
  const int writer = ::open((root_ / "in" / "a.zip").c_str(), O_WRONLY | O_APPEND);
  ASSERT_GE(writer, 0);
  const auto source = open();
  EXPECT_EQ(source->scan()->unsettled, 1U);
  ::close(writer);
  EXPECT_EQ(source->scan()->complete.size(), 1U);
}

TEST_F(DropFolderTest, ReadsAndNoticesChanges) {
  put("a.zip", "abc");
  const auto source = open();
  const auto file = source->scan()->complete.at(0);
  std::string bytes;
  ASSERT_TRUE(source->read(file, bytes).ok());
  EXPECT_EQ(bytes, "abc");
  put("a.zip", "abcd");
  EXPECT_EQ(source->read(file, bytes).error().name(), "source.changed");
}

TEST_F(DropFolderTest, AcknowledgingMovesWithoutOverwriting) {
  put("F1/a.zip", "1");
  const auto source = open();
  const connect::Release moved{connect::After::kMove, (root_ / "in" / "done").string()};
  ASSERT_TRUE(source->acknowledge(source->scan()->complete.at(0), moved).ok());
  put("F1/a.zip", "2");
  ASSERT_TRUE(source->acknowledge(source->scan()->complete.at(0), moved).ok());
  EXPECT_TRUE(fs::exists(root_ / "in/done/F1/a.zip"));
  EXPECT_TRUE(fs::exists(root_ / "in/done/F1/a.zip.2"));
  EXPECT_EQ(source->scan()->complete.size(), 0U);
}

TEST_F(DropFolderTest, DoesNotDeleteWhatCameInTheMeantime) {
  put("a.zip", "1");
  const auto source = open();
  const auto file = source->scan()->complete.at(0);
  put("a.zip", "newer");
  ASSERT_TRUE(source->acknowledge(file, {connect::After::kDelete, ""}).ok());
  EXPECT_TRUE(fs::exists(root_ / "in/a.zip"));
  ASSERT_TRUE(source->acknowledge(source->scan()->complete.at(0), {connect::After::kDelete, ""}).ok());
  EXPECT_FALSE(fs::exists(root_ / "in/a.zip"));
}

TEST_F(DropFolderTest, WakesForFilesRenamedIntoNewFoldersAtOnce) {
  const auto source = open(milliseconds(60'000));
  ASSERT_TRUE(source->wait(milliseconds(0), {}).ok());
  fs::create_directories(root_ / "in/F2");
  ASSERT_TRUE(source->wait(milliseconds(1000), {}).ok());
  put("F2/.a.zip", "1");
  fs::rename(root_ / "in/F2/.a.zip", root_ / "in/F2/a.zip");
  ASSERT_TRUE(source->wait(milliseconds(1000), {}).ok());
  const auto scan = source->scan();
  ASSERT_EQ(scan->complete.size(), 1U);
  EXPECT_EQ(scan->complete[0].path, "F2/a.zip");
}

TEST(DropFolder, NamesAMissingFolder) {
  DropFolderOptions options;
  options.folder = "/nonexistent/tarn";
  const auto source = open_drop_folder(std::move(options));
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().name(), "source.missing");
}

}  // namespace
}  // namespace tarn::drop_folder
