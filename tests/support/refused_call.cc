#include "tests/support/refused_call.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>

// Newer than many headers.
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP 1UL
#endif

namespace cleave::detail {
namespace {

constexpr int kNotPossible = 77;

/// From now on the kernel asks whoever has the descriptor about each of the calls. -1: it cannot.
int ask_about(std::span<const long> calls) {
  std::vector<sock_filter> filter;
  filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  for (const long call : calls) {
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call), 0, 1));
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

/// Room in a message for one descriptor.
struct Parcel {
  explicit Parcel() {
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = room.data();
    message.msg_controllen = room.size();
  }
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> room{};
  msghdr message{};
};

bool send_descriptor(int socket, int descriptor) {
  Parcel parcel;
  cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  return sendmsg(socket, &parcel.message, 0) == 1;
}

int receive_descriptor(int socket) {
  Parcel parcel;
  if (recvmsg(socket, &parcel.message, MSG_CMSG_CLOEXEC) != 1) return -1;
  const cmsghdr* header = CMSG_FIRSTHDR(&parcel.message);
  int descriptor = -1;
  if (header != nullptr) std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  return descriptor;
}

/// What the C library allocates in the run comes from memory that it has already: its own calls are
/// not what is tried.
void provide_for_malloc() {
  constexpr std::size_t kEnough = std::size_t{64} << 20;
  (void)mallopt(M_MMAP_MAX, 0);
  (void)mallopt(M_TRIM_THRESHOLD, 1 << 30);
  std::free(std::malloc(kEnough));
}

[[noreturn]] void run(std::span<const long> watched, int socket, int said,
                      const std::function<std::string()>& body) {
  (void)dup2(said, STDERR_FILENO);
  provide_for_malloc();
  const int listener = ask_about(watched);
  if (listener < 0 || !send_descriptor(socket, listener)) _exit(kNotPossible);
  (void)close(listener);
  const std::string wrong = body();
  (void)!write(said, wrong.data(), wrong.size());
  _exit(wrong.empty() ? 0 : 1);
}

/// Answers until the child has ended.
void supervise(int listener, pid_t child, const Refusing& refusing, RunOutcome& outcome) {
  (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
  constexpr int kLong = 300'000;          // ms without a call: no machine is that slow
  constexpr std::size_t kMany = 500'000;  // calls: it asks again and again
  std::uint64_t seen = 0;                 // of the number that is refused
  for (;;) {
    pollfd ready{listener, POLLIN, 0};
    const int events = poll(&ready, 1, kLong);
    if (events < 0 && errno == EINTR) continue;
    if (events == 0 || outcome.calls.size() > kMany) {
      outcome.hung = true;
      (void)kill(child, SIGKILL);
      return;
    }
    if ((ready.revents & POLLIN) == 0) return;
    seccomp_notif asked{};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue;
    outcome.calls.push_back(asked.data.nr);
    if (asked.data.nr == refusing.call) ++seen;
    seccomp_notif_resp answer{};
    answer.id = asked.id;
    if (asked.data.nr == refusing.call && refusing.kth != 0 &&
        (seen == refusing.kth || (refusing.from_then_on && seen > refusing.kth))) {
      answer.error = -refusing.error;
    } else {
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    }
    (void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

std::string all_of(int descriptor) {
  std::string text;
  std::array<char, 1024> part;
  for (ssize_t got; (got = read(descriptor, part.data(), part.size())) > 0;) {
    text.append(part.data(), static_cast<std::size_t>(got));
  }
  return text;
}

}  // namespace

RunOutcome run_refused(std::span<const long> watched, const Refusing& refusing,
                       const std::function<std::string()>& body) {
  RunOutcome outcome;
  std::array<int, 2> sockets{};
  std::array<int, 2> said{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0 ||
      pipe(said.data()) != 0) {
    return outcome;
  }
  const pid_t child = fork();
  if (child == 0) {
    (void)close(sockets[0]);
    (void)close(said[0]);
    run(watched, sockets[1], said[1], body);
  }
  (void)close(sockets[1]);
  (void)close(said[1]);
  const int listener = receive_descriptor(sockets[0]);
  if (listener >= 0) supervise(listener, child, refusing, outcome);
  outcome.said = all_of(said[0]);
  (void)waitpid(child, &outcome.status, 0);
  if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == kNotPossible) {
    outcome.status = kNotPossible;
  }
  for (const int descriptor : {listener, sockets[0], said[0]}) {
    if (descriptor >= 0) (void)close(descriptor);
  }
  return outcome;
}

}  // namespace cleave::detail
