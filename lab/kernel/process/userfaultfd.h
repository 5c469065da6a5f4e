// Write protection, and moving, by userfaultfd.
#pragma once

#include <cstddef>

#include "lab/kernel/shared/wait_queue.h"
#include "lab/litmus/test.h"

namespace lab::kernel {

/// Write protection of this process' pages by userfaultfd. False: the kernel refuses.
bool write_protect(char* address, std::size_t bytes, litmus::WpMode mode);
bool write_unprotect(char* address, std::size_t bytes);
/// Waits for a fault on the page's write protection. Wakes `queue` when the first has come.
void serve_write_fault(const char* address, WaitQueue& queue);
bool move_by_userfaultfd(char* from, char* to, std::size_t bytes);

}  // namespace lab::kernel
