#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

/// What clients send (PostgreSQL 15, "Message Formats"). Texts point into the bytes that were read.
namespace tarn::pgwire {

/// Text is 0, binary 1.
enum class Format : std::int16_t { kText = 0, kBinary = 1 };

struct StartupMessage {
  std::int16_t minor_version = 0;
  std::map<std::string, std::string> parameters;  ///< `user`, `database`, settings.
};
struct SslRequest {};
struct GssRequest {};
struct CancelRequest {
  std::int32_t process = 0;
  std::int32_t secret = 0;
};
using FirstMessage = std::variant<StartupMessage, SslRequest, GssRequest, CancelRequest>;

/// Of a message without a type: the body behind its length. Errors: pgwire.bad_message,
/// pgwire.bad_version.
Result<FirstMessage> read_first_message(std::string_view body);

struct Query {
  std::string_view sql;
};
struct Parse {
  std::string_view name;
  std::string_view sql;
  std::vector<std::uint32_t> types;  ///< Of the parameters, 0 where the server is to say.
};
struct Bind {
  std::string_view portal;
  std::string_view statement;
  std::vector<Format> formats;  ///< None: text; one: for all; else one for each.
  std::vector<std::optional<std::string_view>> values;
  std::vector<Format> result_formats;
};
struct Describe {
  bool is_portal = false;
  std::string_view name;
};
struct Execute {
  std::string_view portal;
  std::int32_t max_rows = 0;  ///< 0 or less: all.
};
struct Close {
  bool is_portal = false;
  std::string_view name;
};
struct Flush {};
struct Sync {};
struct Terminate {};
struct Password {  ///< Also the answers of SASL.
  std::string_view body;
};
struct CopyData {
  std::string_view bytes;
};
struct CopyDone {};
struct CopyFail {
  std::string_view reason;
};
struct FunctionCall {};
using Message = std::variant<Query, Parse, Bind, Describe, Execute, Close, Flush, Sync, Terminate, Password,
                             CopyData, CopyDone, CopyFail, FunctionCall>;

/// Errors: pgwire.bad_message.
Result<Message> read_message(char type, std::string_view body);

}  // namespace tarn::pgwire
