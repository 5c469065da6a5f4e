#include "lab/kernel/references/fuse.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>
#include <vector>

#include <fmt/format.h>

namespace lab::kernel {
namespace {

using State = FuseFile::State;

// A transfer is one page, and its request has a header.
constexpr std::size_t kLargestRequest = std::size_t{64} << 10;

class Server : public FuseServer {
 public:
  Server(int device, FuseFile& file) : device_(device), file_(file) {
    std::thread([this] { serve(); }).detach();
  }
  // The thread ends with the process: nothing but the process' end makes it wait no longer.
  ~Server() override { forget(); }
  void forget() override {
    if (device_ >= 0) close(device_);
    device_ = -1;
  }

 private:
  void serve() {
    std::vector<char> request(kLargestRequest);
    const int device = device_;
    for (;;) {
      pollfd of{device, POLLIN, 0};
      if (poll(&of, 1, -1) < 0 && errno != EINTR) return;
      if ((of.revents & (POLLERR | POLLHUP)) != 0) return;
      if ((of.revents & POLLIN) == 0) continue;
      const bool held = hold();
      const ssize_t got = read(device, request.data(), request.size());
      if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == ENOENT)) continue;
      if (got < static_cast<ssize_t>(sizeof(fuse_in_header))) return;
      answer(request.data(), held);
    }
  }

  // Leaves the request where it is for as long as the client likes. Whether it did.
  bool hold() {
    State expected = State::expected;
    if (!file_.state.compare_exchange_strong(expected, State::waits)) return false;
    file_.changed.wake_all();
    file_.changed.wait([&] { return file_.state != State::waits || file_.over; });
    return true;
  }

  void answer(const char* request, bool held) {
    const auto* head = reinterpret_cast<const fuse_in_header*>(request);
    switch (head->opcode) {
      case FUSE_INIT: {
        fuse_init_out out{};
        out.major = FUSE_KERNEL_VERSION;
        out.minor = FUSE_KERNEL_MINOR_VERSION;
        out.max_write = sizeof file_.bytes;
        return reply(*head, &out, sizeof out);
      }
      case FUSE_GETATTR: {
        fuse_attr_out out{};
        out.attr_valid = 3600;
        out.attr.ino = head->nodeid;
        out.attr.size = sizeof file_.bytes;
        out.attr.mode = S_IFREG | 0600;
        out.attr.nlink = 1;
        return reply(*head, &out, sizeof out);
      }
      case FUSE_OPEN: {
        fuse_open_out out{};
        out.open_flags = FOPEN_DIRECT_IO;
        return reply(*head, &out, sizeof out);
      }
      case FUSE_WRITE:
        return written(*head, request + sizeof *head, held);
      case FUSE_READ:
        if (held) await_end();
        return held && file_.state != State::answer
                   ? fail(*head, EIO)
                   : reply(*head, file_.bytes.data(), file_.length);
      case FUSE_RELEASE:
        return reply(*head, nullptr, 0);
      case FUSE_FORGET:
      case FUSE_BATCH_FORGET:
      case FUSE_INTERRUPT:
        return;
      default:  // Also FLUSH, which then is never asked again: see FuseReference.
        return fail(*head, ENOSYS);
    }
  }

  void written(const fuse_in_header& head, const char* body, bool held) {
    const auto* in = reinterpret_cast<const fuse_write_in*>(body);
    std::memcpy(file_.bytes.data(), body + sizeof *in,
                std::min<std::size_t>(in->size, file_.bytes.size()));
    if (held) {
      State asked = State::read_it;
      if (file_.state.compare_exchange_strong(asked, State::seen)) file_.changed.wake_all();
      await_end();
    }
    if (held && file_.state != State::answer) return fail(head, EIO);
    const fuse_write_out out{in->size, 0};
    reply(head, &out, sizeof out);
  }

  void await_end() {
    file_.changed.wait([&] {
      return (file_.state != State::read_it && file_.state != State::seen) || file_.over;
    });
  }

  void reply(const fuse_in_header& to, const void* data, std::size_t length) const {
    send(to, 0, data, length);
  }
  void fail(const fuse_in_header& to, int error) const { send(to, -error, nullptr, 0); }
  void send(const fuse_in_header& to, int error, const void* data, std::size_t length) const {
    fuse_out_header head{};
    head.len = static_cast<std::uint32_t>(sizeof head + length);
    head.error = error;
    head.unique = to.unique;
    const std::array<iovec, 2> parts{{{&head, sizeof head}, {const_cast<void*>(data), length}}};
    // ENOENT: the caller was killed meanwhile.
    (void)!writev(device_, parts.data(), length == 0 ? 1 : 2);
  }

  int device_;
  FuseFile& file_;
};

}  // namespace

std::unique_ptr<FuseServer> FuseServer::mount(const std::string& path, FuseFile& file,
                                              std::string& error) {
  const auto failed = [&](const char* what) {
    error = fmt::format("{}: {}", what, std::strerror(errno));
    return nullptr;
  };
  // The file is the root of its file system, and is mounted on a file.
  if (path.size() >= file.path.size()) return failed("the path is too long");
  const int place = open(path.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600);
  if (place < 0) return failed(path.c_str());
  close(place);
  const int device = open("/dev/fuse", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (device < 0) return failed("/dev/fuse");
  const std::string options =
      fmt::format("fd={},rootmode={:o},user_id=0,group_id=0", device, S_IFREG | 0600U);
  if (::mount("cleave-lab", path.c_str(), "fuse", MS_NOSUID | MS_NODEV, options.c_str()) != 0) {
    close(device);
    return failed("mount");
  }
  std::ranges::copy(path + '\0', file.path.begin());
  return std::make_unique<Server>(device, file);
}

}  // namespace lab::kernel
