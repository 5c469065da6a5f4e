#include "tools/run/shell.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "tools/run/child.h"
#include "tools/run/client.h"

namespace cleave::command::run {
namespace {

constexpr char kKey = 0x1d;  // Ctrl-]

/// A folder for the socket, which nobody else can look into.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cleave-run-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error(name + " cannot be made");
    path_ = name;
  }
  ~Folder() {
    std::error_code failed;
    (void)std::filesystem::remove_all(path_, failed);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string socket() const { return (path_ / "control").string(); }

 private:
  std::filesystem::path path_;
};

/// Keys come one by one while it lives.
class RawTerminal {
 public:
  RawTerminal() {
    if (tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios raw = before_;
    cfmakeraw(&raw);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  }
  ~RawTerminal() { (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &before_); }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
};

void print(std::string_view text) { (void)!write(STDOUT_FILENO, text.data(), text.size()); }

/// Connects when the program listens; nothing: it has ended before.
std::optional<Client> connect(Child& child, const std::string& socket) {
  constexpr std::chrono::milliseconds kStep(5);
  while (!child.has_ended()) {
    try {
      return std::make_optional<Client>(socket);
    } catch (const std::runtime_error&) {
      std::this_thread::sleep_for(kStep);
    }
  }
  return std::nullopt;
}

void obey_lines(Child& child, Client& client) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.starts_with(':')) {
      child.wait_until_it_reads();
      if (child.has_ended()) return;
      print(client.ask(line.substr(1)));
    } else {
      line += '\n';
      child.write(line.data(), line.size());
    }
  }
}

/// The keys of a terminal: the program's, or those of a command.
class Keys {
 public:
  Keys(Child& child, Client& client) : child_(child), client_(client) {}

  void take(char key) {
    if (key == kKey) {
      command_ = command_ ? std::nullopt : std::make_optional<std::string>();
      print(command_ ? "\r\ncleave> " : "\r\n");
    } else if (!command_) {
      child_.write(&key, 1);
    } else if (key == '\r') {
      print("\r\n" + with_returns(client_.ask(*command_)));
      command_.reset();
    } else if (key == 0x7f || key == '\b') {
      if (command_->empty()) return;
      command_->pop_back();
      print("\b \b");
    } else {
      *command_ += key;
      print({&key, 1});
    }
  }

 private:
  // In raw mode a new line alone does not begin at the left.
  static std::string with_returns(const std::string& text) {
    std::string all;
    for (const char letter : text) all += letter == '\n' ? "\r\n" : std::string(1, letter);
    return all;
  }

  Child& child_;
  Client& client_;
  std::optional<std::string> command_;
};

void obey_keys(Child& child, Client& client) {
  const RawTerminal raw;
  Keys keys(child, client);
  std::array<pollfd, 2> ready{pollfd{STDIN_FILENO, POLLIN, 0},
                              pollfd{child.descriptor(), POLLIN, 0}};
  for (;;) {
    if (poll(ready.data(), ready.size(), -1) < 0) continue;
    std::array<char, 4096> bytes{};
    if (ready[1].revents != 0) {
      const ssize_t got = read(child.descriptor(), bytes.data(), bytes.size());
      if (got <= 0) return;  // the program has ended
      print({bytes.data(), static_cast<std::size_t>(got)});
    }
    if (ready[0].revents == 0) continue;
    const ssize_t got = read(STDIN_FILENO, bytes.data(), bytes.size());
    if (got <= 0) ready[0].fd = -1;
    for (ssize_t i = 0; i < got; ++i) keys.take(bytes[static_cast<std::size_t>(i)]);
  }
}

}  // namespace

int run_in_shell(const std::vector<std::string>& words) {
  (void)std::signal(SIGPIPE, SIG_IGN);  // NOLINT: the program may end before its input does
  const bool at_terminal = isatty(STDIN_FILENO) == 1;
  const Folder folder;
  Child child(words, folder.socket(), at_terminal);
  if (std::optional<Client> client = connect(child, folder.socket())) {
    at_terminal ? obey_keys(child, *client) : obey_lines(child, *client);
  }
  child.end_input();
  return child.status();
}

}  // namespace cleave::command::run
