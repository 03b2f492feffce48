#include "cli/sql/result_printer.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>
#include <utility>

#include "base/size.h"
#include "io/errors.h"

namespace tarn::cli {
namespace {

volatile std::sig_atomic_t g_interrupts = 0;

void count_interrupt(int /*signal*/) {
  g_interrupts = g_interrupts + 1;
}

/// Turns Ctrl-C into session.interrupt() as long as it lives.
class InterruptGuard {
 public:
  explicit InterruptGuard(query::Session& session) : session_(session) {
    g_interrupts = 0;
    struct sigaction action {};
    action.sa_handler = count_interrupt;
    sigaction(SIGINT, &action, &former_);
    // The handler may only count; a thread carries the count to the session.
    watcher_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        if (g_interrupts > 0) session_.interrupt();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    });
  }
  ~InterruptGuard() {
    watcher_.request_stop();
    watcher_.join();
    sigaction(SIGINT, &former_, nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  query::Session& session_;
  struct sigaction former_ {};
  std::jthread watcher_;
};

Error write_error(const std::string& name) {
  const int number = errno;
  const ErrorCode& code = number == ENOSPC ? io::kDiskFull : number == EACCES ? io::kDenied : io::kFailed;
  return Error(code, fmt::format("cannot write {}: {}", name, std::generic_category().message(number)));
}

/// A plan is a drawing of many lines, which a table's cell would put into one.
bool is_plan(const engine::ResultSet& rows) {
  const std::vector<engine::Column>& columns = rows.columns();
  return columns.size() == 2 && columns[0].name == "explain_key" && columns[1].name == "explain_value";
}

Status print_plan(engine::ResultSet& rows, TextSink& sink) {
  TARN_ASSIGN_OR_RETURN(const auto cells, engine::read_texts(rows));
  for (const auto& row : cells) {
    std::string drawing = row[1].value_or("");
    if (!drawing.ends_with('\n')) drawing += '\n';
    TARN_RETURN_IF_ERROR(sink.write(drawing));
  }
  return ok_status();
}

}  // namespace

Result<std::unique_ptr<FileSink>> FileSink::create(const std::string& path) {
  auto sink = std::make_unique<FileSink>();
  sink->name_ = path;
  sink->file_ = std::fopen(path.c_str(), "wb");
  if (sink->file_ == nullptr) return write_error(path);
  return sink;
}

FileSink::~FileSink() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

Status FileSink::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size()) return ok_status();
  return write_error(name_);
}

Status FileSink::close() {
  if (file_ == stdout) return std::fflush(stdout) == 0 ? ok_status() : Status(write_error(name_));
  return std::fclose(std::exchange(file_, nullptr)) == 0 ? ok_status() : Status(write_error(name_));
}

Status ResultPrinter::run_statement(const query::StatementText& statement, const query::RunOptions& run,
                                    const AnswerOptions& answer, TextSink& sink) {
  const std::int64_t started_us = context_.clock().monotonic_us();
  const InterruptGuard guard(session_);
  TARN_ASSIGN_OR_RETURN(engine::ResultSet rows, session_.run(statement, run));
  if (answer.render.format == OutputFormat::kTable && is_plan(rows)) {
    TARN_RETURN_IF_ERROR(print_plan(rows, sink));
  } else if (rows.has_rows()) {
    TARN_ASSIGN_OR_RETURN(const std::uint64_t count, render_result(rows, answer.render, sink));
    (void)count;
  } else {
    TARN_ASSIGN_OR_RETURN(const auto cells, engine::read_texts(rows));
    const bool counted =
        cells.size() == 1 && cells[0].size() == 1 && cells[0][0] && rows.columns()[0].name == "Count";
    if (counted && context_.err().is_tty)
      context_.note(fmt::format("{} row{} written", *cells[0][0], *cells[0][0] == "1" ? "" : "s"));
  }
  if (answer.timing) {
    const double seconds = static_cast<double>(context_.clock().monotonic_us() - started_us) / 1e6;
    context_.note(seconds < 1 ? fmt::format("{:.1f} ms", seconds * 1000) : format_duration(seconds));
  }
  return ok_status();
}

Status ResultPrinter::run_script(const std::string& script, const query::RunOptions& run,
                                 const AnswerOptions& answer) {
  FileSink standard;
  std::unique_ptr<FileSink> file;
  const bool parquet = answer.render.format == OutputFormat::kParquet;
  if (!answer.to.empty() && !parquet) {
    TARN_ASSIGN_OR_RETURN(file, FileSink::create(answer.to));
  }
  FileSink& sink = file == nullptr ? standard : *file;
  const std::vector<query::StatementText> statements = query::split_statements(script);
  for (std::size_t i = 0; i < statements.size(); ++i) {
    query::RunOptions each = run;
    // Of a script, the last statement is what the file is made of.
    if (parquet && i + 1 == statements.size()) each.copy_to_parquet = answer.to;
    TARN_RETURN_IF_ERROR(run_statement(statements[i], each, answer, sink));
  }
  return sink.close();
}

}  // namespace tarn::cli
