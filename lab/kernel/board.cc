#include "lab/kernel/board.h"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <ctime>
#include <new>

namespace lab::kernel {

void Gate::open() {
  word_.fetch_add(1);
  syscall(SYS_futex, &word_, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// Wakes by itself now and then: who should open the gate may have been killed.
void Gate::sleep(std::uint32_t seen) {
  const timespec time{0, 20'000'000};
  syscall(SYS_futex, &word_, FUTEX_WAIT, seen, &time, nullptr, 0);
}

void Board::clear() {
  phase = Phase::prepare;
  steps = 0;
  refused = 0;
  for (Process& process : processes) {
    process.life = Life::absent;
    process.pid = 0;
    process.answered = Phase::prepare;
    for (auto& frame : process.frames) frame = 0;
    process.looking.clear();
    process.shown = 0;
  }
  for (Line& line : lines) {
    line.at = 0;
    line.ended = false;
  }
  for (auto& signal : signals) signal = false;
  for (auto& reg : registers) reg = 0;
  for (Reference& reference : references) reference.taken = false;
  for (auto& count : copies) count = 0;
}

void Board::say(std::string_view what) {
  if (what.empty() || told.test_and_set()) return;
  const std::size_t length = std::min(what.size(), trouble.size() - 1);
  std::memcpy(trouble.data() + 1, what.data() + 1, length - 1);
  trouble[0] = what[0];
  gate.open();
}

void Unmap::operator()(Board* board) const { munmap(board, sizeof(Board)); }

SharedBoard make_board() {
  void* memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return SharedBoard(new (memory) Board());
}

bool fits(const judge::Plan& plan) {
  return plan.processes.size() <= kProcesses && plan.scripts.size() <= kLines &&
         plan.setup.page_count() <= kPages && plan.signals.size() <= kNames &&
         plan.registers.size() <= kNames && plan.references.size() <= kNames &&
         plan.quantities.size() <= kQuantities;
}

}  // namespace lab::kernel
