// Ways to learn which pages of an arena were written.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include <cleave/detail/config.h>
#include <cleave/error.h>

namespace cleave {

/// What each costs is measured by `cleave doctor`; the figures here are of one machine.
enum class Tracking : std::uint8_t {
  /// The best that works here: `async`, else `mprotect`. Where ArenaOptions says that no system
  /// call writes into the arena, it goes over to `sigbus` and back as the measured costs tell.
  automatic,
  /// The kernel notes first writes by itself (userfaultfd's asynchronous write-protection, Linux
  /// 6.7) and is asked at a commit (PAGEMAP_SCAN). 1 us a first write, 0.3 ms a GiB a commit.
  /// System calls work. Two file descriptors for all such arenas together.
  async,
  /// A first write raises SIGBUS, which the arena handles (userfaultfd, Linux 6.4). 6 us a first
  /// write, and a commit costs nothing for what was not written. System calls cannot write to pages
  /// not yet written (EFAULT), nor the kernel to a stack that lies there. A file descriptor for all
  /// such arenas together.
  ///
  /// A thread that blocks the signal, or runs a handler that does, must not be the first to write
  /// to a page: the kernel ends the process. mark_dirty() beforehand spares the signal. Each thread
  /// that writes needs room for a signal's frame on its stack; if that lies in the arena, an
  /// alternate stack outside (sigaltstack(2)), which handlers installed before must ask for, too
  /// (SA_ONSTACK). Handlers of the program: see arena_fault(). It does not see
  /// what mremap(2) with MREMAP_DONTUNMAP leaves behind.
  sigbus,
  /// The same by SIGSEGV and the protection of pages, on any Linux: 10 to 20 us. Everything that is
  /// said of `sigbus` holds for SIGSEGV, but the last. mprotect(2) cannot make a page writable that
  /// was not written since the last commit (EACCES; before Linux 5.13 it can, and a page that is
  /// opened, written and closed again goes unnoticed): mark_dirty() first. Read-only pages become
  /// writable at the next write; all other protections last.
  /// Up to some 16,000 mappings while scattered pages are written; where the process has none left
  /// (vm.max_map_count), a write opens the whole arena, and the next commit compares all of it.
  mprotect,
  /// The program says what it writes, by mark_dirty(). A write that it does not tell of is lost at
  /// a checkout.
  software,
};

/// All ways but `automatic`.
[[nodiscard]] CLEAVE_API std::span<const Tracking> trackings() noexcept;

/// As in "async".
[[nodiscard]] CLEAVE_API const char* name(Tracking tracking) noexcept;
/// The way of that name; nothing: there is none.
[[nodiscard]] CLEAVE_API std::optional<Tracking> tracking_named(std::string_view wanted) noexcept;

/// Tries a way of tracking on a few pages of its own: writes, asks, writes again, asks again.
/// Errors: unsupported, `what` says what is missing or denied and `system` what the kernel
/// answered, or that this thread blocks the signal; no_memory, something ran short (a descriptor,
/// an address, memory), and nothing is known.
CLEAVE_API Result<void> try_tracking(Tracking tracking);

}  // namespace cleave
