#include "low/low.h"

int middle_value() {
  return low_value();
}
