#include "telemetry/log.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "base/civil_time.h"

namespace tarn::telemetry {
namespace {

std::string_view name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

}  // namespace

Log::Log(std::ostream& out, Level threshold, std::int64_t (*now_us)())
    : out_(out), threshold_(threshold), now_us_(now_us) {}

void Log::warning(std::string_view event, const Error& error, std::initializer_list<Field> fields) {
  write(Level::kWarning, event, fields, &error);
}

void Log::error(std::string_view event, const Error& error, std::initializer_list<Field> fields) {
  write(Level::kError, event, fields, &error);
}

void Log::write(Level level, std::string_view event, std::initializer_list<Field> fields,
                const Error* error) {
  if (level < threshold_) return;
  nlohmann::ordered_json line;
  line["time"] = format_timestamp_utc(now_us_());
  line["level"] = name_of(level);
  line["event"] = event;
  for (const auto& [name, value] : fields) {
    std::visit([&line, key = std::string(name)](const auto& typed) { line[key] = typed; }, value);
  }
  if (error != nullptr) {
    line["code"] = error->name();
    line["class"] = to_string(error->error_class());
    line["message"] = error->message();
    if (!error->hint().empty()) line["hint"] = error->hint();
  }
  const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  const std::lock_guard lock(mutex_);
  out_.write(text.data(), static_cast<std::streamsize>(text.size()));
  out_.flush();
}

}  // namespace tarn::telemetry
