#include "state/process_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "io/simulated.h"
#include "state/temporary_folder_test.h"

namespace tarn::state {
namespace {

constexpr std::int64_t kNoonUs = 1'709'294'400'000'000;

TEST(ProcessLock, TellsTheSecondWhoHoldsIt) {
  TemporaryFolder folder;
  io::ManualClock clock(kNoonUs);
  const std::string path = folder / "state/tarn.lock";
  EXPECT_EQ(*ProcessLock::holder(path), std::nullopt);
  {
    auto lock = ProcessLock::acquire(path, "tarn serve\n--x", clock);
    ASSERT_TRUE(lock.ok());
    const auto second = ProcessLock::acquire(path, "tarn ingest", clock);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().name(), "state.locked");
    EXPECT_NE(second.error().message().find("`tarn serve --x`"), std::string::npos);
    EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
    EXPECT_NE(second.error().message().find("2024-03-01T12:00:00Z"), std::string::npos);
    const auto holder = ProcessLock::holder(path);
    ASSERT_TRUE(holder.ok() && holder->has_value());
    EXPECT_EQ((*holder)->pid, ::getpid());
    ProcessLock moved = std::move(lock).value();
    EXPECT_EQ(ProcessLock::acquire(path, "tarn ingest", clock).error().name(), "state.locked");
  }
  EXPECT_EQ(*ProcessLock::holder(path), std::nullopt);
  EXPECT_TRUE(ProcessLock::acquire(path, "tarn ingest", clock).ok());
}

TEST(ProcessLock, EndsWithItsProcess) {
  TemporaryFolder folder;
  io::ManualClock clock(kNoonUs);
  const std::string path = folder / "tarn.lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = ProcessLock::acquire(path, "tarn serve", clock);
    const char answer = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) std::_Exit(1);
    ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  EXPECT_EQ((*ProcessLock::holder(path))->pid, child);
  EXPECT_EQ(ProcessLock::acquire(path, "tarn ingest", clock).error().name(), "state.locked");
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(*ProcessLock::holder(path), std::nullopt);
  EXPECT_TRUE(ProcessLock::acquire(path, "tarn ingest", clock).ok());
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(ProcessLock, SaysWhenItCannotBeMade) {
  io::ManualClock clock(kNoonUs);
  EXPECT_EQ(ProcessLock::acquire("/proc/none/tarn.lock", "tarn ingest", clock).error().name(),
            "state.denied");
  EXPECT_EQ(ProcessLock::acquire("/proc", "tarn ingest", clock).error().name(), "state.denied");
}

TEST(ProcessLock, ReadsOnlyWhatItWrote) {
  const auto holder = parse_lock_holder("pid 12\ncommand tarn serve\nsince_us 34\n");
  ASSERT_TRUE(holder.has_value());
  EXPECT_EQ(holder->pid, 12);
  EXPECT_EQ(holder->command, "tarn serve");
  EXPECT_EQ(holder->since_us, 34);
  for (const char* bad :
       {"", "12\n", "pid 12\n", "pid x\ncommand a\nsince_us 1\n", "pid -1\ncommand a\nsince_us 1\n",
        "pid 12\ncommand a\nsince_us 1", "pid 99999999999999999999\ncommand a\nsince_us 1\n"})
    EXPECT_FALSE(parse_lock_holder(bad).has_value()) << bad;
}

}  // namespace
}  // namespace tarn::state
