// What changed between two moments of a space: page by page, at a cost that follows the changes.
#include <cstdint>
#include <cstdio>

#include <cleave/cleave.h>

using namespace cleave;
using namespace cleave::literals;

int main() {
  Pool pool = must(Pool::create(1_GiB));
  Space space = must(Space::create(pool));
  const Address table = must(space.map(1_GiB));  // 262,144 pages, none of which takes memory yet
  Accessor accessor = must(space.accessor());
  for (std::uint64_t page = 0; page < 1000; ++page)
    must(accessor.store(table + page * kPageSize, page));

  const Snapshot before = must(space.snapshot());
  for (const std::uint64_t page : {7, 8, 900})
    must(accessor.store(table + page * kPageSize, std::uint64_t{0}));
  const Snapshot after = must(space.snapshot());

  std::uint64_t pages = 0;
  must(diff(before, after, [&](PageRange range) {
    std::printf("pages %llu to %llu\n",
                static_cast<unsigned long long>(range.first - page_of(table)),
                static_cast<unsigned long long>(range.end - page_of(table) - 1));
    pages += range.pages();
  }));

  // Each moment can still be read, compared, and gone on from.
  Space from_before = must(before.fork());
  Accessor there = must(from_before.accessor());
  const auto was = must(there.load<std::uint64_t>(table + 900 * kPageSize));
  const auto is = must(after.load<std::uint64_t>(table + 900 * kPageSize));
  std::printf("page 900 was %llu, is %llu\n", static_cast<unsigned long long>(was),
              static_cast<unsigned long long>(is));
  return pages == 3 && was == 900 && is == 0 ? 0 : 1;
}
