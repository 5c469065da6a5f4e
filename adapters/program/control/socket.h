// Commands by a socket, whose news come as a signal: the program needs no thread for it.
#pragma once

#include <string>
#include <vector>

#include "adapters/program/kernel/signals.h"
#include "adapters/program/state/program.h"

namespace cleave::program {

/// Any number of clients; each sends lines, and gets for each an answer that ends with an empty
/// line.
class ControlSocket {
 public:
  /// Listens at `path`, in place of what no process listens at any more. Empty text: it does; else
  /// why it cannot.
  std::string listen_at(const std::string& path);
  /// Answers all that has come.
  void serve(Program& program);
  /// The file goes.
  void end() const;

 private:
  struct Client {
    int descriptor;
    std::string unread;
  };
  void accept_all();
  static void answer_lines(Client& client, Program& program);
  /// False: the client is gone, or is to go.
  static bool serve(Client& client, Program& program);

  int listener_ = -1;
  std::string path_;
  std::vector<Client> clients_;
};

}  // namespace cleave::program
