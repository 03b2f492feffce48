#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tarn::query::postgres {

struct SettingValue {
  std::string name;
  std::string value;
  std::string description;
};

/// What a server's client is told of itself.
struct Identity {
  std::string user;
  std::string database;
  std::int32_t process = 0;
  std::vector<SettingValue> settings = {};
};

}  // namespace tarn::query::postgres
