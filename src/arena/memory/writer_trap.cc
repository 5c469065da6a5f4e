#include "arena/memory/writer_trap.h"

#include <sys/mman.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "arena/memory/last_words.h"
#include "arena/signals/front_handler.h"
#include "base/address_space.h"
#include "base/check.h"
#include "base/fail.h"
#include "base/refusal.h"

namespace cleave::detail {
namespace {

constexpr Refusals kProtect = {
    .denied =
        "mprotect(2) is denied: the program has sealed part of the arena (mseal(2)), or a policy "
        "of the machine forbids it; without it, writers cannot be caught",
    .descriptors = nullptr,
    .files = nullptr,
    .memory = "the kernel ran short of memory for mprotect(2); free some, then try again",
    .missing = "mprotect(2) cannot change the protection of the arena"};

tl::unexpected<Error> cannot_protect() {
  return refused_mapping(kProtect, 0, Mapped::shared, errno);
}

}  // namespace

Result<void> WriterTrap::begin() {
  if (auto watched = watch_faults(SIGSEGV, memory(), *this); !watched) return watched;
  if (auto noted = note_protections(); !noted) return noted;
  for (const Kept& kept : kept_) {
    if (!give(kept.run, kept.protection)) return cannot_protect();
  }
  return {};
}

Result<void> WriterTrap::forbid_writes(const char* operation) {
  return forbid(PROT_READ, operation);
}
Result<void> WriterTrap::forbid_all(const char* operation) { return forbid(PROT_NONE, operation); }

Result<void> WriterTrap::forbid(int protection, const char* operation) {
  if (auto front = return_to_front(SIGSEGV); !front) return front;
  if (auto noted = note_protections(); !noted) return noted;
  operation_.store(operation, sync::relaxed);
  return give({0, mapping_.pages()}, protection) ? Result<void>{} : cannot_protect();
}

bool WriterTrap::give(PageRun run, int protection) const noexcept {
  return mprotect(mapping_.native(run.first), run.pages() * kPageSize, protection) == 0;
}

// Runs of one protection, however many mappings they are; all, where the kernel's list cannot be
// had.
Result<void> WriterTrap::note_protections() {
  return sync::or_no_memory("out of memory noting protections", [&]() -> Result<void> {
    kept_.clear();
    auto noted = mapping_.for_each_protection([&](PageRun run, int protection) -> Result<void> {
      if (kept_.empty() || kept_.back().protection != protection) {
        kept_.push_back({run, protection});
      } else {
        kept_.back().run.end = run.end;
      }
      return {};
    });
    if (noted && kept_.empty()) kept_.push_back({{0, mapping_.pages()}, PROT_READ | PROT_WRITE});
    return noted;
  });
}

// The operation is over when the memory is back: until then a thread that comes is one that came
// during it, however often it comes before this one goes on.
void WriterTrap::allow() noexcept {
  if (operation_.load(sync::relaxed) == nullptr) return;
  late_.store(kLate, sync::relaxed);
  for (const Kept& kept : kept_) {
    const bool allowed = insist([&] { return is_given_back(kept); });
    CLEAVE_CHECK(allowed, "mprotect(2) took an arena's memory away and does not give it back");
  }
  operation_.store(nullptr, sync::relaxed);
}

// What the program has sealed (mseal(2)) has kept its protection, and lets the call fail. Where the
// kernel's list does not show all of the rest, it is given back page by page.
bool WriterTrap::is_given_back(const Kept& kept) const noexcept {
  if (give(kept.run, kept.protection)) return true;
  if (errno != EPERM) return false;
  std::uint64_t shown = 0;
  const auto given =
      mapping_.for_each_protection(kept.run, [&](PageRun run, int protection) -> Result<void> {
        shown += run.pages();
        if (protection == kept.protection || give(run, kept.protection)) return {};
        return fail(Errc::not_permitted, "a part cannot be given back");
      });
  if (!given || shown == kept.run.pages()) return given.has_value();
  for (std::uint64_t page = kept.run.first; page < kept.run.end; ++page) {
    if (!give({page, page + 1}, kept.protection) && errno != EPERM) return false;
  }
  return true;
}

// Threads that came during an operation, and were heard after it, may go on. Whoever else faults
// in the arena's memory has not met our protection.
bool WriterTrap::is_late() noexcept {
  std::uint32_t left = late_.load(sync::relaxed);
  while (left != 0) {
    if (late_.compare_exchange(left, left - 1, sync::relaxed)) return true;
  }
  return false;
}

bool WriterTrap::fault(std::byte* address) noexcept {
  if (!mapping_.is_here()) return false;  // a child of fork(2) has lost the memory for good
  const char* const operation = operation_.load(sync::relaxed);
  if (operation == nullptr) return is_late();
  say_last_words("a thread touched the arena at ", address,
                 {" during ", operation, "; bring threads to rest first (see Quiesce)"});
  std::abort();
}

}  // namespace cleave::detail
