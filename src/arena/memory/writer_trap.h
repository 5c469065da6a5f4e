// For debugging: stops a thread that touches an arena while a commit or a checkout runs.
#pragma once

#include <cstdint>
#include <span>

#include <cleave/detail/atomic.h>
#include <cleave/error.h>

#include "arena/memory/mapping.h"
#include "arena/signals/fault_watcher.h"
#include "sync/allocator.h"

namespace cleave::detail {

/// Takes the arena's memory away from the program for a while. Who comes to it meanwhile has its
/// address named on standard error, and ends the process.
class WriterTrap final : public FaultWatcher {
 public:
  explicit WriterTrap(const Mapping& mapping) : mapping_(mapping) {}
  ~WriterTrap() { unwatch_faults(*this); }
  WriterTrap(const WriterTrap&) = delete;
  WriterTrap& operator=(const WriterTrap&) = delete;

  /// Before all others: asks the kernel for what they need, while the arena can still be refused.
  /// Nothing is taken away; without /proc, parts that were read-only are so again, as after each
  /// commit. Errors: unsupported, no_memory.
  Result<void> begin();
  /// `operation` is named in the message: static text.
  Result<void> forbid_writes(const char* operation);
  Result<void> forbid_all(const char* operation);
  /// After either, whatever came of it; nothing where neither was called.
  void allow() noexcept;

  bool fault(std::byte* address) noexcept override;

 private:
  /// Accesses that may be repeated after an operation, since each may have faulted during it.
  static constexpr std::uint32_t kLate = 64;

  Result<void> forbid(int protection, const char* operation);
  bool is_late() noexcept;

  [[nodiscard]] std::span<std::byte> memory() const {
    return {mapping_.native(), mapping_.bytes()};
  }

  /// The protection of pages between operations.
  struct Kept {
    PageRun run;
    int protection;
  };
  Result<void> note_protections();
  [[nodiscard]] bool give(PageRun run, int protection) const noexcept;
  [[nodiscard]] bool is_given_back(const Kept& kept) const noexcept;

  const Mapping& mapping_;
  sync::Vector<Kept> kept_;
  /// Null between operations. Written before the memory is taken away and after it was given back,
  /// read in the handler of who comes to it meanwhile: the kernel orders these (relaxed).
  sync::atomic<const char*> operation_{nullptr};
  /// Left of kLate. Whose access it is that is repeated does not matter (relaxed).
  sync::atomic<std::uint32_t> late_{0};
};

}  // namespace cleave::detail
