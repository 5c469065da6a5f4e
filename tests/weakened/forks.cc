// A fork is one moment: what it shows is whole, and stays.
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <span>

#include <cleave/must.h>

#include "tests/weakened/scenarios.h"

namespace cleave::weakened {
namespace {

constexpr std::size_t kHead = 64;         // the first bytes of kPage, which has two writers
constexpr Address kWarm{17 * kPageSize};  // written often, to no effect
constexpr Address kPinned{
    2 * kPageSize};  // copied by forks before they come to kPage: they take their time
constexpr std::uint64_t kMostPinned = 8;
// Entries under one stamp after which the next are cheap.
constexpr unsigned kCheap = 2200;

Space mapped(Pool& pool) {
  Space space = must(Space::create(pool));
  must(space.map_at(kPinned, ByteCount{64} * kPageSize));
  return space;
}

// What a child shows must be whole, and the same a little later.
void check(const Space& child, std::size_t from) {
  Page at_once;
  must(child.read(kPage, at_once));
  spin(1000);
  Page later;
  must(child.read(kPage, later));
  if (at_once != later) found("a fork changed after it was made");
  if (std::count(later.begin() + static_cast<std::ptrdiff_t>(from), later.end(), later[from]) !=
      static_cast<std::ptrdiff_t>(kPageSize - from)) {
    found("a fork shows half of a write");
  }
}

// `entries` writes under each stamp, before those that matter, make the writer's entries cheap. With `far`
// above one, they wait for other stores.
void fork_while_written(Deadline deadline, unsigned entries, unsigned far) {
  Pool pool = must(Pool::create(kSmallPool));
  Space space = mapped(pool);
  std::atomic<unsigned> forks{0};
  std::atomic<unsigned> ready{~0u};
  const Beside writer([&](std::atomic<bool>& stop) {
    Accessor accessor = must(space.accessor());
    Page bytes;
    for (unsigned n = 0; !stop; ++n) {
      const unsigned seen = forks;
      for (unsigned i = 0; i < entries; ++i) must(accessor.store<unsigned>(kWarm, i));
      for (unsigned i = 0; i < 20 && forks == seen; ++i) {
        bytes.fill(static_cast<std::byte>(++n));
        store_far_away(n % far);
        must(accessor.write(kPage, bytes));
        if (i == 1) ready = seen;
      }
    }
  });
  for (unsigned n = 0; !deadline.passed(); ++n) {
    for (unsigned i = 0; ready != forks && i < 100'000; ++i) spin(10);
    spin(n * 37 % 2000);
    const Space child = must(space.fork());
    check(child, 0);
    ++forks;
  }
}

}  // namespace

void forks_while_written(Deadline deadline) { fork_while_written(deadline, 0, 1); }
void forks_while_stores_take_long(Deadline deadline) { fork_while_written(deadline, 0, 16); }
void forks_while_written_for_long(Deadline deadline) { fork_while_written(deadline, kCheap, 16); }

// Bytes in two pages, of which the second is not at hand when it is first read: reading across takes a while.
class SlowSource {
 public:
  SlowSource() {
    const int file = memfd_create("slow", 0);
    (void)!ftruncate(file, 2 * kPageSize);
    for (std::byte** view : {&quick_, &slow_}) {
      *view = static_cast<std::byte*>(
          mmap(nullptr, 2 * kPageSize, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0));
    }
    (void)close(file);
  }
  ~SlowSource() {
    (void)munmap(quick_, 2 * kPageSize);
    (void)munmap(slow_, 2 * kPageSize);
  }
  SlowSource(const SlowSource&) = delete;
  SlowSource& operator=(const SlowSource&) = delete;

  /// As many bytes as a page has behind its head, all alike.
  std::span<const std::byte> bytes(std::byte value) {
    std::fill_n(quick_, 2 * kPageSize, value);
    slow_[0] = value;
    (void)madvise(slow_ + kPageSize, kPageSize, MADV_DONTNEED);
    return {slow_ + kPageSize / 2, kPageSize - kHead};
  }

 private:
  std::byte* quick_ = nullptr;
  std::byte* slow_ = nullptr;
};

// The writer has read the stamp, and enters late: the fork has begun, and has not come to this page yet. A
// section that was entered cheaply for long, and whose stamp has changed since, is late most easily.
void forks_as_a_writer_enters(Deadline deadline) {
  Pool pool = must(Pool::create(kSmallPool));
  Space space = mapped(pool);
  std::atomic<unsigned> warm{0};
  std::atomic<unsigned> go{0};
  const Beside writer([&](std::atomic<bool>& stop) {
    Accessor accessor = must(space.accessor());
    SlowSource source;
    for (unsigned n = 1; !stop; ++n) {
      const auto bytes = source.bytes(static_cast<std::byte>(n));
      for (unsigned i = 0; i < kCheap; ++i) must(accessor.store<unsigned>(kWarm, i));
      warm = n;
      while (go != n && !stop) {
      }
      store_far_away(n % 24);
      must(accessor.write(kPage + kHead, bytes));
    }
  });
  for (unsigned n = 1; !deadline.passed(); ++n) {
    while (warm != n) std::this_thread::yield();
    (void)must(space.fork());
    // The page is the space's own again, but the writer does not know.
    must(space.write(kPage, std::as_bytes(std::span(&n, 1))));
    const Pin pin = must(space.pin(kPinned, kPageSize * (1 + n % kMostPinned), PinAccess::read));
    go = n;
    spin(n * 37 % 101);
    check(must(space.fork()), kHead);
  }
}

}  // namespace cleave::weakened
