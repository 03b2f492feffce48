#include "cli/sql/line_reader.h"

#include <histedit.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <utility>

namespace tarn::cli {
namespace {

constexpr int kHistorySize = 2000;
volatile std::sig_atomic_t g_interrupted = 0;

void note_interrupt(int /*signal*/) {
  g_interrupted = 1;
}

bool in_word(char c) {
  return c == '_' || c == '.' || c == '\\' || c == '"' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
}

char fold(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

}  // namespace

std::size_t last_word(std::string_view text) {
  std::size_t begin = text.size();
  while (begin > 0 && in_word(text[begin - 1])) --begin;
  return begin;
}

std::string common_prefix(const std::vector<std::string>& words) {
  if (words.empty()) return "";
  std::string prefix = words.front();
  for (const std::string& word : words) {
    const auto [end, other] = std::ranges::mismatch(prefix, word, {}, fold, fold);
    (void)other;
    prefix.erase(end, prefix.end());
  }
  return prefix;
}

struct LineReader::Impl {
  EditLine* line = nullptr;
  History* history = nullptr;
  HistEvent event{};
  std::string history_file;
  Complete complete;
  std::string prompt;

  static Impl* of(EditLine* line) {
    void* data = nullptr;
    el_get(line, EL_CLIENTDATA, &data);
    return static_cast<Impl*>(data);
  }
  static char* show_prompt(EditLine* line) { return of(line)->prompt.data(); }
  static unsigned char complete_word(EditLine* line, int /*key*/) { return of(line)->complete_here(); }
  unsigned char complete_here();
};

unsigned char LineReader::Impl::complete_here() {
  const LineInfo* info = el_line(line);
  const std::string_view before(info->buffer, static_cast<std::size_t>(info->cursor - info->buffer));
  const std::string word(before.substr(last_word(before)));
  const std::vector<std::string> words = complete(before);
  if (words.empty()) return CC_REFRESH_BEEP;
  const std::string prefix =
      words.size() == 1 ? words.front() + (words.front().ends_with('.') ? "" : " ") : common_prefix(words);
  if (prefix.size() > word.size()) {
    el_deletestr(line, static_cast<int>(word.size()));
    el_insertstr(line, prefix.c_str());
    return CC_REFRESH;
  }
  std::fputc('\n', stdout);
  for (std::size_t i = 0; i < words.size() && i < 60; ++i)
    std::fprintf(stdout, "%s%s", i == 0 ? "" : "  ", words[i].c_str());
  std::fputs(words.size() > 60 ? "  …\n" : "\n", stdout);
  std::fflush(stdout);
  return CC_REDISPLAY;
}

LineReader::LineReader(std::string history_file, Complete complete) : impl_(std::make_unique<Impl>()) {
  impl_->history_file = std::move(history_file);
  impl_->complete = std::move(complete);
  impl_->history = history_init();
  history(impl_->history, &impl_->event, H_SETSIZE, kHistorySize);
  history(impl_->history, &impl_->event, H_SETUNIQUE, 1);
  if (!impl_->history_file.empty())
    history(impl_->history, &impl_->event, H_LOAD, impl_->history_file.c_str());
  impl_->line = el_init("tarn", stdin, stdout, stderr);
  el_set(impl_->line, EL_CLIENTDATA, impl_.get());
  el_set(impl_->line, EL_PROMPT, &Impl::show_prompt);
  el_set(impl_->line, EL_EDITOR, "emacs");
  el_set(impl_->line, EL_SIGNAL, 0);
  el_set(impl_->line, EL_HIST, history, impl_->history);
  el_set(impl_->line, EL_ADDFN, "tarn-complete", "Complete a word", &Impl::complete_word);
  el_set(impl_->line, EL_BIND, "^I", "tarn-complete", nullptr);
  el_set(impl_->line, EL_BIND, "^R", "em-inc-search-prev", nullptr);
}

LineReader::~LineReader() {
  el_end(impl_->line);
  history_end(impl_->history);
}

LineReader::Read LineReader::read(const std::string& prompt) {
  impl_->prompt = prompt;
  g_interrupted = 0;
  struct sigaction action {};
  struct sigaction former {};
  action.sa_handler = note_interrupt;
  sigaction(SIGINT, &action, &former);
  int length = 0;
  const char* text = el_gets(impl_->line, &length);
  sigaction(SIGINT, &former, nullptr);
  if (text != nullptr && length > 0 && g_interrupted == 0) {
    std::string line(text, static_cast<std::size_t>(length));
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    return {Event::kLine, std::move(line)};
  }
  if (g_interrupted == 0) return {Event::kEnd, ""};
  el_reset(impl_->line);
  std::fputs("^C\n", stdout);
  return {Event::kInterrupted, ""};
}

void LineReader::remember(std::string statement) {
  std::ranges::replace(statement, '\n', ' ');
  history(impl_->history, &impl_->event, H_ENTER, statement.c_str());
  // Written each time: a prompt may end with its terminal.
  if (!impl_->history_file.empty())
    history(impl_->history, &impl_->event, H_SAVE, impl_->history_file.c_str());
}

}  // namespace tarn::cli
