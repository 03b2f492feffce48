#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace tarn::internal {

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr,
               "tarn: broken invariant `%s` at %s:%d. Please report it; nothing was committed after it.\n",
               condition, file, line);
  std::abort();
}

}  // namespace tarn::internal
