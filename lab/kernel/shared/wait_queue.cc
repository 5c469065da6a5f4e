#include "lab/kernel/shared/wait_queue.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>

namespace lab::kernel {

void WaitQueue::wake_all() {
  word_.fetch_add(1);
  syscall(SYS_futex, &word_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// Wakes by itself now and then: the process that should wake this one may have been killed.
void WaitQueue::sleep(std::uint32_t seen) {
  const timespec time{0, 20'000'000};
  syscall(SYS_futex, &word_, FUTEX_WAIT, seen, &time, nullptr, 0);
}

}  // namespace lab::kernel
