// A pin to write that lasts: a buffer registered with io_uring. A memory file is the device: it is
// written from the pinned page to look through the pin, and read into it to write.
#include <liburing.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

#include "lab/kernel/references/reference.h"
#include "lab/kernel/test/layout.h"

namespace lab::kernel {
namespace {

class RingReference : public Reference {
 public:
  ~RingReference() override {
    if (open_) io_uring_queue_exit(&ring_);
    if (device_ >= 0) close(device_);
  }

  // The ring is made by who uses it: its queues are no use to two processes.
  int take(char* page) override {
    if (!open_) {
      device_ = memfd_create("cleave-lab-device", MFD_CLOEXEC);
      if (device_ < 0) return errno;
      if (const int error = io_uring_queue_init(2, &ring_, 0); error != 0) return -error;
      open_ = true;
    }
    page_ = page;
    const iovec part{page, kSmallPage};
    return -io_uring_register_buffers(&ring_, &part, 1);
  }

  std::optional<std::uint64_t> peek(litmus::Half half) override {
    std::uint64_t value = 0;
    if (!transfer(half, true) || pread(device_, &value, sizeof value, 0) != sizeof value)
      return std::nullopt;
    return value;
  }

  bool poke(litmus::Half half, std::uint64_t value) override {
    return pwrite(device_, &value, sizeof value, 0) == sizeof value && transfer(half, false);
  }

  void drop() override { io_uring_unregister_buffers(&ring_); }

 private:
  bool transfer(litmus::Half half, bool out) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    char* at = page_ + offset(half);
    if (out)
      io_uring_prep_write_fixed(entry, device_, at, sizeof(std::uint64_t), 0, 0);
    else
      io_uring_prep_read_fixed(entry, device_, at, sizeof(std::uint64_t), 0, 0);
    io_uring_cqe* answer = nullptr;
    if (io_uring_submit_and_wait(&ring_, 1) < 0 || io_uring_wait_cqe(&ring_, &answer) != 0)
      return false;
    const bool done = answer->res == static_cast<int>(sizeof(std::uint64_t));
    io_uring_cqe_seen(&ring_, answer);
    return done;
  }

  io_uring ring_{};
  bool open_ = false;
  int device_ = -1;
  char* page_ = nullptr;
};

}  // namespace

std::unique_ptr<Reference> make_ring_reference() { return std::make_unique<RingReference>(); }

}  // namespace lab::kernel
