// Where the SQLite shell's lines come from: a person at a terminal, who edits them, or a file.
#pragma once

#include <histedit.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace cleave::shell {

class Lines {
 public:
  virtual ~Lines() = default;
  /// The next line, without its end; nothing: there are no more. A terminal shows `prompt`.
  virtual std::optional<std::string> next(const std::string& prompt) = 0;
  /// Whether the last line was given up by an interrupt.
  [[nodiscard]] virtual bool interrupted() const { return false; }
  [[nodiscard]] virtual bool from_terminal() const { return false; }
  /// How many there were.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 protected:
  std::uint64_t count_ = 0;
};

/// Standard input, as a script.
class ScriptLines final : public Lines {
 public:
  std::optional<std::string> next(const std::string& prompt) override;
};

/// Lines that are edited with libedit (emacs keys, or what ~/.editrc says), with a history that is
/// kept in
/// ~/.cleave_sqlite_history.
class TerminalLines final : public Lines {
 public:
  TerminalLines();
  ~TerminalLines() override;
  std::optional<std::string> next(const std::string& prompt) override;
  [[nodiscard]] bool interrupted() const override { return interrupted_; }
  [[nodiscard]] bool from_terminal() const override { return true; }

 private:
  struct End {
    void operator()(EditLine* editor) const { el_end(editor); }
    void operator()(::History* history) const { history_end(history); }
  };
  void remember(const char* line);

  std::string prompt_;
  std::string history_file_;
  std::unique_ptr<::History, End> history_;
  std::unique_ptr<EditLine, End> editor_;
  bool interrupted_ = false;
};

}  // namespace cleave::shell
