#include "pgwire/backend.h"

#include <fmt/format.h>

#include <cstring>
#include <utility>

#include "engine/errors.h"
#include "net/errors.h"
#include "pgwire/errors.h"
#include "query/errors.h"

namespace tarn::pgwire {
namespace {

/// Start-up parameters that are no settings.
constexpr std::string_view kNoSettings[] = {"user", "database", "replication", "options"};

std::int32_t random_secret(io::Random& random) {
  const auto bytes = random.bytes16();
  std::int32_t secret = 0;
  std::memcpy(&secret, bytes.data(), sizeof(secret));
  return secret;
}

/// `-c name=value` and `--name=value`, as in PGOPTIONS.
std::vector<std::pair<std::string, std::string>> read_options(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> settings;
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') {
      words.emplace_back();
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      words.back() += text[++i];
    } else {
      words.back() += text[i];
    }
  }
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string setting;
    if (words[i] == "-c" && i + 1 < words.size())
      setting = words[++i];
    else if (words[i].starts_with("-c"))
      setting = words[i].substr(2);
    else if (words[i].starts_with("--"))
      setting = words[i].substr(2);
    const std::size_t equals = setting.find('=');
    if (equals != std::string::npos)
      settings.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return settings;
}

}  // namespace

Backend::Backend(MessageStream& messages, SharedParts& shared, Login login)
    : messages_(messages),
      out_(messages.out()),
      shared_(shared),
      login_(std::move(login)),
      secret_(random_secret(shared.parts.random)) {
  process_ = shared_.running.enter(running_, secret_);
}

Backend::~Backend() {
  shared_.running.leave(process_);
}

Status Backend::greet() {
  for (const auto& [name, value] : login_.parameters) {
    const bool is_setting = !name.starts_with("_pq_.") &&
                            std::ranges::find(kNoSettings, std::string_view(name)) == std::end(kNoSettings);
    if (!is_setting) continue;
    TARN_RETURN_IF_ERROR(settings_.set(name, value));
    settings_.keep(name);
  }
  for (const auto& [name, value] : read_options(login_.parameters["options"])) {
    TARN_RETURN_IF_ERROR(settings_.set(name, value));
    settings_.keep(name);
  }
  for (const std::string_view name : Settings::reported()) {
    TARN_ASSIGN_OR_RETURN(std::string value, settings_.get(name));
    if (name == "session_authorization") value = login_.user;
    write_parameter_status(out_, name, value);
  }
  out_.begin('K').int32(process_).int32(secret_).end();
  write_ready(out_, 'I');
  return messages_.flush();
}

Result<query::Session*> Backend::session() {
  if (!session_) {
    TARN_ASSIGN_OR_RETURN(session_, shared_.parts.open_session(login_.user, messages_.stream().peer()));
    tells_settings_ = true;
  }
  if (tells_settings_) {
    query::postgres::Identity identity{.user = login_.user, .database = login_.database, .process = process_};
    for (const Settings::Entry& entry : settings_.all())
      identity.settings.push_back({entry.name, entry.value, std::string(entry.description)});
    session_->speak_postgres(std::move(identity));
    tells_settings_ = false;
  }
  return session_.get();
}

Status Backend::serve() {
  Status greeted = greet();
  if (!greeted.ok()) {
    write_error(out_, greeted.error(), "", true);
    TARN_RETURN_IF_ERROR(messages_.flush());
    return greeted;
  }
  messages_.set_message_limit(MessageStream::Limits().message_bytes);
  while (!is_over_) {
    Result<Message> message = messages_.next(net::BlockingStream::kNoLimit);
    if (!message.ok()) {
      // Who left has nothing to be told; who speaks another protocol has.
      if (&message.error().code() == &net::kClosed) return ok_status();
      write_error(out_, message.error(), "", true);
      TARN_RETURN_IF_ERROR(messages_.flush());
      return std::move(message).error();
    }
    TARN_RETURN_IF_ERROR(handle(*message));
  }
  return messages_.flush();
}

char Backend::transaction_letter() const {
  if (transaction_ == Transaction::kNone) return 'I';
  return transaction_ == Transaction::kOpen ? 'T' : 'E';
}

void Backend::fail(const Error& error, std::string_view sql) {
  is_over_ = &error.code() == &kShuttingDown || &error.code() == &query::kAccessChanged;
  write_error(out_, error, sql, is_over_);
  if (transaction_ == Transaction::kOpen) transaction_ = Transaction::kFailed;
  if (std::exchange(is_implicit_, false) && session_) session_->roll_back();
}

/// What lives no longer than a transaction ends with it.
void Backend::end_transaction() {
  transaction_ = Transaction::kNone;
  std::erase_if(portals_, [](const auto& one) { return !one.second.holds; });
}

Status Backend::check_transaction(const std::optional<OwnStatement>& own) const {
  if (transaction_ != Transaction::kFailed) return ok_status();
  const bool ends = own && (std::holds_alternative<CommitStatement>(*own) ||
                            std::holds_alternative<RollbackStatement>(*own) ||
                            std::holds_alternative<SavepointStatement>(*own));
  if (ends) return ok_status();
  return Error(kInFailedTransaction,
               "current transaction is aborted, commands ignored until end of transaction block");
}

Status Backend::handle(const Message& message) {
  if (std::holds_alternative<Terminate>(message)) {
    is_over_ = true;
    return ok_status();
  }
  if (const auto* query = std::get_if<Query>(&message)) {
    skips_to_sync_ = false;
    return simple_query(query->sql);
  }
  if (std::holds_alternative<Sync>(message)) {
    skips_to_sync_ = false;
    if (Status ended = end_implicit(); !ended.ok()) fail(ended.error(), last_sql_);
    if (transaction_ == Transaction::kNone) end_transaction();
    write_ready(out_, transaction_letter());
    return messages_.flush();
  }
  if (std::holds_alternative<Flush>(message)) return messages_.flush();
  // Rows of a COPY that was refused may still be on their way: they are passed over.
  const bool is_copy = std::holds_alternative<CopyData>(message) ||
                       std::holds_alternative<CopyDone>(message) || std::holds_alternative<CopyFail>(message);
  if (skips_to_sync_ || is_copy) return ok_status();
  Status done = handle_extended(message);
  if (done.ok()) return messages_.flush_if_full();
  if (done.error().name().starts_with("net.")) return done;
  fail(done.error(), last_sql_);
  skips_to_sync_ = true;
  return ok_status();
}

Status Backend::handle_extended(const Message& message) {
  if (const auto* one = std::get_if<Parse>(&message)) return parse(*one);
  if (const auto* one = std::get_if<Bind>(&message)) return bind(*one);
  if (const auto* one = std::get_if<Describe>(&message)) return describe(*one);
  if (const auto* one = std::get_if<Execute>(&message)) return execute(*one);
  if (const auto* one = std::get_if<Close>(&message)) return close(*one);
  if (std::holds_alternative<FunctionCall>(message))
    return Error(kUnsupported, "functions are called by SELECT, not by the function call protocol");
  return Error(kBadMessage, "the message makes no sense here");
}

}  // namespace tarn::pgwire
