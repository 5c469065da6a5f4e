#include "adapters/program/control/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "adapters/program/control/commands.h"
#include "adapters/program/own/descriptors.h"

namespace cleave::program {
namespace {

// To this thread alone: were there another, it would not be the one that rests.
bool signals_news(int descriptor) {
  const f_owner_ex owner{F_OWNER_TID, gettid()};
  return fcntl(descriptor, F_SETOWN_EX, &owner) == 0 &&
         fcntl(descriptor, F_SETSIG, kControlSignal) == 0 &&
         fcntl(descriptor, F_SETFL, O_NONBLOCK | O_ASYNC) == 0;
}

bool someone_listens(const sockaddr_un& address) {
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answered =
      connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  (void)close(probe);
  return answered;
}

void send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      text.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    constexpr int kPatience = 1000;  // ms: a client that does not read must not stop the program
    pollfd writable{descriptor, POLLOUT, 0};
    if (errno != EAGAIN || poll(&writable, 1, kPatience) <= 0) return;
  }
}

}  // namespace

std::string ControlSocket::listen_at(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return "the socket's path is longer than " + std::to_string(sizeof address.sun_path - 1) +
           " bytes; name a shorter one";
  }
  std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
  if (someone_listens(address)) return path + ": another program listens there";
  struct stat there {};
  if (lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return path + ": is there, and no socket; name another path";
    (void)unlink(path.c_str());
  }
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (made < 0) return path + ": " + strerrordesc_np(errno);
  listener_ = keep_as_own(made);
  const mode_t mask = umask(0177);  // whoever may connect may go back in time
  const bool bound =
      bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int why = errno;
  (void)umask(mask);
  if (!bound) return path + ": " + strerrordesc_np(why);
  path_ = path;
  // In this order: of a client that came in between, no signal would ever tell.
  if (!signals_news(listener_) || listen(listener_, 16) != 0) {
    return path + ": " + strerrordesc_np(errno);
  }
  return {};
}

void ControlSocket::accept_all() {
  for (;;) {
    clients_.reserve(clients_.size() + 1);
    const int made = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (made < 0) return;
    const int client = keep_as_own(made);
    if (client < 0) continue;
    if (signals_news(client)) {
      clients_.push_back({client, {}});
    } else {
      forget_own_descriptor(client);
      (void)close(client);
    }
  }
}

void ControlSocket::answer_lines(Client& client, Program& program) {
  for (std::size_t end = 0; (end = client.unread.find('\n')) != std::string::npos;) {
    const std::string line = client.unread.substr(0, end);
    client.unread.erase(0, end + 1);
    send_all(client.descriptor, answer_to(program, line) + "\n");
  }
}

bool ControlSocket::serve(Client& client, Program& program) {
  for (;;) {
    std::array<char, 4096> bytes{};
    const ssize_t got = recv(client.descriptor, bytes.data(), bytes.size(), 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (got < 0) return true;
    try {
      client.unread.append(bytes.data(), static_cast<std::size_t>(got));
      answer_lines(client, program);
    } catch (const std::bad_alloc&) {
      send_all(client.descriptor,
               "no: out of memory for the answer; what was asked for may have been done\n\n");
      return false;
    }
  }
}

void ControlSocket::serve(Program& program) {
  if (listener_ < 0) return;
  try {
    accept_all();
  } catch (const std::bad_alloc&) {  // who waits is served with the next command
  }
  std::erase_if(clients_, [&](Client& client) {
    if (serve(client, program)) return false;
    forget_own_descriptor(client.descriptor);
    (void)close(client.descriptor);
    return true;
  });
}

void ControlSocket::end() const {
  if (!path_.empty()) (void)unlink(path_.c_str());
}

}  // namespace cleave::program
