// Commands for a program that `cleave run --control` has started.
#pragma once

#include <optional>
#include <string>

namespace cleave::command::run {

/// A connection to the program's socket.
class Client {
 public:
  /// Throws std::runtime_error: no program listens there.
  explicit Client(const std::string& socket);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The answer to a line, which begins with "ok" or "no". Throws std::runtime_error: the program
  /// has ended, or does not answer for ten seconds (it blocks the signal, or is stopped).
  std::string ask(const std::string& line);

 private:
  std::string socket_;
  int descriptor_;
};

}  // namespace cleave::command::run
