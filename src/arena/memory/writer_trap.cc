#include "arena/memory/writer_trap.h"

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "arena/memory/front_handler.h"
#include "base/fail.h"

namespace cleave::detail {
namespace {

// Inside a signal handler: no printf, no allocation.
void say(std::string_view text) { (void)!write(STDERR_FILENO, text.data(), text.size()); }

void say_address(const void* address) {
  std::array<char, 2 * sizeof(std::uintptr_t)> digits{};
  auto value = reinterpret_cast<std::uintptr_t>(address);
  for (std::size_t i = digits.size(); i-- != 0; value >>= 4)
    digits[i] = "0123456789abcdef"[value & 15];
  say("0x");
  say({digits.data(), digits.size()});
}

}  // namespace

Result<void> WriterTrap::forbid_writes(const char* operation) {
  return forbid(PROT_READ, operation);
}
Result<void> WriterTrap::forbid_all(const char* operation) { return forbid(PROT_NONE, operation); }

Result<void> WriterTrap::forbid(int protection, const char* operation) {
  if (!watching_) {
    if (auto watched = watch_faults(SIGSEGV, memory(), *this); !watched) return watched;
    watching_ = true;
  }
  if (auto front = return_to_front(SIGSEGV); !front) return front;
  operation_.store(operation, sync::relaxed);
  if (mprotect(mapping_.native(), mapping_.bytes(), protection) == 0) return {};
  return fail(Errc::no_memory, "mprotect(2) cannot change the protection of the arena", {}, errno);
}

void WriterTrap::allow() noexcept {
  operation_.store(nullptr, sync::relaxed);
  late_.store(kLate, sync::relaxed);
  (void)mprotect(mapping_.native(), mapping_.bytes(), PROT_READ | PROT_WRITE);
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
  say("cleave: a thread touched the arena at ");
  say_address(address);
  say(" during ");
  say(operation);
  say("; bring threads to rest first (see Quiesce)\n");
  std::abort();
}

}  // namespace cleave::detail
