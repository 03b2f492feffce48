#include "pgwire/protocol/messages.h"

#include <fmt/format.h>

#include "pgwire/errors.h"
#include "pgwire/protocol/wire_buffer.h"

namespace tarn::pgwire {
namespace {

constexpr std::int16_t kMajorVersion = 3;
/// The "versions" of requests that come in place of a start-up message.
constexpr std::int16_t kRequestVersion = 1234;
constexpr std::int16_t kCancelRequest = 5678;
constexpr std::int16_t kSslRequest = 5679;
constexpr std::int16_t kGssRequest = 5680;

Error malformed(std::string_view what) {
  return {kBadMessage, fmt::format("a message of the client is malformed: {}", what)};
}

Result<FirstMessage> read_startup(WireReader& in, std::int16_t minor) {
  StartupMessage message{.minor_version = minor, .parameters = {}};
  while (in.ok()) {
    const std::string_view name = in.text();
    if (name.empty()) break;
    const std::string_view value = in.text();
    message.parameters.insert_or_assign(std::string(name), std::string(value));
  }
  if (!in.done()) return malformed("start-up");
  return FirstMessage(std::move(message));
}

Status read_formats(WireReader& in, std::vector<Format>& formats) {
  const std::int16_t count = in.int16();
  for (std::int16_t i = 0; i < count && in.ok(); ++i) {
    const std::int16_t format = in.int16();
    if (format != 0 && format != 1) return malformed(fmt::format("there is no format {}", format));
    formats.push_back(static_cast<Format>(format));
  }
  return ok_status();
}

Result<Message> read_parse(WireReader& in) {
  Parse message;
  message.name = in.text();
  message.sql = in.text();
  const std::int16_t count = in.int16();
  for (std::int16_t i = 0; i < count && in.ok(); ++i)
    message.types.push_back(static_cast<std::uint32_t>(in.int32()));
  if (!in.done()) return malformed("Parse");
  return Message(std::move(message));
}

Result<Message> read_bind(WireReader& in) {
  Bind message;
  message.portal = in.text();
  message.statement = in.text();
  TARN_RETURN_IF_ERROR(read_formats(in, message.formats));
  const std::int16_t count = in.int16();
  for (std::int16_t i = 0; i < count && in.ok(); ++i) {
    const std::int32_t size = in.int32();
    if (size < 0) {
      message.values.emplace_back();
    } else {
      message.values.emplace_back(in.bytes(static_cast<std::size_t>(size)));
    }
  }
  TARN_RETURN_IF_ERROR(read_formats(in, message.result_formats));
  if (!in.done()) return malformed("Bind");
  const std::size_t formats = message.formats.size();
  if (formats > 1 && formats != message.values.size()) return malformed("Bind has other formats than values");
  return Message(std::move(message));
}

template <typename Named>
Result<Message> read_named(WireReader& in, std::string_view what) {
  const char kind = static_cast<char>(in.byte());
  Named message;
  message.is_portal = kind == 'P';
  message.name = in.text();
  if (!in.done() || (kind != 'P' && kind != 'S')) return malformed(what);
  return Message(message);
}

Result<Message> read_execute(WireReader& in) {
  Execute message;
  message.portal = in.text();
  message.max_rows = in.int32();
  if (!in.done()) return malformed("Execute");
  return Message(message);
}

}  // namespace

Result<FirstMessage> read_first_message(std::string_view body) {
  WireReader in(body);
  const std::int16_t major = in.int16();
  const std::int16_t minor = in.int16();
  if (!in.ok()) return malformed("start-up");
  if (major == kRequestVersion && minor == kSslRequest && in.done()) return FirstMessage(SslRequest{});
  if (major == kRequestVersion && minor == kGssRequest && in.done()) return FirstMessage(GssRequest{});
  if (major == kRequestVersion && minor == kCancelRequest) {
    CancelRequest request;
    request.process = in.int32();
    request.secret = in.int32();
    if (!in.done()) return malformed("cancel request");
    return FirstMessage(request);
  }
  if (major != kMajorVersion) {
    return Error(kBadVersion, fmt::format("the client speaks version {}.{} of the protocol, the server 3.0",
                                          major, minor));
  }
  return read_startup(in, minor);
}

Result<Message> read_message(char type, std::string_view body) {
  WireReader in(body);
  switch (type) {
    case 'Q': {
      const Query message{in.text()};
      if (!in.done()) return malformed("Query");
      return Message(message);
    }
    case 'P':
      return read_parse(in);
    case 'B':
      return read_bind(in);
    case 'D':
      return read_named<Describe>(in, "Describe");
    case 'C':
      return read_named<Close>(in, "Close");
    case 'E':
      return read_execute(in);
    case 'H':
      return Message(Flush{});
    case 'S':
      return Message(Sync{});
    case 'X':
      return Message(Terminate{});
    case 'p':
      return Message(Password{body});
    case 'd':
      return Message(CopyData{body});
    case 'c':
      return Message(CopyDone{});
    case 'f': {
      const CopyFail message{in.text()};
      if (!in.done()) return malformed("CopyFail");
      return Message(message);
    }
    case 'F':
      return Message(FunctionCall{});
    default:
      return malformed(fmt::format("there is no message of type 0x{:02x}", static_cast<unsigned char>(type)));
  }
}

}  // namespace tarn::pgwire
