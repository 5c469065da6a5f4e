// A file descriptor that the arenas of one process use together.
#pragma once

#include <cstdint>

#include <cleave/error.h>

#include "sync/process.h"

namespace cleave::detail {

/// Opened for the first who takes it, closed with the last who lets go: descriptors are few
/// (RLIMIT_NOFILE), and each arena has one for its memory already. Any thread. A child of fork(2)
/// opens its own: its parent's speaks of the parent's memory. Where the program has closed it, the
/// next who takes it opens another.
class SharedDescriptor {
 public:
  enum class Which : std::uint8_t { pagemap, async_faults, signal_faults, late_faults, mappings };

  /// `open` gives a descriptor, which is then ours. Errors: as `open`.
  static Result<SharedDescriptor> take(Which which, Result<int> (*open)());
  SharedDescriptor(SharedDescriptor&& from) noexcept;
  SharedDescriptor& operator=(SharedDescriptor&& from) noexcept;
  /// In a child of fork(2), of what its parent took: nothing.
  ~SharedDescriptor();

  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  SharedDescriptor(int number, std::uint64_t generation, Which which) noexcept
      : number_(number), generation_(generation), which_(which) {}

  int number_;  // -1: moved from
  std::uint64_t generation_;
  Which which_;
  sync::Process owner_ = sync::Process::current();
};

}  // namespace cleave::detail
