#include "lab/kernel/shared/shared_state.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace lab::kernel {

void SharedState::clear() {
  phase = Phase::prepare;
  steps = 0;
  refused = 0;
  for (Process& process : processes) {
    process.state = ProcessState::absent;
    process.pid = 0;
    process.answered = Phase::prepare;
    for (auto& frame : process.frames) frame = 0;
    process.comparing_frames.clear();
    process.samples_given = 0;
  }
  for (Thread& line : threads) {
    line.at = 0;
    line.ended = false;
    line.listed = 0;
    line.heard_nothing = 0;
  }
  for (auto& signal : signals) signal = false;
  for (auto& reg : registers) reg = 0;
  for (Reference& reference : references) reference.taken = false;
  for (auto& count : copies) count = 0;
}

bool SharedState::all_answered(Phase which) const {
  return std::ranges::all_of(processes, [&](const Process& process) {
    return process.state != ProcessState::running || process.answered >= which;
  });
}

void SharedState::fail(std::string_view what) {
  if (what.empty() || error_claimed.test_and_set()) return;
  const std::size_t length = std::min(what.size(), error.size() - 1);
  std::memcpy(error.data() + 1, what.data() + 1, length - 1);
  error[0] = what[0];
  changed.wake_all();
}

void Unmap::operator()(SharedState* shared) const { munmap(shared, sizeof(SharedState)); }

SharedStatePtr map_shared_state() {
  void* memory =
      mmap(nullptr, sizeof(SharedState), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  return SharedStatePtr(new (memory) SharedState());
}

}  // namespace lab::kernel
