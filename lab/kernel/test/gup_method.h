// By what a process gets a reference of the kind that a test asks for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lab/judge/plan.h"

namespace lab::kernel {

enum class GupMethod : std::uint8_t {
  vmsplice,    ///< FOLL_GET to read, for as long as the pipe is not drained
  registered,  ///< FOLL_PIN to write, for long: a buffer registered with io_uring
  copy_out,    ///< FOLL_PIN to read, for short: process_vm_readv that waits for where it copies to
  copy_in,  ///< FOLL_PIN to write, for short: process_vm_writev that waits for what it copies from
  fuse_write,  ///< FOLL_PIN to read, without locks first: direct I/O whose server takes its time
  fuse_read,   ///< FOLL_PIN to write, without locks first
};
std::string_view name(GupMethod method);

/// How one reference of a test is taken, and what is done with it.
struct ReferenceUse {
  GupMethod method = GupMethod::vmsplice;
  std::vector<litmus::Half> halves;  ///< that are peeked or poked, each once, in this order
};

/// By the plan's references. The error says which kind of reference no call takes: such a test is
/// not run.
tl::expected<std::vector<ReferenceUse>, std::string> reference_uses_of(const judge::Plan& plan);

}  // namespace lab::kernel
