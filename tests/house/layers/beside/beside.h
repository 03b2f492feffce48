#pragma once

inline int beside_value() {
  return 1;
}
