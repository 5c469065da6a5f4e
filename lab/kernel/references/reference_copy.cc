// A pin that lasts for one call: process_vm_readv() and process_vm_writev() pin the page first and
// copy then. Here they copy to and from windows, pages that are missing: the call waits at each,
// with the page pinned, until userfaultfd gives it what is missing. A window for each half that is
// looked at or written, and one more, at which the call waits for its end.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "lab/kernel/references/reference.h"
#include "lab/kernel/test/layout.h"

namespace lab::kernel {
namespace {

using litmus::Half;

constexpr std::size_t kWord = sizeof(std::uint64_t);

class CopyReference : public Reference {
 public:
  explicit CopyReference(const ReferenceUse& use)
      : halves_(use.halves), in_(use.method == GupMethod::copy_in) {}
  ~CopyReference() override { end(); }

  int take(char* page) override {
    if (const int error = open_windows(); error != 0) return error;
    caller_ = std::thread([this, page] { call(page); });
    if (waits()) return 0;
    end();
    return error_;
  }

  std::optional<std::uint64_t> peek(Half half) override {
    if (next_ >= halves_.size() || halves_[next_] != half) return std::nullopt;
    std::uint64_t value = 0;
    if (!supply(0)) return std::nullopt;
    std::memcpy(&value, window(next_ - 1), sizeof value);
    return value;
  }

  bool poke(Half half, std::uint64_t value) override {
    return next_ < halves_.size() && halves_[next_] == half && supply(value);
  }

  void drop() override { end(); }

 private:
  [[nodiscard]] char* window(std::size_t i) const { return windows_ + i * kSmallPage; }
  [[nodiscard]] std::size_t bytes() const { return (halves_.size() + 1) * kSmallPage; }

  // 0, or an errno.
  int open_windows() {
    next_ = 0;
    faults_ = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
    ended_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    void* memory =
        mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (faults_ < 0 || ended_ < 0 || memory == MAP_FAILED) return errno;
    windows_ = static_cast<char*>(memory);
    // The windows are this process' affair.
    madvise(windows_, bytes(), MADV_DONTFORK);
    uffdio_api api{UFFD_API, 0, 0};
    uffdio_register range{};
    range.range = {reinterpret_cast<std::uintptr_t>(windows_), bytes()};
    range.mode = UFFDIO_REGISTER_MODE_MISSING;
    if (ioctl(faults_, UFFDIO_API, &api) != 0 || ioctl(faults_, UFFDIO_REGISTER, &range) != 0)
      return errno;
    return 0;
  }

  // The one call. What lies between the halves goes to a place that is never read; it is not
  // written: see the end.
  // NOLINTNEXTLINE(readability-non-const-parameter): an iovec takes no const.
  void call(char* page) {
    std::array<char, kSmallPage> between{};
    std::array<iovec, 8> local{};
    std::size_t parts = 0;
    std::size_t from = halves_.empty() ? kWord : offset(halves_.front());
    const std::size_t begin = from;
    for (std::size_t i = 0; i < halves_.size(); ++i) {
      if (offset(halves_[i]) > from) {
        local[parts++] = {between.data(), offset(halves_[i]) - from};
        from = offset(halves_[i]);
      }
      local[parts++] = {window(i), kWord};
      from += kWord;
    }
    local[parts++] = {window(halves_.size()), kWord};
    from += kWord;
    const iovec remote{page + begin, from - begin};
    const ssize_t moved = in_ ? process_vm_writev(getpid(), local.data(), parts, &remote, 1, 0)
                              : process_vm_readv(getpid(), local.data(), parts, &remote, 1, 0);
    error_ =
        moved < 0 ? errno : EIO;  // All of it cannot have been moved: some windows are missing.
    const std::uint64_t one = 1;
    (void)!write(ended_, &one, sizeof one);
  }

  // Until the call stands at its next window (true), or has ended.
  bool waits() {
    for (;;) {
      std::array<pollfd, 2> of{{{faults_, POLLIN, 0}, {ended_, POLLIN, 0}}};
      if (poll(of.data(), of.size(), -1) < 0) continue;
      if ((of[1].revents & POLLIN) != 0) return false;
      uffd_msg message;
      if (read(faults_, &message, sizeof message) == sizeof message &&
          message.event == UFFD_EVENT_PAGEFAULT)
        return true;
    }
  }

  // Gives the call the window that it waits at, and sees it go to the next.
  bool supply(std::uint64_t value) {
    alignas(kSmallPage) std::array<char, kSmallPage> page{};
    std::memcpy(page.data(), &value, sizeof value);
    uffdio_copy copy{};
    copy.dst = reinterpret_cast<std::uintptr_t>(window(next_++));
    copy.src = reinterpret_cast<std::uintptr_t>(page.data());
    copy.len = kSmallPage;
    return ioctl(faults_, UFFDIO_COPY, &copy) == 0 && waits();
  }

  // The windows that are left are closed, and the call ends where it stands without copying more.
  void end() {
    if (windows_ != nullptr && caller_.joinable()) {
      mprotect(windows_, bytes(), PROT_NONE);
      uffdio_range range{reinterpret_cast<std::uintptr_t>(windows_), bytes()};
      ioctl(faults_, UFFDIO_UNREGISTER, &range);
      caller_.join();
    }
    if (windows_ != nullptr) munmap(windows_, bytes());
    windows_ = nullptr;
    for (int* file : {&faults_, &ended_}) {
      if (*file >= 0) close(*file);
      *file = -1;
    }
  }

  std::vector<Half> halves_;
  bool in_;
  std::size_t next_ = 0;
  int error_ = 0;  // of the call; written before ended_ tells that it has ended
  int faults_ = -1;
  int ended_ = -1;
  char* windows_ = nullptr;
  std::thread caller_;
};

}  // namespace

std::unique_ptr<Reference> make_copy_reference(const ReferenceUse& use) {
  return std::make_unique<CopyReference>(use);
}

}  // namespace lab::kernel
