#include "tools/sqlite/lines.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace cleave::shell {
namespace {

constexpr int kHistoryLines = 1000;

const char* prompt_of(EditLine* editor) {
  void* prompt = nullptr;
  (void)el_get(editor, EL_CLIENTDATA, &prompt);
  return static_cast<const std::string*>(prompt)->c_str();
}

std::string history_file() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string() : std::string(home) + "/.cleave_sqlite_history";
}

}  // namespace

std::optional<std::string> ScriptLines::next(const std::string&) {
  std::string line;
  if (!std::getline(std::cin, line)) return {};
  ++count_;
  return line;
}

TerminalLines::TerminalLines()
    : history_file_(history_file()),
      history_(history_init()),
      editor_(el_init("cleave", stdin, stdout, stderr)) {
  HistEvent event;
  (void)::history(history_.get(), &event, H_SETSIZE, kHistoryLines);
  (void)::history(history_.get(), &event, H_SETUNIQUE, 1);
  if (!history_file_.empty()) {
    (void)::history(history_.get(), &event, H_LOAD, history_file_.c_str());
  }
  (void)el_set(editor_.get(), EL_CLIENTDATA, &prompt_);
  (void)el_set(editor_.get(), EL_PROMPT, prompt_of);
  (void)el_set(editor_.get(), EL_EDITOR, "emacs");
  (void)el_set(editor_.get(), EL_HIST, ::history, history_.get());
  (void)el_source(editor_.get(), nullptr);
}

TerminalLines::~TerminalLines() {
  HistEvent event;
  if (!history_file_.empty()) {
    (void)::history(history_.get(), &event, H_SAVE, history_file_.c_str());
  }
}

void TerminalLines::remember(const char* line) {
  HistEvent event;
  (void)::history(history_.get(), &event, H_ENTER, line);
}

std::optional<std::string> TerminalLines::next(const std::string& prompt) {
  prompt_ = prompt;
  interrupted_ = false;
  int size = 0;
  errno = 0;
  const char* text = el_gets(editor_.get(), &size);
  if (text == nullptr || size <= 0) {
    interrupted_ = errno == EINTR;
    (void)std::fputc('\n', stdout);
    el_reset(editor_.get());
    if (interrupted_) return std::string();
    return {};
  }
  ++count_;
  std::string line(text, static_cast<std::size_t>(size));
  if (line.find_first_not_of(" \t\n") != std::string::npos) remember(text);
  if (line.ends_with('\n')) line.pop_back();
  return line;
}

}  // namespace cleave::shell
