// A program that runs as a child, with its input and, at a terminal, its output in our hands.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace cleave::command::run {

/// The child goes on alone when this ends.
class Child {
 public:
  /// Starts the program under commits, listening at `control`. At a terminal it gets one of its
  /// own; else a pipe for its input, and our output. Throws std::runtime_error.
  Child(const std::vector<std::string>& words, const std::string& control, bool at_terminal);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Where its input is written, and, at a terminal, its output is read.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void write(const char* bytes, std::size_t count) const;
  /// There is no more input.
  void end_input();

  /// Until it has read all of its input and waits for more, or has ended.
  void wait_until_it_reads();
  [[nodiscard]] bool has_ended();
  /// Waits for its end; as a shell tells it: a signal is 128 and its number.
  int status();

 private:
  pid_t process_ = -1;
  int descriptor_ = -1;
  int wait_status_ = 0;
  bool ended_ = false;
};

}  // namespace cleave::command::run
