// A frame goes to another owner only when nobody reads it any more.
#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <cleave/must.h>

#include "tests/weakened/scenarios.h"

namespace cleave::weakened {
namespace {

constexpr Address kOther{17 * kPageSize};
constexpr std::byte kForeign{0xbb};

Page filled(std::byte b) {
  Page page;
  page.fill(b);
  return page;
}

// Reads the page again and again, and must never see a byte of what was written elsewhere.
auto reads(Space& space) {
  return [&space](std::atomic<bool>& stop) {
    Accessor accessor = must(space.accessor());
    Page seen;
    for (unsigned n = 0; !stop; ++n) {
      store_far_away(n % 32);
      must(accessor.read(kPage, seen));
      if (std::count(seen.begin(), seen.end(), kForeign) != 0)
        found("a thread read a frame of another page");
    }
  };
}

}  // namespace

void discards_while_read(Deadline deadline) {
  Pool pool = must(Pool::create(kSmallPool));
  Space space = must(Space::create(pool));
  Space stranger = must(Space::create(pool));
  must(space.map_at(kPage, kPageSize));
  must(stranger.map_at(kPage, kPageSize));
  const Page own = filled(std::byte{1});
  const Page foreign = filled(kForeign);
  const Beside reader(reads(space));
  for (unsigned n = 0; !deadline.passed(); ++n) {
    must(space.write(kPage, own));
    spin(n * 37 % 1000);
    must(space.discard(kPage, kPageSize));
    must(stranger.write(kPage, foreign));  // takes the frame that came back last
    must(stranger.discard(kPage, kPageSize));
  }
}

// The same with sections that take long: pages that lie side by side are read in one. Frames come back in
// the order in which they are given, so that they do so in every round.
void discards_while_much_is_read(Deadline deadline) {
  constexpr std::size_t kPages = 16;
  Pool pool = must(Pool::create(kSmallPool));
  Space space = must(Space::create(pool));
  Space stranger = must(Space::create(pool));
  must(space.map_at(kPage, kPages * kPageSize));
  must(stranger.map_at(kPage, kPages * kPageSize));
  const std::vector<std::byte> own(kPages * kPageSize, std::byte{1});
  const std::vector<std::byte> foreign(kPages * kPageSize, kForeign);
  const Beside reader([&space](std::atomic<bool>& stop) {
    Accessor accessor = must(space.accessor());
    std::vector<std::byte> seen(kPages * kPageSize);
    while (!stop) {
      must(accessor.read(kPage, seen));
      if (std::count(seen.begin(), seen.end(), kForeign) != 0)
        found("a thread read a frame of another page");
    }
  });
  for (unsigned n = 0; !deadline.passed(); ++n) {
    must(space.write(kPage, own));
    spin(n * 37 % 20'000);
    must(space.discard(kPage, kPages * kPageSize));
    must(stranger.write(kPage, foreign));
    must(stranger.discard(kPage, kPages * kPageSize));
  }
}

// A pool without a frame to spare: the one that a write has left behind is what the next write takes.
void copies_while_read(Deadline deadline) {
  Pool pool = must(Pool::create(ByteCount{3} * kPageSize));
  Space space = must(Space::create(pool));
  must(space.map_at(kPage, ByteCount{2} * kPageSize));
  must(space.write(kPage, filled(std::byte{1})));
  must(space.write(kOther, filled(kForeign)));
  const Beside reader(reads(space));
  while (!deadline.passed()) {
    for (const Address page : {kPage, kOther}) {
      const std::byte same = page == kPage ? std::byte{1} : kForeign;
      const Hold shared = must(space.hold(page, kPageSize));
      must(space.write(page, std::span(&same, 1)));
    }
  }
}

// A page is held, and one thread writes to it under the lock: it copies. The other lets go of the hold meanwhile,
// and writes too: the page is the space's own again, and who has no lock may find that out first.
void siblings_that_vanish(Deadline deadline) {
  Pool pool = must(Pool::create(kSmallPool));
  Space space = must(Space::create(pool));
  must(space.map_at(kPage, kPageSize));
  must(space.write(kPage, filled(std::byte{0})));
  std::atomic<Hold*> handed{nullptr};
  const Beside adder([&](std::atomic<bool>& stop) {
    Accessor accessor = must(space.accessor());
    for (unsigned n = 0; !stop; ++n) {
      Hold* const sibling = handed;
      if (sibling == nullptr) {
        std::this_thread::yield();
        continue;
      }
      spin(n % 100);
      { const Hold ended = std::move(*sibling); }
      must(accessor.fetch_add<unsigned>(kPage, 1));
      handed = nullptr;
    }
  });
  for (unsigned n = 1; !deadline.passed(); ++n) {
    Hold sibling = must(space.hold(kPage, 1));
    handed = &sibling;
    spin(n * 7 % 101);
    must(space.write(kPage + 64, std::as_bytes(std::span(&n, 1))));
    while (handed != nullptr) std::this_thread::yield();
    unsigned seen = 0;
    must(space.read(kPage, std::as_writable_bytes(std::span(&seen, 1))));
    if (seen != n) found("an addition was lost");
  }
}

}  // namespace cleave::weakened
