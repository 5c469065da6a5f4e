// A pin that the lockless way takes first: direct I/O of a file whose server lets the call wait.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "lab/kernel/references/reference.h"
#include "lab/kernel/test/layout.h"

namespace lab::kernel {
namespace {

using litmus::Half;
using State = FuseFile::State;

class FuseReference : public Reference {
 public:
  FuseReference(const ReferenceUse& use, FuseFile& file)
      : file_(file),
        reads_(use.method == GupMethod::fuse_read),
        at_(use.halves.empty() ? 0 : offset(use.halves.front())),
        descriptor_(open(file.path.data(), O_RDWR | O_CLOEXEC)) {
    // A first transfer and a first close get over whatever the kernel asks but once: later, a
    // request that is not the transfer would be taken for it.
    std::array<char, 8> some{};
    file_.length = some.size();
    (void)!pwrite(descriptor_, some.data(), some.size(), 0);
    (void)!pread(descriptor_, some.data(), some.size(), 0);
    close(dup(descriptor_));
  }
  FuseReference(const FuseReference&) = delete;
  FuseReference& operator=(const FuseReference&) = delete;
  ~FuseReference() override {
    if (caller_.joinable()) caller_.join();
    close(descriptor_);
  }

  int take(char* page) override {
    if (descriptor_ < 0) return EBADF;
    file_.length = 0;
    file_.state = State::expected;
    caller_ = std::thread([this, page] { call(page); });
    file_.changed.wait([&] { return file_.state == State::waits || file_.state == State::ended; });
    if (file_.state == State::waits) return 0;
    caller_.join();
    file_.state = State::idle;
    return error_;
  }

  // The server reads the request now, for the first time: what it gets is what the page holds now.
  std::optional<std::uint64_t> peek(Half half) override {
    State waits = State::waits;
    if (file_.state.compare_exchange_strong(waits, State::read_it)) file_.changed.wake_all();
    file_.changed.wait([&] { return file_.state == State::seen; });
    std::uint64_t value = 0;
    std::memcpy(&value, file_.bytes.data() + offset(half), sizeof value);
    return value;
  }

  // The answer carries the bytes, and ends the transfer with its pin.
  bool poke(Half, std::uint64_t value) override {
    std::memcpy(file_.bytes.data(), &value, sizeof value);
    file_.length = sizeof value;
    finish();
    return error_ == 0;
  }

  void drop() override { finish(); }

 private:
  void call(char* page) {
    const ssize_t moved = reads_ ? pread(descriptor_, page + at_, sizeof(std::uint64_t), 0)
                                 : pwrite(descriptor_, page, kSmallPage, 0);
    error_ = moved < 0 ? errno : 0;
    file_.state = State::ended;
    file_.changed.wake_all();
  }

  void finish() {
    if (!caller_.joinable()) return;
    file_.state = State::answer;
    file_.changed.wake_all();
    caller_.join();
    file_.state = State::idle;
  }

  FuseFile& file_;
  bool reads_;
  std::size_t at_;
  int descriptor_;
  int error_ = 0;  // of the call, when it has ended
  std::thread caller_;
};

}  // namespace

std::unique_ptr<Reference> make_fuse_reference(const ReferenceUse& use, FuseFile& file) {
  return std::make_unique<FuseReference>(use, file);
}

}  // namespace lab::kernel
