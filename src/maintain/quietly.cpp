#include "maintain/quietly.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tarn::maintain {
namespace {

constexpr int kNice = 10;
// ioprio_set(2), which glibc does not declare: the calling thread, "best effort", the last of eight levels.
constexpr int kWhoProcess = 1;
constexpr int kBestEffortLast = (2 << 13) | 7;

}  // namespace

void lower_priority() {
  // Hints: where the kernel refuses them, maintenance is a thread like any other.
  const auto thread = static_cast<id_t>(::syscall(SYS_gettid));
  static_cast<void>(::setpriority(PRIO_PROCESS, thread, kNice));
  static_cast<void>(::syscall(SYS_ioprio_set, kWhoProcess, 0, kBestEffortLast));
}

}  // namespace tarn::maintain
