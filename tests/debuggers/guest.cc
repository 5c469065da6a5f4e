// A program with an arena, for tools that look at programs.
//   cleave_guest <tracking> [crash]
// Commits and goes back, and prints `right`; with `crash`, then dies of a bug of its own. Status 3:
// the tracking does not work here; it prints why.
#include <cstdio>
#include <cstring>

#include <cleave/arena.h>
#include <cleave/must.h>

namespace {

using namespace cleave;
using namespace cleave::literals;

constexpr std::size_t kPages = 100;

void write(Arena& arena, std::size_t page, std::size_t value) {
  std::byte* const at = arena.data() + page * kPageSize;
  if (arena.statistics().tracking == Tracking::software) arena.mark_dirty(at, 1);
  *at = static_cast<std::byte>(value);
}

bool goes_forth_and_back(Arena& arena) {
  const Commit before = must(arena.commit());
  for (std::size_t round = 0; round < 3; ++round) {
    for (std::size_t page = 0; page < kPages; ++page) write(arena, page, page + round + 1);
    const Commit after = must(arena.commit());
    if (after.pages() != kPages) return false;
    must(arena.checkout(before));
    for (std::size_t page = 0; page < kPages; ++page) {
      if (arena.data()[page * kPageSize] != std::byte{0}) return false;
    }
  }
  return true;
}

// In a function of its own, for a debugger to show.
[[gnu::noinline]] void a_bug_of_its_own() { *reinterpret_cast<volatile int*>(8) = 1; }

}  // namespace

int main(int argc, char** argv) {
  const auto tracking = tracking_named(argc > 1 ? argv[1] : "automatic");
  if (!tracking) return 2;
  const Pool pool = must(Pool::create(16_MiB));
  auto arena = Arena::create(pool, 1_MiB, {.tracking = *tracking});
  if (!arena) {
    std::puts(arena.error().message().c_str());
    return 3;
  }
  std::puts(goes_forth_and_back(*arena) ? "right" : "wrong");
  (void)std::fflush(stdout);
  if (argc > 2 && std::strcmp(argv[2], "crash") == 0) a_bug_of_its_own();
  return 0;
}
