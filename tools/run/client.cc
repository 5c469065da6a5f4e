#include "tools/run/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace cleave::command::run {

Client::Client(const std::string& socket)
    : socket_(socket), descriptor_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) {
    throw std::runtime_error(socket + ": no socket has so long a path");
  }
  std::memcpy(static_cast<char*>(address.sun_path), socket.data(), socket.size());
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return;
  const std::string why = std::strerror(errno);
  (void)close(descriptor_);
  throw std::runtime_error(socket + ": " + why +
                           "; no program listens there that `cleave run --control` has started");
}

Client::~Client() { (void)close(descriptor_); }

std::string Client::ask(const std::string& line) {
  const std::string text = line + "\n";
  if (send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL) < 0) {
    throw std::runtime_error(socket_ + ": the program has ended");
  }
  constexpr int kPatience = 10000;  // ms
  std::string answer;
  while (!answer.ends_with("\n\n")) {
    pollfd readable{descriptor_, POLLIN, 0};
    if (poll(&readable, 1, kPatience) == 0) {
      throw std::runtime_error(socket_ +
                               ": no answer; the program is stopped, or it blocks signal 64");
    }
    std::array<char, 4096> bytes{};
    const ssize_t got = recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (got <= 0) throw std::runtime_error(socket_ + ": the program has ended");
    answer.append(bytes.data(), static_cast<std::size_t>(got));
  }
  answer.pop_back();
  return answer;
}

}  // namespace cleave::command::run
