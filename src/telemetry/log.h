#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/error.h"

namespace tarn::telemetry {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// A typed field of an event. Values of columns tagged as identifying never enter one.
using FieldValue = std::variant<std::string, std::int64_t, double, bool>;
using Field = std::pair<std::string_view, FieldValue>;

/// Writes events as JSON lines: `{"time":"…Z","level":"info","event":"ingest.batch_committed","files":12}`.
/// Members may be called by many threads at once; an event is one write.
///
///   log.info("ingest.batch_committed", {{"files", std::int64_t{12}}, {"seconds", 0.4}});
class Log {
 public:
  /// Events below `threshold` are dropped. `out` must outlive the log; `now_us` gives microseconds since the
  /// epoch.
  Log(std::ostream& out, Level threshold, std::int64_t (*now_us)());

  void debug(std::string_view event, std::initializer_list<Field> fields) {
    write(Level::kDebug, event, fields);
  }
  void info(std::string_view event, std::initializer_list<Field> fields) {
    write(Level::kInfo, event, fields);
  }
  void warning(std::string_view event, std::initializer_list<Field> fields) {
    write(Level::kWarning, event, fields);
  }
  /// Events about an Error: they add its code, class, message and hint.
  void warning(std::string_view event, const Error& error, std::initializer_list<Field> fields);
  void error(std::string_view event, const Error& error, std::initializer_list<Field> fields);

 private:
  void write(Level level, std::string_view event, std::initializer_list<Field> fields,
             const Error* error = nullptr);

  std::ostream& out_;
  Level threshold_;
  std::int64_t (*now_us_)();
  std::mutex mutex_;
};

}  // namespace tarn::telemetry
