// What the threads of this process do in the kernel, and what they left with it.
//
// Errors of all: no_memory (something ran short: `what` names it), unsupported (there is no /proc,
// or a policy denies the call).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <cleave/error.h>
#include <cleave/function_ref.h>

namespace cleave::detail {

struct InKernel {
  long call = -1;  // -1: it sleeps outside of any, as on a page fault
  std::array<std::uintptr_t, 6> arguments{};
  std::uintptr_t stack = 0;
};

/// Until one visit is an error, which is given; threads are known by their number in the system.
Result<void> for_each_thread(function_ref<Result<void>(long thread)> visit);

/// Nothing: the thread runs, or has ended. Of itself a thread finds the call that asks.
Result<std::optional<InKernel>> look_at(long thread);

/// Where the thread's list of robust mutexes starts; 0: it has none, or has ended.
Result<std::uintptr_t> robust_list_of(long thread);

/// Reads an address from memory of this process that may go at any time; 0: it has gone.
Result<std::uintptr_t> peek(std::uintptr_t from);

}  // namespace cleave::detail
