// A virtual machine whose memory is an arena. The guest writes to the arena's device view, where
// nothing faults; KVM's dirty log says which pages, and the arena is told. Registers go along as
// the commit's payload. The virtual machine is rolled back again and again, and each page that it
// is known to have written is looked for.
//
//     kvm [--rounds N]
//
// Ends with 77 where there is no /dev/kvm, and says why.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <cleave/arena.h>
#include <cleave/must.h>

#include "examples/kvm/guest.h"

using namespace cleave;
using namespace cleave::literals;
using namespace cleave::example;

namespace {

constexpr std::size_t kMailbox = 0x300;  // pages that the program outside writes, as a device does

/// The pages that the guest's program writes for a seed.
std::set<std::size_t> pages_written(std::uint32_t writes, std::uint32_t seed) {
  std::set<std::size_t> pages;
  for (; writes != 0; --writes) {
    seed = seed * 1664525 + 1013904223;
    pages.insert(kFirstDataPage + (seed >> 8) % kDataPages);
  }
  return pages;
}

class Monitor {
 public:
  explicit Monitor(Tracking tracking)
      : pool_(must(Pool::create(256_MiB))),
        arena_(must(Arena::create(pool_, kGuestMemory, {.tracking = tracking}))) {}

  std::unique_ptr<Guest> make_guest(std::string& why) {
    auto guest = Guest::make(arena_.device_view(), why);
    arena_.mark_dirty(arena_.data(), kGuestMemory);  // what was loaded
    return guest;
  }

  Commit commit(Guest& guest) {
    tell(guest);
    const Registers registers = guest.registers();
    return must(arena_.commit({}, std::as_bytes(std::span(&registers, 1))));
  }
  void checkout(Guest& guest, const Commit& commit) {
    tell(guest);
    must(arena_.checkout(commit));
    guest.set_registers(commit.payload());
  }
  /// As one of the virtual machine's devices: an ordinary write, which is found as any other.
  void write_mail(std::size_t page, std::byte value) {
    std::byte* const at = arena_.data() + (kMailbox + page) * kPage;
    if (arena_.statistics().tracking == Tracking::software) arena_.mark_dirty(at, 1);
    *at = value;
  }
  std::set<std::size_t> changed(Guest& guest) {
    tell(guest);
    std::set<std::size_t> pages;
    must(arena_.changes([&](std::span<const std::byte> run) {
      const auto first = static_cast<std::size_t>(run.data() - arena_.data()) / kPage;
      for (std::size_t i = 0; i < run.size() / kPage; ++i) pages.insert(first + i);
    }));
    return pages;
  }
  [[nodiscard]] std::vector<std::byte> copy() const {
    return {arena_.data(), arena_.data() + kGuestMemory};
  }
  [[nodiscard]] bool holds(const std::vector<std::byte>& memory) const {
    return std::memcmp(arena_.data(), memory.data(), memory.size()) == 0;
  }

 private:
  // Before each question to the arena, while the guest rests.
  void tell(Guest& guest) { arena_.mark_dirty(arena_.data(), guest.dirty()); }

  Pool pool_;
  Arena arena_;
};

struct Counts {
  std::uint64_t written = 0, missed = 0, compared = 0, wrong = 0;
};

void play_round(unsigned round, Monitor& monitor, Guest& guest, Counts& counts) {
  const std::uint32_t seed = round * 7919 + 13;
  const std::uint32_t writes = round % 100 + 1;
  (void)guest.run(writes, seed);
  monitor.write_mail(round % 16, std::byte{1});
  std::set<std::size_t> expected = pages_written(writes, seed);
  expected.insert(kMailbox + round % 16);
  const std::set<std::size_t> found = monitor.changed(guest);
  counts.written += expected.size();
  for (const std::size_t page : expected) counts.missed += found.contains(page) ? 0 : 1;
}

void compare(bool is_right, Counts& counts) {
  ++counts.compared;
  counts.wrong += is_right ? 0 : 1;
}

// From time to time all of the memory is compared, what the guest itself sees of it, and what lies
// at the other end of a branch.
Counts roll_back(Monitor& monitor, Guest& guest, unsigned rounds) {
  Counts counts;
  (void)guest.run(3000, 1);
  const Commit start = monitor.commit(guest);
  const std::vector<std::byte> memory = monitor.copy();
  const std::uint32_t sum = guest.run(0, 0);
  for (unsigned round = 0; round < rounds; ++round) {
    play_round(round, monitor, guest, counts);
    if (round % 50 == 0) {
      const std::vector<std::byte> later = monitor.copy();
      const std::uint32_t later_sum = guest.run(0, 0);
      const Commit branch = monitor.commit(guest);
      monitor.checkout(guest, start);
      monitor.checkout(guest, branch);
      compare(monitor.holds(later) && guest.run(0, 0) == later_sum, counts);
    }
    monitor.checkout(guest, start);
    if (round % 50 == 0) compare(monitor.holds(memory) && guest.run(0, 0) == sum, counts);
  }
  return counts;
}

}  // namespace

int main(int count, char** words) {
  constexpr int kSkipped = 77;
  unsigned rounds = 2000;
  if (count == 3 && std::strcmp(words[1], "--rounds") == 0) {
    rounds = static_cast<unsigned>(std::strtoul(words[2], nullptr, 10));
  }
  bool right = true;
  std::printf("tracking  rollbacks  pages written  missed  compared whole  wrong\n");
  for (const Tracking tracking : trackings()) {
    if (!try_tracking(tracking)) continue;
    Monitor monitor(tracking);
    std::string why;
    const auto guest = monitor.make_guest(why);
    if (guest == nullptr) {
      std::printf("There is no KVM for this program: %s\n", why.c_str());
      return kSkipped;
    }
    const Counts counts = roll_back(monitor, *guest, rounds);
    std::printf("%-8s  %9u  %13llu  %6llu  %14llu  %5llu\n", name(tracking), rounds,
                static_cast<unsigned long long>(counts.written),
                static_cast<unsigned long long>(counts.missed),
                static_cast<unsigned long long>(counts.compared),
                static_cast<unsigned long long>(counts.wrong));
    right = right && counts.missed == 0 && counts.wrong == 0;
  }
  return right ? 0 : 1;
}
