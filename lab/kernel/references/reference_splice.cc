// A plain reference: vmsplice() puts the page itself into a pipe, where it stays until the pipe is
// read.
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "lab/kernel/references/reference.h"
#include "lab/kernel/test/layout.h"

namespace lab::kernel {
namespace {

// tee() shows the pipe's content in a second one, with a passing reference of its own: reading that
// leaves the first.
class SpliceReference : public Reference {
 public:
  SpliceReference(std::array<int, 2> pipe, std::array<int, 2> look) : pipe_(pipe), look_(look) {}

  int take(char* page) override {
    const iovec part{page, kSmallPage};
    const ssize_t got = vmsplice(pipe_[1], &part, 1, SPLICE_F_NONBLOCK);
    if (got < 0) return errno;
    return got == static_cast<ssize_t>(kSmallPage) ? 0 : EIO;
  }

  std::optional<std::uint64_t> peek(litmus::Half half) override {
    if (tee(pipe_[0], look_[1], kSmallPage, 0) != static_cast<ssize_t>(kSmallPage))
      return std::nullopt;
    std::uint64_t value = 0;
    const auto bytes = read_page(look_[0]);
    if (!bytes) return std::nullopt;
    std::memcpy(&value, bytes->data() + offset(half), sizeof value);
    return value;
  }

  bool poke(litmus::Half, std::uint64_t) override { return false; }
  void drop() override { read_page(pipe_[0]); }

 private:
  static std::optional<std::array<char, kSmallPage>> read_page(int from) {
    std::array<char, kSmallPage> bytes;
    for (std::size_t got = 0; got < bytes.size();) {
      const ssize_t more = read(from, bytes.data() + got, bytes.size() - got);
      if (more <= 0) return std::nullopt;
      got += static_cast<std::size_t>(more);
    }
    return bytes;
  }

  std::array<int, 2> pipe_, look_;
};

}  // namespace

std::unique_ptr<Reference> make_splice_reference() {
  std::array<int, 2> pipe{}, look{};
  if (::pipe(pipe.data()) != 0 || ::pipe(look.data()) != 0) return nullptr;
  return std::make_unique<SpliceReference>(pipe, look);
}

// NOLINTNEXTLINE(readability-non-const-parameter): an iovec takes no const.
bool hold(char* page, std::uint32_t count) {
  constexpr std::uint32_t kSlots = 256;
  for (std::uint32_t held = 0; held < count;) {
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) return false;
    if (fcntl(pipe[1], F_SETPIPE_SZ, kSlots * kSmallPage) < 0) return false;
    for (std::uint32_t i = 0; i < kSlots && held < count; ++i, ++held) {
      const iovec part{page, kSmallPage};
      if (vmsplice(pipe[1], &part, 1, SPLICE_F_NONBLOCK) != static_cast<ssize_t>(kSmallPage))
        return false;
    }
  }
  return true;
}

std::unique_ptr<Reference> make_reference(const ReferenceUse& use, FuseFile* fuse) {
  switch (use.method) {
    case GupMethod::vmsplice:
      return make_splice_reference();
    case GupMethod::registered:
      return make_ring_reference();
    case GupMethod::copy_out:
    case GupMethod::copy_in:
      return make_copy_reference(use);
    case GupMethod::fuse_write:
    case GupMethod::fuse_read:
      return fuse != nullptr ? make_fuse_reference(use, *fuse) : nullptr;
  }
  return nullptr;
}

}  // namespace lab::kernel
