// What is pinned has one owner. No race is needed to see it otherwise.
#include <cstring>

#include <cleave/must.h>

#include "tests/weakened/scenarios.h"

namespace cleave::weakened {
namespace {

unsigned word_of(const Space& space) {
  unsigned word = 0;
  must(space.read(kPage, std::as_writable_bytes(std::span(&word, 1))));
  return word;
}

void write_through(const Pin& pin, unsigned word) {
  std::memcpy(pin.pieces()[0].iov_base, &word, sizeof word);
}

}  // namespace

// The way to the page is owned, since its neighbour was written, and the page is not.
void pins_of_shared_pages(Deadline deadline) {
  Pool pool = must(Pool::create(kSmallPool));
  Space space = must(Space::create(pool));
  must(space.map_at(kPage, ByteCount{2} * kPageSize));
  Accessor accessor = must(space.accessor());
  must(accessor.store<unsigned>(kPage, 1));
  must(accessor.store<unsigned>(kPage + kPageSize, 1));
  for (unsigned n = 2; !deadline.passed(); ++n) {
    const unsigned before = word_of(space);
    const Space child = must(space.fork());
    must(accessor.store<unsigned>(kPage + kPageSize, n));
    Pin pin = must(accessor.pin(kPage, 8, PinAccess::write));
    write_through(pin, n);
    if (word_of(space) != n) found("the owner misses what the device wrote");
    if (word_of(child) != before) found("a device wrote to a fork");
  }
}

void forks_of_pinned_pages(Deadline deadline) {
  Pool pool = must(Pool::create(kSmallPool));
  Space space = must(Space::create(pool));
  must(space.map_at(kPage, kPageSize));
  Accessor accessor = must(space.accessor());
  must(accessor.store<unsigned>(kPage, 1));
  for (unsigned n = 2; !deadline.passed(); ++n) {
    (void)must(space.fork());  // finds nothing, and remembers that
    must(accessor.store<unsigned>(kPage, n));
    const unsigned before = word_of(space);
    Pin pin = must(accessor.pin(kPage, 8, PinAccess::write));
    const Space child = must(space.fork());
    write_through(pin, n);
    if (word_of(child) != before) found("a device wrote to a fork");
    must(accessor.store<unsigned>(kPage, n + 1));
    unsigned seen = 0;
    std::memcpy(&seen, pin.pieces()[0].iov_base, sizeof seen);
    if (seen != n + 1) found("the device misses what the owner wrote");
  }
}

}  // namespace cleave::weakened
