#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <arrow/type_fwd.h>

#include "base/result.h"
#include "engine/connection.h"
#include "io/clock.h"
#include "io/random.h"

namespace tarn::flight {

/// A statement that a client was given a ticket for. It holds no session: that comes with its reading.
struct Ask {
  std::string sql = {};
  std::vector<engine::ParameterValue> values = {};    ///< Of `$1`, `$2` …
  std::shared_ptr<arrow::Schema> promised = nullptr;  ///< Null: the columns were not known.
};

/// A statement that a client prepared.
struct Prepared {
  std::string sql = {};
  /// As SQL writes them, of parameters whose surroundings tell nothing; empty for the others.
  std::vector<std::string> declared = {};
  std::shared_ptr<arrow::Schema> parameters = nullptr;
  std::shared_ptr<arrow::Schema> columns = nullptr;  ///< Null: not known, or there are none.
  bool is_update = false;                            ///< It answers with a count alone.
  std::vector<engine::ParameterValue> values = {};
};

/// The statements of a server by the handles that clients have of them. A handle is 256 random bits and good
/// for its user only. Any thread.
class Statements {
 public:
  static constexpr std::int64_t kUnreadLifeUs = 5LL * 60 * 1'000'000;
  static constexpr std::int64_t kIdleLifeUs = 60LL * 60 * 1'000'000;  ///< Of prepared ones.
  static constexpr std::size_t kOfUser =
      1000;  ///< Unread ones, of which the oldest makes room, and prepared ones.

  Statements(io::Random& random, io::Clock& clock) : random_(random), clock_(clock) {}

  std::string add(const std::string& user, Ask ask);
  /// Once. Errors: flight.no_such_handle.
  Result<Ask> take(const std::string& user, const std::string& handle);

  /// Errors: flight.too_many_statements.
  Result<std::string> add_prepared(const std::string& user, Prepared prepared);
  /// Errors: flight.no_such_handle.
  Result<Prepared> find_prepared(const std::string& user, const std::string& handle);
  Status replace_prepared(const std::string& user, const std::string& handle, Prepared prepared);
  void close_prepared(const std::string& user, const std::string& handle);

  /// A statement that is being read, from enter() to leave().
  struct Reading {
    std::string user;
    std::function<void()> end;
    std::function<bool()> is_left;  ///< Its client has gone.
  };
  void enter(const std::string& handle, Reading reading);
  void leave(const std::string& handle);
  /// Whether it was there to be cancelled, unread or being read.
  bool cancel(const std::string& user, const std::string& handle);
  /// Drops what nobody came for, and ends what clients left.
  void sweep();

 private:
  template <typename T>
  struct Kept {
    std::string user;
    std::int64_t until_us = 0;
    T value;
  };
  Kept<Prepared>* find(const std::string& user, const std::string& handle);

  io::Random& random_;
  io::Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Kept<Ask>> unread_;
  std::map<std::string, Kept<Prepared>> prepared_;
  std::map<std::string, Reading> readings_;
};

}  // namespace tarn::flight
